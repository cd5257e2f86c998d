import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { Address } from '../../config/model/address.ts';
import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';
import type { Listener } from '../../config/model/listener.ts';
import type { ReceivedResource } from '../../config/subscription.ts';
import type { ConfigChange } from '../../config/worker-protocol.ts';
import { createStatsStore } from '../../stats/stats-store.ts';
import { createListenerManager } from './listener-manager.ts';

interface Shape {
  readonly port?: number;
  readonly routes?: string;
  readonly chain?: string;
  readonly direction?: Listener['trafficDirection'];
  readonly bufferLimit?: number;
}

function listener(name: string, shape: Shape = {}): ReceivedResource<Listener> {
  const value: Listener = {
    name,
    address: { address: '127.0.0.1', port: shape.port ?? 1000 },
    trafficDirection: shape.direction ?? 'unspecified',
    perConnectionBufferLimitBytes: shape.bufferLimit ?? 1_048_576,
    drainType: 'default',
    statPrefix: '',
    filterChains: [
      {
        name: '',
        hash: shape.chain ?? 'chain',
        match: {
          prefixRanges: [],
          directSourcePrefixRanges: [],
          sourceType: 'any',
          sourcePrefixRanges: [],
          sourcePorts: [],
          serverNames: [],
          applicationProtocols: [],
          transportProtocol: '',
        },
        precedingFilters: [],
        networkFilter: {
          kind: 'http-connection-manager',
          config: {
            routes: { kind: 'rds', routeConfigName: shape.routes ?? 'r' },
            accessLogs: [],
          } as unknown as HttpConnectionManager,
        },
      },
    ],
  };
  return { name, version: '1', bytes: Buffer.from(JSON.stringify(value)), value };
}

function createHarness() {
  const clock = createFakeClock();
  const published: ConfigChange[] = [];
  const routes = new Map<string, { useCount: number; onReady: (() => void)[] }>();
  const taken = new Set<number>();
  const bindFailures: string[] = [];
  const applied: (() => void)[] = [];
  const manager = createListenerManager({
    clock,
    logger: createSilentLogger(),
    stats: createStatsStore({ onDeclared: () => undefined }).root,
    drainTimeMs: 600_000,
    onNamesDropped: () => undefined,
    onBindFailure: ({ name }) => void bindFailures.push(name),
    dependencies: {
      acquireRoutes(need, onReady) {
        assert.ok('name' in need);
        const { name } = need;
        const route = routes.get(name) ?? { useCount: 0, onReady: [] };
        routes.set(name, route);
        route.useCount += 1;
        route.onReady.push(onReady);
        return { release: () => (route.useCount -= 1) };
      },
      waitForClusters(_names, onDone) {
        onDone();
        return { cancel: () => undefined };
      },
      acquireSecrets(_owner, _contexts, onReady) {
        onReady();
        return { countIn: () => undefined, release: () => undefined };
      },
      probeAddress: (address: Address) =>
        taken.has(address.port)
          ? Promise.reject(new Error(`port ${address.port} is taken`))
          : Promise.resolve({ ...address, port: address.port === 0 ? 7777 : address.port }),
      publish(change) {
        published.push(change);
        return published.length;
      },
      whenApplied: (_generation, callback) => void applied.push(callback),
    },
  });
  return {
    clock,
    manager,
    published,
    taken,
    bindFailures,
    routeUses: (name: string) => routes.get(name)?.useCount,
    async routesReady(name = 'r') {
      for (const callback of routes.get(name)?.onReady.splice(0) ?? []) callback();
      await new Promise((resolve) => setImmediate(resolve));
    },
    applyAll() {
      for (const callback of applied.splice(0)) callback();
    },
    update: (upserts: ReceivedResource<Listener>[], removed: string[] = []) =>
      manager.onUpdate({ upserts, removed, systemVersion: '1' }),
    state: (name: string) => manager.inspect().find((state) => state.name === name),
  };
}

test('a listener is published once its routes are there, not before', async () => {
  const harness = createHarness();
  harness.update([listener('a')]);
  assert.equal(harness.published.length, 0);
  let isWarm = false;
  harness.manager.whenWarm(() => (isWarm = true));
  assert.equal(isWarm, false);
  await harness.routesReady();
  assert.equal(harness.published[0]?.listeners?.[0]?.listener.name, 'a');
  assert.ok(isWarm);
});

test('an unchanged listener is not touched', async () => {
  const harness = createHarness();
  harness.update([listener('a')]);
  await harness.routesReady();
  harness.update([listener('a')]);
  await harness.routesReady();
  assert.equal(harness.published.length, 1);
});

test('a change of filter chains only is in place, another change is not', async () => {
  const harness = createHarness();
  harness.update([listener('a')]);
  await harness.routesReady();
  harness.update([listener('a', { chain: 'other' })]);
  await harness.routesReady();
  harness.update([listener('a', { chain: 'other', bufferLimit: 5 })]);
  await harness.routesReady();
  assert.deepEqual(
    harness.published.map(({ listeners }) => listeners?.[0]?.isInPlace),
    [false, true, false],
  );
});

test('the previous listener serves while the new one warms, and a change back drops the candidate', async () => {
  const harness = createHarness();
  harness.update([listener('a')]);
  await harness.routesReady();
  harness.update([listener('a', { routes: 'other' })]);
  assert.equal(harness.published.length, 1);
  assert.ok(harness.state('a')?.warming);
  harness.update([listener('a')]);
  assert.equal(harness.state('a')?.warming, undefined);
  assert.equal(harness.routeUses('other'), 0);
  assert.equal(harness.published.length, 1);
});

