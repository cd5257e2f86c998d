import { setTimeout as delay } from 'node:timers/promises';
import { alternate } from './alternate.ts';
import { startSmallUpstream } from './load/small-upstream.ts';
import { residentBytesOf } from './process-figures.ts';
import { createProxies, startProxy } from './proxies/start-proxy.ts';
import type { ScenarioReport } from './report.ts';
import type { BenchOptions } from './scenario.ts';
import { createStage } from './stage.ts';

/** What was allocated for the start only is given back in this time, by those that give it back. */
const settleMs = 2000;

export const mebibyte = 1024 * 1024;

/** Starts every proxy anew in every round, has it answer a request, and reads its resident memory after a while. */
export async function measureMemory(
  name: string,
  unusedClusters: number,
  options: BenchOptions,
): Promise<ScenarioReport[]> {
  await using stage = createStage(options.folder);
  const upstreamPort = await startSmallUpstream(stage, options.folder);
  return await alternate(
    [{ name, unit: 'MiB', better: 'lower' }],
    createProxies(options),
    options,
    async (proxy) => {
      const started = await startProxy(stage, options.folder, proxy, { upstreamPort, unusedClusters });
      await delay(settleMs);
      const bytes = residentBytesOf(started.pid);
      await started.stop();
      return [bytes / mebibyte];
    },
  );
}
