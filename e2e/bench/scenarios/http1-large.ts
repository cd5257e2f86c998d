import path from 'node:path';
import { findFreePort } from '@heddle/shared/testing/free-port';
import { alternate } from '../alternate.ts';
import { runLoadWithCpu } from '../load/run-with-cpu.ts';
import { waitForAnswer } from '../load/wait-for-answer.ts';
import { benchHost } from '../proxies/proxy.ts';
import { createProxies, startProxy, type StartedProxy } from '../proxies/start-proxy.ts';
import type { Scenario } from '../scenario.ts';
import { createStage, loadCore } from '../stage.ts';

const connections = 16;
const loadFolder = path.resolve(import.meta.dirname, '../load');
const script = path.join(loadFolder, 'post-one-mebibyte.lua');

/**
 * Bytes of bodies that went through, both directions together, and the CPU time of the whole process for a mebibyte:
 * where the load core is the slower one, only that tells proxies apart.
 */
export const http1Large: Scenario = {
  name: 'http1-large',
  summary: 'HTTP/1.1 keep-alive, 16 connections, POST of 1 MiB, answers of 1 MiB',
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await findFreePort();
    const upstream = path.join(loadFolder, 'large-body-upstream.ts');
    stage.start('upstream', loadCore, [process.execPath, upstream, String(upstreamPort)]);
    await waitForAnswer(upstreamPort, benchHost, 10_000);
    const started: StartedProxy[] = [];
    for (const proxy of createProxies(options)) {
      started.push(await startProxy(stage, options.folder, proxy, { upstreamPort }));
    }
    for (const proxy of started) await runLoadWithCpu(proxy, { connections, seconds: 1, script });
    return await alternate(
      [
        { name: 'http1-large', unit: 'MiB/s', better: 'higher' },
        { name: 'http1-large-cpu', unit: 'µs of CPU per MiB', better: 'lower' },
      ],
      started,
      options,
      async (proxy) => {
        const { requestsPerSecond, cpuMicroseconds } = await runLoadWithCpu(proxy, {
          connections,
          seconds: options.seconds,
          script,
        });
        return [requestsPerSecond * 2, cpuMicroseconds / 2];
      },
    );
  },
};
