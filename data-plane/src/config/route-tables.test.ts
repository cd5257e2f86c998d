import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createActiveConfig } from './active-config.ts';
import type { ForwardAction, RouteTable } from './model/route.ts';
import { RecordingStats } from './ads/testing/recording-stats.ts';
import { createRouteTables, type RouteTableNeed } from './route-tables.ts';
import type { ResourceWatcher } from './subscription.ts';

const noMutation = { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] };

function tableTo(...clusters: string[]): RouteTable {
  return {
    name: 'r',
    virtualHosts: clusters.map((cluster) => ({
      name: cluster,
      domains: [`${cluster}.test`],
      requireTls: 'none' as const,
      includeRequestAttemptCount: false,
      includeAttemptCountInResponse: false,
      mutation: noMutation,
      filterConfig: {},
      routes: [
        {
          name: '',
          match: {
            path: { kind: 'prefix' as const, value: '/', caseSensitive: true },
            headers: [],
            queryParameters: [],
            isGrpcOnly: false,
          },
          mutation: noMutation,
          filterConfig: {},
          action: { kind: 'forward', cluster: { kind: 'name', name: cluster } } as ForwardAction,
        },
      ],
    })),
    mutation: noMutation,
    filterConfig: {},
    mostSpecificHeaderMutationsWins: false,
    ignorePortInHostMatching: false,
    internalOnlyHeaders: [],
  };
}

const need: RouteTableNeed = {
  source: { kind: 'ads' },
  name: 'r',
  initialFetchTimeoutMs: 15_000,
  statPrefix: 'in',
};

