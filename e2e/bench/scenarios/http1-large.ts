import { startLargeBodyUpstream } from '../load/start-large-body-upstream.ts';
import { oneMebibytePost, runLoad } from '../load/wrk.ts';
import { measureRate } from '../measure-rate.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

const connections = 16;

/** Bytes of bodies that went through, both directions together. */
export const http1Large: Scenario = {
  name: 'http1-large',
  summary: 'HTTP/1.1 keep-alive, 16 connections, POST of 1 MiB, answers of 1 MiB',
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await startLargeBodyUpstream(stage);
    const load = (port: number, seconds: number) =>
      runLoad({ port, connections, seconds, script: oneMebibytePost });
    return await measureRate(
      { name: 'http1-large', upstreamPort, load, mebibytesPerRequest: 2 },
      stage,
      options,
    );
  },
};