test('routes of the old listener are let go after the drain time', async () => {
  const harness = createHarness();
  harness.update([listener('a')]);
  await harness.routesReady();
  harness.update([listener('a', { routes: 'other' })]);
  await harness.routesReady('other');
  harness.applyAll();
  assert.equal(harness.routeUses('r'), 1);
  harness.clock.advance(600_000);
  assert.equal(harness.routeUses('r'), 0);
});

test('an address of another listener is refused by name; a removal in the same response frees it', async () => {
  const harness = createHarness();
  harness.update([listener('a')]);
  await harness.routesReady();
  const rejected = harness.update([listener('b')]);
  assert.match(rejected[0]?.problems[0]?.message ?? '', /address of listener 'a'/);
  assert.deepEqual(harness.update([listener('b')], ['a']), []);
  await harness.routesReady();
  assert.equal(harness.state('b')?.boundAddress?.port, 1000);
});

test('listeners may pass on and exchange their addresses in one response, in any order', async () => {
  const harness = createHarness();
  harness.update([listener('a', { port: 1000 }), listener('b', { port: 2000 })]);
  await harness.routesReady();
  harness.applyAll();
  assert.deepEqual(harness.update([listener('a', { port: 2000 }), listener('b', { port: 1000 })]), []);
  await harness.routesReady();
  assert.deepEqual(
    [harness.state('a')?.boundAddress?.port, harness.state('b')?.boundAddress?.port],
    [2000, 1000],
  );
  assert.deepEqual(harness.update([listener('c', { port: 1000 }), listener('b', { port: 3000 })]), []);
  await harness.routesReady();
  assert.deepEqual(
    [harness.state('b')?.boundAddress?.port, harness.state('c')?.boundAddress?.port],
    [3000, 1000],
  );
});

test('an address passes on in one step, once the next owner has its routes', async () => {
  const harness = createHarness();
  harness.update([listener('a', { port: 1000 }), listener('b', { port: 2000 })]);
  await harness.routesReady();
  const publishedBefore = harness.published.length;
  // `b` moves to where `a` was, and `c`, which lacks its routes, to where `b` was.
  harness.update([listener('b', { port: 1000 }), listener('c', { port: 2000, routes: 'other' })], ['a']);
  await harness.routesReady();
  assert.equal(harness.published.length, publishedBefore, 'all three wait');
  assert.equal(harness.state('b')?.boundAddress?.port, 2000);
  await harness.routesReady('other');
  assert.equal(harness.state('b')?.boundAddress?.port, 1000);
  assert.equal(harness.state('c')?.boundAddress?.port, 2000);
  const names = harness.published
    .slice(publishedBefore)
    .flatMap(({ listeners = [], removedListeners = [] }) => [
      ...listeners.map((each) => each.listener.name),
      ...removedListeners.map((name) => `-${name}`),
    ]);
  assert.deepEqual(names, ['b', 'c', '-a']);
});

test('a removed listener whose address nobody takes after all goes; one that comes back stays', async () => {
  const harness = createHarness();
  harness.update([listener('a', { port: 1000 })]);
  await harness.routesReady();
  const heir = listener('b', { port: 1000, routes: 'other' });
  harness.update([heir], ['a']);
  harness.update([listener('a', { port: 1000 })], ['b']);
  await harness.routesReady();
  assert.deepEqual(
    harness.published.at(-1)?.listeners?.map(({ isInPlace }) => isInPlace),
    [true],
  );
  harness.update([heir], ['a']);
  assert.equal(harness.published.at(-1)?.removedListeners, undefined);
  harness.update([], ['b']);
  assert.deepEqual(harness.published.at(-1)?.removedListeners, ['a']);
});

test('a port that is taken is told, and tried again until it is free', async () => {
  const harness = createHarness();
  harness.taken.add(1000);
  harness.update([listener('a')]);
  let isWarm = false;
  harness.manager.whenWarm(() => (isWarm = true));
  await harness.routesReady();
  assert.match(harness.state('a')?.error?.message ?? '', /port 1000 is taken/);
  assert.deepEqual(harness.bindFailures, ['a']);
  assert.ok(isWarm, 'the start does not wait for an address');
  harness.taken.clear();
  harness.clock.advance(2000);
  await harness.routesReady();
  assert.equal(harness.published.length, 1);
  assert.equal(harness.state('a')?.error, undefined);
});

test('port 0 becomes a real port, and stays it when the listener changes', async () => {
  const harness = createHarness();
  harness.update([listener('a', { port: 0 })]);
  await harness.routesReady();
  harness.update([listener('a', { port: 0, chain: 'other' })]);
  await harness.routesReady();
  assert.deepEqual(
    harness.published.map(({ listeners }) => listeners?.[0]?.listener.address.port),
    [7777, 7777],
  );
});

test('static listeners are out of reach for LDS', async () => {
  const harness = createHarness();
  harness.manager.addStatic(listener('a'));
  await harness.routesReady();
  assert.deepEqual(harness.update([listener('a', { port: 5 })], ['a']), []);
  assert.equal(harness.published.length, 1);
});

test('while draining no listener of that direction is taken', () => {
  const harness = createHarness();
  harness.manager.stopAdding(true);
  const rejected = harness.update([
    listener('in', { direction: 'inbound' }),
    listener('out', { direction: 'outbound', port: 2 }),
  ]);
  assert.deepEqual(
    rejected.map(({ name }) => name),
    ['in'],
  );
});
