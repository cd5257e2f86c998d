import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { findPeer } from '@heddle/shared/testing/peers';
import { alternate } from '../alternate.ts';
import { heddleCommand } from '../heddle-program.ts';
import { toLatencyQuantiles } from '../load/latency-quantiles.ts';
import { waitForAnswer } from '../load/wait-for-answer.ts';
import { buildProxyBootstrap } from '../management/proxy-bootstrap.ts';
import { startManagement, type Management } from '../management/start-management.ts';
import { cpuSecondsOf, residentBytesOf } from '../process-figures.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { createStage, subjectCore, type Stage } from '../stage.ts';

const clusterCounts = [4000, 9000];
const changesPerSecond = 100;
const readyDeadlineMs = 120_000;

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
}

/** A proxy with thousands of clusters by delta ADS, of which a hundred change each second. */
export const manyClusters: Scenario = {
  name: 'many-clusters',
  summary: '4,000 and 9,000 clusters × 10 endpoints by delta ADS, 100 changes/s: time until a change is live',
  async run(options) {
    const reports = [];
    for (const clusters of clusterCounts) {
      await using stage = createStage(options.folder);
      const management = startManagement(stage);
      const name = `many-clusters-${clusters}`;
      reports.push(
        ...(await alternate(
          [
            { name: `${name}-init`, unit: 's from exec until ready', better: 'lower' },
            { name: `${name}-live-p50`, unit: 'ms until a change is live', better: 'lower' },
            { name: `${name}-live-p99`, unit: 'ms until a change is live', better: 'lower' },
            { name: `${name}-request-p99`, unit: 'ms of a request meanwhile', better: 'lower' },
            { name: `${name}-cpu`, unit: 'ms of CPU per change', better: 'lower' },
            { name: `${name}-memory`, unit: 'MiB resident afterwards', better: 'lower' },
          ],
          createContenders(options),
          options,
          (contender) => measure(stage, management, contender, clusters, options),
        )),
      );
    }
    return reports;
  },
};

function createContenders(options: BenchOptions): readonly Contender[] {
  const envoy = findPeer('envoy');
  if (envoy === undefined) options.onProgress('not on this machine, so not in the table: envoy');
  return [
    { name: 'heddle', command: [...heddleCommand('data-plane', options), '-l', 'warn'] },
    ...(envoy === undefined
      ? []
      : [{ name: 'envoy', command: [envoy, '-l', 'off', '--disable-hot-restart'] }]),
  ];
}

async function measure(
  stage: Stage,
  management: Management,
  { name, command }: Contender,
  clusters: number,
  { folder, seconds }: BenchOptions,
): Promise<readonly number[]> {
  const [port = 0, adminPort = 0] = await findFreePorts(2);
  const xdsPort = await management.serve(clusters);
  const file = path.join(folder, `${name}-many-clusters.json`);
  writeFileSync(file, JSON.stringify(buildProxyBootstrap({ port, adminPort, xdsPort })));
  const startedMs = performance.now();
  const proxy = stage.start(name, subjectCore, [...command, '-c', file, '--concurrency', '1']);
  await waitForAnswer(adminPort, '127.0.0.1', readyDeadlineMs, { path: '/ready', intervalMs: 5 });
  const initSeconds = (performance.now() - startedMs) / 1000;
  const cpuBefore = cpuSecondsOf(proxy.pid);
  const { appliesMs, requestsMs, failures, changes } = await management.churn(
    port,
    changesPerSecond,
    seconds,
  );
  const cpuSeconds = cpuSecondsOf(proxy.pid) - cpuBefore;
  const mebibytes = residentBytesOf(proxy.pid) / 1024 / 1024;
  await stage.stop(proxy);
  await management.close();
  if (failures.length > 0)
    throw new Error(`${name}: ${failures.length} requests failed, the first: ${failures[0]}`);
  const live = toLatencyQuantiles(appliesMs);
  return [
    initSeconds,
    live.p50 / 1000,
    live.p99 / 1000,
    toLatencyQuantiles(requestsMs).p99 / 1000,
    (cpuSeconds * 1000) / changes,
    mebibytes,
  ];
}
