import { alternate } from '../alternate.ts';
import { createProxies, startProxy } from '../proxies/start-proxy.ts';
import type { ScenarioReport } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';
import { waitForAnswer } from '../load/wait-for-answer.ts';

const clusterCounts = [100, 1000];

/** Beside Envoy alone: the others have no `/ready`. */
export const start: Scenario = {
  name: 'start',
  summary: 'from exec to 200 at /ready with 100 and 1,000 clusters × 10 endpoints in the file',
  async run(options) {
    await using stage = createStage(options.folder);
    const proxies = createProxies(options).filter(({ hasAdmin }) => hasAdmin);
    const reports: ScenarioReport[] = [];
    for (const unusedClusters of clusterCounts) {
      const figure = { name: `start-${unusedClusters}`, unit: 'ms', better: 'lower' } as const;
      reports.push(
        ...(await alternate([figure], proxies, options, async (proxy) => {
          const startedMs = performance.now();
          const started = await startProxy(
            stage,
            options.folder,
            proxy,
            { unusedClusters },
            { isAnswering: false },
          );
          await waitForAnswer(started.adminPort, '127.0.0.1', 30_000, { path: '/ready', intervalMs: 2 });
          const readyMs = performance.now() - startedMs;
          await started.stop();
          return [readyMs];
        })),
      );
    }
    return reports;
  },
};
