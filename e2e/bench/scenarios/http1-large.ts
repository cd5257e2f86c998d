import path from 'node:path';
import { findFreePort } from '@heddle/shared/testing/free-port';
import { waitForAnswer } from '../load/wait-for-answer.ts';
import { runLoad } from '../load/wrk.ts';
import { measureRate } from '../measure-rate.ts';
import { benchHost } from '../proxies/proxy.ts';
import type { Scenario } from '../scenario.ts';
import { createStage, loadCore } from '../stage.ts';

const connections = 16;
const loadFolder = path.resolve(import.meta.dirname, '../load');
const script = path.join(loadFolder, 'post-one-mebibyte.lua');

/** Bytes of bodies that went through, both directions together. */
export const http1Large: Scenario = {
  name: 'http1-large',
  summary: 'HTTP/1.1 keep-alive, 16 connections, POST of 1 MiB, answers of 1 MiB',
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await findFreePort();
    const upstream = path.join(loadFolder, 'large-body-upstream.ts');
    stage.start('upstream', loadCore, [process.execPath, upstream, String(upstreamPort)]);
    await waitForAnswer(upstreamPort, benchHost, 10_000);
    const load = (port: number, seconds: number) => runLoad({ port, connections, seconds, script });
    return await measureRate(
      { name: 'http1-large', upstreamPort, load, mebibytesPerRequest: 2 },
      stage,
      options,
    );
  },
};
