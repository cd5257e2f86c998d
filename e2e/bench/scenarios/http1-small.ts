import { alternate } from '../alternate.ts';
import { runLoadWithCpu } from '../load/run-with-cpu.ts';
import { startSmallUpstream } from '../load/small-upstream.ts';
import { createBareSockets } from '../proxies/bare-sockets.ts';
import { createProxies, startProxy, type StartedProxy } from '../proxies/start-proxy.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

const connections = 64;

/**
 * Requests/s of one worker on one core, and the CPU time of the whole process for a request, which a busy neighbour
 * on the machine disturbs less. Beside the peers runs what Node's sockets cost at least.
 */
export const http1Small: Scenario = {
  name: 'http1-small',
  summary: 'HTTP/1.1 keep-alive, 64 connections, GET, small answers',
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await startSmallUpstream(stage, options.folder);
    const started: StartedProxy[] = [];
    for (const proxy of [...createProxies(options), createBareSockets()]) {
      started.push(await startProxy(stage, options.folder, proxy, { upstreamPort }));
    }
    // A short round that does not count: pools fill, code is compiled.
    for (const proxy of started) await runLoadWithCpu(proxy, { connections, seconds: 2 });
    return await alternate(
      [
        { name: 'http1-small', unit: 'requests/s', better: 'higher' },
        { name: 'http1-small-cpu', unit: 'µs of CPU per request', better: 'lower' },
      ],
      started,
      options,
      async (proxy) => {
        const { requestsPerSecond, cpuMicroseconds } = await runLoadWithCpu(proxy, {
          connections,
          seconds: options.seconds,
        });
        return [requestsPerSecond, cpuMicroseconds];
      },
    );
  },
};
