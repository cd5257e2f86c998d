import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { describedStats } from '../../src/described-stats.ts';
import { runAnswersScenario } from './answers-scenario.ts';
import { runDiscoveryScenario } from './discovery-scenario.ts';
import { runDownstreamScenario } from './downstream-scenario.ts';
import { runGrpcScenario } from './grpc-scenario.ts';
import { runHttp2DownstreamScenario } from './http2-downstream-scenario.ts';
import { runHttp2UpstreamScenario } from './http2-upstream-scenario.ts';
import { runListenerFilterScenario } from './listener-filter-scenario.ts';
import { Movements } from './movements.ts';
import { runConnectionLimitScenario, runDescriptorScenario, runHeapScenario } from './overload-scenario.ts';
import { runProcessScenario } from './process-scenario.ts';
import { runLoadReportScenario, runSavedConfigScenario } from './saved-config-scenario.ts';
import { runTcpScenario } from './tcp-scenario.ts';
import { runSecretsScenario } from './secrets-scenario.ts';
import { runTlsScenario } from './tls-scenario.ts';
import { runUdpScenario } from './udp-scenario.ts';
import { runUpstreamScenario } from './upstream-scenario.ts';
import { runWorkerScenario } from './worker-scenario.ts';
import { runRateLimitScenario, runXdsScenario } from './xds-scenario.ts';

const scenarios: readonly ((movements: Movements, t: TestContext) => Promise<void>)[] = [
  runAnswersScenario,
  runConnectionLimitScenario,
  runDescriptorScenario,
  runDiscoveryScenario,
  runDownstreamScenario,
  runGrpcScenario,
  runHeapScenario,
  runHttp2DownstreamScenario,
  runHttp2UpstreamScenario,
  runListenerFilterScenario,
  runProcessScenario,
  runRateLimitScenario,
  runTcpScenario,
  runSecretsScenario,
  runTlsScenario,
  runUdpScenario,
  runUpstreamScenario,
  runWorkerScenario,
  runXdsScenario,
  runLoadReportScenario,
  runSavedConfigScenario,
];
/** Each is a sidecar with its threads; all at once would only wait for each other. */
const runnerCount = 3;

test('every statistic of the page moves, and there is none that it does not list', async (t) => {
  const rows = describedStats.flatMap((description) => description.rows());
  const movements = new Movements(rows);
  const left = [...scenarios];
  const runAll = async (): Promise<void> => {
    for (let run = left.shift(); run !== undefined; run = left.shift()) await run(movements, t);
  };
  const outcomes = await Promise.allSettled(Array.from({ length: runnerCount }, runAll));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;

  assert.deepEqual(movements.unlisted, []);
  const marked = rows.flatMap(({ name, alwaysZeroBecause }) => (alwaysZeroBecause === undefined ? [] : name));
  assert.deepEqual(movements.unmoved, marked);
});
