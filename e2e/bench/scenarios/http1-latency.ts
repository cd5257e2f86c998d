import path from 'node:path';
import { alternate } from '../alternate.ts';
import { startHelper } from '../helper-process.ts';
import type { LatencyQuantiles } from '../load/latency-quantiles.ts';
import type { OpenLoopQuestion } from '../load/open-loop-generator.ts';
import { startSmallUpstream } from '../load/small-upstream.ts';
import { runLoad } from '../load/wrk.ts';
import { createProxies, startProxy, type StartedProxy } from '../proxies/start-proxy.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

const connections = 64;
/** For one request through the proxy, so many go to the upstream directly. */
const directShare = 0.25;
/** Without a proxy, at a rate that the load core can keep up, no more than this. */
const greatestDirectP99Us = 5000;
/** Less than this is noise, also when it is negative. */
const leastAddedUs = 1;

/** The quantile through the proxy, less the same quantile of requests that go without one at the same time. */
export const http1Latency: Scenario = {
  name: 'http1-latency',
  summary: "latency that a proxy adds at half of Envoy's greatest rate, open loop",
  async run(options) {
    await using stage = createStage(options.folder);
    const upstreamPort = await startSmallUpstream(stage, options.folder);
    const started: StartedProxy[] = [];
    for (const proxy of createProxies(options)) {
      started.push(await startProxy(stage, options.folder, proxy, { upstreamPort }));
    }
    const generator = startHelper<OpenLoopQuestion, readonly LatencyQuantiles[]>(
      stage,
      path.resolve(import.meta.dirname, '../load/open-loop-generator.ts'),
    );
    let requestsPerSecond = await findRate(started, options.seconds);
    options.onProgress(`half of the greatest rate is ${requestsPerSecond} requests/s`);
    const measure = (ports: readonly number[]): Promise<readonly LatencyQuantiles[]> => {
      const rates = [requestsPerSecond, requestsPerSecond * directShare];
      const targets = ports.map((port, index) => ({ port, requestsPerSecond: rates[index] ?? 0 }));
      return generator.ask({ targets, connections, seconds: options.seconds, warmupSeconds: 1 });
    };
    for (;;) {
      const p99 = (await measure([upstreamPort, upstreamPort]))[0]?.p99 ?? NaN;
      if (p99 <= greatestDirectP99Us) break;
      if (requestsPerSecond < 1000)
        throw new Error(`the load core is too busy: p99 is ${Math.round(p99)} µs without a proxy`);
      requestsPerSecond = Math.round(requestsPerSecond / 2);
      options.onProgress(
        `the load core does not keep up (p99 ${Math.round(p99)} µs without a proxy): ${requestsPerSecond} requests/s`,
      );
    }
    return await alternate(
      [
        { name: 'http1-latency-p50', unit: 'µs added', better: 'lower' },
        { name: 'http1-latency-p99', unit: 'µs added', better: 'lower' },
        { name: 'http1-latency-p999', unit: 'µs added', better: 'lower' },
      ],
      started,
      options,
      async ({ port }) => {
        const [proxied, direct] = await measure([port, upstreamPort]);
        if (proxied === undefined || direct === undefined) throw new Error('the generator lost a target');
        const added = (quantile: keyof LatencyQuantiles): number =>
          Math.max(leastAddedUs, proxied[quantile] - direct[quantile]);
        return [added('p50'), added('p99'), added('p999')];
      },
    );
  },
};

/** Half of what Envoy reaches with 64 connections; of what Heddle reaches where there is no Envoy. */
async function findRate(started: readonly StartedProxy[], seconds: number): Promise<number> {
  const envoys = started.filter(({ name }) => name.startsWith('envoy'));
  let best = 0;
  for (const { port } of envoys.length > 0 ? envoys : started.filter(({ name }) => name === 'heddle')) {
    await runLoad({ port, connections, seconds: 1 });
    best = Math.max(best, (await runLoad({ port, connections, seconds })).requestsPerSecond);
  }
  return Math.round(best / 2);
}
