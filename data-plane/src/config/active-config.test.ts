import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActiveConfig } from './active-config.ts';
import type { RouteTable } from './model/route.ts';
import type { ConfigUpdate, MainToWorker } from './worker-protocol.ts';

function table(name: string): RouteTable {
  return {
    name,
    virtualHosts: [],
    mutation: { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] },
    filterConfig: {},
    mostSpecificHeaderMutationsWins: false,
    ignorePortInHostMatching: false,
    internalOnlyHeaders: [],
  };
}

function createHarness(workerCount = 0) {
  const sent: { worker: number; update: ConfigUpdate }[] = [];
  const config = createActiveConfig({
    workerCount,
    send: (worker: number, message: MainToWorker) => {
      if (message.kind === 'update') sent.push({ worker, update: message });
    },
    allClusters: () => [],
  });
  return { sent, config };
}

const tick = (): Promise<void> => Promise.resolve();

test('changes of one tick travel as one update, to every worker', async () => {
  const { sent, config } = createHarness();
  config.onWorkerReady(0);
  config.onWorkerReady(1);
  sent.length = 0;
  const first = config.publish({ routeTables: [table('a')] });
  const second = config.publish({ routeTables: [table('b')] });
  assert.equal(first, second);
  await tick();
  assert.deepEqual(
    sent.map(({ worker, update }) => [worker, update.routeTables.map(({ name }) => name)]),
    [
      [0, ['a', 'b']],
      [1, ['a', 'b']],
    ],
  );
});

test('a removal and a later addition of one tick stay in order', async () => {
  const { sent, config } = createHarness();
  config.onWorkerReady(0);
  sent.length = 0;
  config.publish({ removedRouteTables: ['a'] });
  config.publish({ routeTables: [table('a')] });
  await tick();
  assert.deepEqual(
    sent.map(({ update }) => [update.removedRouteTables, update.routeTables.length]),
    [
      [['a'], 0],
      [[], 1],
    ],
  );
});

test('applied means: by the slowest worker; a worker that is gone is not waited for', async () => {
  const { config } = createHarness();
  config.onWorkerReady(0);
  config.onWorkerReady(1);
  const generation = config.publish({ routeTables: [table('a')] });
  let isApplied = false;
  config.whenApplied(generation, () => (isApplied = true));
  await tick();
  config.onWorkerApplied(0, generation);
  assert.equal(isApplied, false);
  config.onWorkerGone(1);
  assert.equal(isApplied, true);
  assert.equal(config.appliedGeneration, generation);
});

test('a change that still waits for its tick is not applied', () => {
  const { config } = createHarness();
  const generation = config.publish({ routeTables: [table('a')] });
  let isApplied = false;
  config.whenApplied(generation, () => (isApplied = true));
  assert.equal(isApplied, false);
});

test('a worker that starts later receives everything that serves, and nothing that was removed', async () => {
  const { sent, config } = createHarness();
  config.publish({ routeTables: [table('a'), table('b')] });
  config.publish({ removedRouteTables: ['a'] });
  await tick();
  config.onWorkerReady(3);
  assert.deepEqual(
    sent.map(({ update }) => update.routeTables.map(({ name }) => name)),
    [['b']],
  );
});

test('nothing counts as applied before every worker has started', async () => {
  const { config } = createHarness(2);
  let isApplied = false;
  const generation = config.publish({ routeTables: [table('a')] });
  await tick();
  config.whenApplied(generation, () => (isApplied = true));
  assert.equal(isApplied, false, 'no worker is there yet');
  config.onWorkerReady(0);
  config.onWorkerApplied(0, generation);
  assert.equal(isApplied, false, 'only the first is there');
  config.onWorkerReady(1);
  config.onWorkerApplied(1, generation);
  assert.equal(isApplied, true);
});
