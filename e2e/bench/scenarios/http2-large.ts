import { runHttp2Load } from '../load/h2load.ts';
import { startHttp2Upstream } from '../load/http2-upstream.ts';
import { measureRate } from '../measure-rate.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

const [connections, streams] = [4, 4];

/** Bytes of bodies that went through, both directions together. */
export const http2Large: Scenario = {
  name: 'http2-large',
  summary: 'HTTP/2 on both sides, 4 connections × 4 streams, POST of 1 MiB, answers of 1 MiB',
  async run(options) {
    await using stage = createStage(options.folder);
    const { port: upstreamPort, large } = await startHttp2Upstream(stage, options.folder);
    const { path, file: bodyFile } = large;
    return await measureRate(
      {
        name: 'http2-large',
        upstreamPort,
        protocols: { downstream: 'http2', upstream: 'http2' },
        load: (port, seconds) => runHttp2Load({ port, connections, streams, seconds, path, bodyFile }),
        mebibytesPerRequest: 2,
      },
      stage,
      options,
    );
  },
};