function createHarness(activeClusters: string[]) {
  const clock = createFakeClock();
  const active = new Set(activeClusters);
  const listeners = new Set<(name: string) => void>();
  const swaps: string[][] = [];
  const keys: string[] = [];
  const stats = new RecordingStats();
  let watcher: ResourceWatcher<RouteTable> | undefined;
  let isSubscribed = false;
  const activeConfig = createActiveConfig({ send: () => undefined, allClusters: () => [] });
  const publish = activeConfig.publish.bind(activeConfig);
  const tables = createRouteTables({
    clock,
    logger: createSilentLogger(),
    stats,
    clusterWaitMs: 5000,
    clusters: {
      isActive: (name) => active.has(name),
      isKnown: (name) => active.has(name),
      onActive(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    activeConfig: {
      ...activeConfig,
      publish(change) {
        for (const { virtualHosts, name, key = name } of change.routeTables ?? []) {
          swaps.push(virtualHosts.map((host) => host.name));
          keys.push(key);
        }
        return publish(change);
      },
    },
    sourceOf: () => ({
      subscribe(_names, given) {
        watcher = given;
        isSubscribed = true;
        return { close: () => (isSubscribed = false) };
      },
    }),
  });
  return {
    clock,
    swaps,
    keys,
    stats,
    tables,
    get isSubscribed() {
      return isSubscribed;
    },
    listenerCount: () => listeners.size,
    activate(name: string) {
      active.add(name);
      for (const listener of [...listeners]) listener(name);
    },
    receive(...clusters: string[]) {
      return this.receiveTable(tableTo(...clusters));
    },
    receiveTable(value: RouteTable) {
      const bytes = Buffer.from(JSON.stringify(value));
      return watcher?.onUpdate({
        upserts: [{ name: 'r', version: '1', bytes, value }],
        removed: [],
        systemVersion: '1',
      });
    },
    receiveRemoval: () => watcher?.onUpdate({ upserts: [], removed: ['r'], systemVersion: '1' }),
    timeOut: () => watcher?.onInitialFetchTimeout(),
  };
}

test('a table whose clusters are warm goes live at once', () => {
  const harness = createHarness(['a']);
  let isReady = false;
  harness.tables.acquire(need, () => (isReady = true));
  harness.receive('a');
  assert.deepEqual(harness.swaps, [['a']]);
  assert.ok(isReady);
});

test('a table that newly names a warming cluster waits while the previous one serves', () => {
  const harness = createHarness(['a']);
  harness.tables.acquire(need, () => undefined);
  harness.receive('a');
  harness.receive('a', 'b');
  assert.deepEqual(harness.swaps, [['a']]);
  assert.deepEqual(harness.tables.inspect()[0]?.waitingFor, ['b']);
  assert.ok(harness.tables.namedClusters().has('b'));
  harness.activate('b');
  assert.deepEqual(harness.swaps, [['a'], ['a', 'b']]);
  assert.equal(harness.listenerCount(), 0);
});

test('a table that the server does not have keeps no listener waiting, and is taken when it comes', () => {
  const harness = createHarness(['a']);
  let isReady = false;
  harness.tables.acquire(need, () => (isReady = true));
  harness.receiveRemoval();
  assert.ok(isReady);
  harness.receive('a');
  harness.receiveRemoval();
  assert.deepEqual(harness.swaps, [['a']]);
});

test('a first table that is refused for its clusters keeps no listener waiting', () => {
  const harness = createHarness([]);
  let isReady = false;
  harness.tables.acquire(need, () => (isReady = true));
  harness.receiveTable({ ...tableTo('nobody'), validateClusters: true });
  assert.ok(isReady);
});

test('the wait ends after its limit', () => {
  const harness = createHarness([]);
  let isReady = false;
  harness.tables.acquire(need, () => (isReady = true));
  harness.receive('a');
  harness.clock.advance(4999);
  assert.equal(isReady, false);
  harness.clock.advance(1);
  assert.ok(isReady);
  assert.deepEqual(harness.swaps, [['a']]);
});

test('a name that dangles in the table that serves is not waited for', () => {
  const harness = createHarness(['b']);
  harness.tables.acquire(need, () => undefined);
  harness.receive('gone');
  harness.clock.advance(5000);
  harness.receive('gone', 'b');
  assert.deepEqual(harness.swaps, [['gone'], ['gone', 'b']]);
});

test('a newer table replaces one that waits', () => {
  const harness = createHarness(['a', 'c']);
  harness.tables.acquire(need, () => undefined);
  harness.receive('a');
  harness.receive('b');
  harness.receive('c');
  harness.activate('b');
  assert.deepEqual(harness.swaps, [['a'], ['c']]);
});

test('a table that wants its clusters checked is refused when it names an unknown one', () => {
  const harness = createHarness(['a']);
  harness.tables.acquire(need, () => undefined);
  harness.receive('a');
  const rejected = harness.receiveTable({ ...tableTo('a', 'nobody'), validateClusters: true });
  assert.deepEqual(rejected?.[0]?.problems, [
    { path: 'virtual_hosts', message: "there is no cluster 'nobody'" },
  ]);
  assert.deepEqual(harness.swaps, [['a']]);
});

test('equal content is not swapped again', () => {
  const harness = createHarness(['a']);
  harness.tables.acquire(need, () => undefined);
  harness.receive('a');
  harness.receive('a');
  assert.deepEqual(harness.swaps, [['a']]);
});

test('a first fetch that runs out makes ready without a table', () => {
  const harness = createHarness([]);
  let isReady = false;
  harness.tables.acquire(need, () => (isReady = true));
  harness.timeOut();
  assert.ok(isReady);
});

test('the subscription lives as long as somebody uses the table; then its clusters are free', async () => {
  const harness = createHarness(['a']);
  const first = harness.tables.acquire(need, () => undefined);
  const second = harness.tables.acquire(need, () => undefined);
  harness.receive('a');
  await Promise.resolve();
  let droppedCount = 0;
  harness.tables.onNamesDropped(() => (droppedCount += 1));
  first.release();
  first.release();
  assert.ok(harness.isSubscribed);
  second.release();
  await Promise.resolve();
  assert.equal(harness.isSubscribed, false);
  assert.equal(harness.tables.namedClusters().has('a'), false);
  assert.equal(droppedCount, 1);
});

test('a table counts under the connection manager that asked for it first, and for as long as it is used', () => {
  const harness = createHarness(['a']);
  const use = harness.tables.acquire(need, () => undefined);
  const read = (name: string): number => harness.stats.read(`http.in.rds.r.${name}`);
  harness.receive('a');
  harness.receive('a');
  assert.deepEqual([read('config_reload'), read('config_reload_time_ms')], [1, harness.clock.now()]);
  harness.receiveRemoval();
  assert.equal(read('update_empty'), 1);
  use.release();
  assert.equal(read('config_reload'), 0);
});

test('tables of one name from two sources are two tables', () => {
  const harness = createHarness(['a', 'b']);
  const file = { kind: 'file', path: '/r.json' } as const;
  const first = harness.tables.acquire(need, () => undefined);
  harness.receive('a');
  harness.tables.acquire({ ...need, source: file }, () => undefined);
  harness.receive('b');
  assert.deepEqual(
    harness.keys.map((key) => key.replace(/ .*/, ' and its source')),
    ['r', 'r and its source'],
  );
  first.release();
  assert.deepEqual([...harness.tables.namedClusters()], ['b']);
});
