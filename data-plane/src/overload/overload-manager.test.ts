import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createStatsReader } from '../stats/stats-reader.ts';
import { createStatsStore } from '../stats/stats-store.ts';
import { DescriptorMonitor, linuxDescriptors } from './descriptor-monitor.ts';
import { createV8Heap, HeapMonitor, youngMegabytes } from './heap-monitor.ts';
import { OverloadManager } from './overload-manager.ts';

function createHarness() {
  const clock = createFakeClock();
  const store = createStatsStore({ onDeclared: () => undefined });
  const reader = createStatsReader();
  /** Of the process: 0 to lowestFree - 1 are taken, and openCount of all. */
  const system = { limit: 256, lowestFree: 40, openCount: 40 };
  const heapSystem = { usedBytes: 10, limitBytes: 100, garbageBytes: 0, collections: 0 };
  const said: string[] = [];
  const logger = createSilentLogger();
  logger.warn = (fields: object) => said.push(JSON.stringify(fields));
  logger.info = (message: string) => said.push(message);
  const accepting: boolean[] = [];
  const manager = new OverloadManager({
    clock,
    stats: store.root,
    logger,
    descriptors: new DescriptorMonitor({
      limit: () => system.limit,
      lowestFree: () => system.lowestFree,
      openCount: () => system.openCount,
    }),
    heap: new HeapMonitor(clock, {
      read: () => ({
        usedBytes: heapSystem.usedBytes + heapSystem.garbageBytes,
        limitBytes: heapSystem.limitBytes,
      }),
      collect() {
        heapSystem.garbageBytes = 0;
        heapSystem.collections += 1;
      },
    }),
    onAccepting: (isAccepting) => accepting.push(isAccepting),
  });
  const stat = (name: string): number | undefined => {
    const declaration = store.takeDeclaration();
    if (declaration !== undefined) reader.onDeclaration('worker_0', declaration);
    return reader.read(`overload.${name}`);
  };
  return { clock, system, heapSystem, said, accepting, manager, stat };
}

const active = 'envoy.overload_actions.stop_accepting_connections.active';

test('an accepted descriptor that is one of the last stops accepting at once, and free ones start it again', () => {
  const { clock, system, said, accepting, manager, stat } = createHarness();
  manager.onDescriptor(223);
  assert.deepEqual(accepting, []);
  // An eighth of 256 is kept.
  manager.onDescriptor(224);
  manager.onDescriptor(225);
  assert.deepEqual(accepting, [false]);
  assert.equal(stat(active), 1);
  assert.equal(stat('heddle.resource_monitors.descriptors.exhausted'), 1);
  assert.deepEqual(said, ['{"resource":"descriptors","reason":"224 of 256 file descriptors are open"}']);
  // One that ends must not let one in, or each would take one of those that are kept.
  Object.assign(system, { lowestFree: 10, openCount: 223 });
  clock.advance(1000);
  assert.deepEqual(accepting, [false]);
  Object.assign(system, { openCount: 208 });
  clock.advance(100);
  assert.deepEqual(accepting, [false, true]);
  assert.equal(stat(active), 0);
  clock.advance(500);
  assert.equal(said.at(-1), 'connections are accepted again');
});

test('what takes descriptors elsewhere is seen too, and a limit that changes', () => {
  const { clock, system, accepting } = createHarness();
  system.lowestFree = 230;
  clock.advance(500);
  assert.deepEqual(accepting, [false]);
  Object.assign(system, { limit: 1000, openCount: 230 });
  clock.advance(100);
  assert.deepEqual(accepting, [false, true]);
  system.limit = Infinity;
  system.lowestFree = 100_000;
  clock.advance(1000);
  assert.deepEqual(accepting, [false, true]);
});

test('a worker that stops and goes on again and again says so once in ten seconds', () => {
  const { clock, system, said, manager, accepting } = createHarness();
  for (let turn = 0; turn < 50; turn++) {
    manager.onDescriptor(240);
    system.openCount = 100;
    clock.advance(100);
  }
  assert.ok(accepting.length >= 50);
  assert.deepEqual(said.filter((line) => line.startsWith('{')).length, 1);
});

test('a heap full of what nobody holds is collected; one that stays full stops accepting', () => {
  const { clock, heapSystem, accepting, stat } = createHarness();
  heapSystem.garbageBytes = 85;
  clock.advance(500);
  assert.deepEqual([heapSystem.collections, accepting], [1, []]);
  heapSystem.usedBytes = 95;
  clock.advance(2000);
  assert.deepEqual(accepting, [false]);
  assert.equal(stat('heddle.resource_monitors.worker_heap.exhausted'), 1);
  // Nothing is accepted, so nothing is allocated: it must be collected on purpose.
  Object.assign(heapSystem, { usedBytes: 50, garbageBytes: 40 });
  clock.advance(2100);
  assert.deepEqual(accepting, [false, true]);
});

test('this system’s own figures', { skip: process.platform !== 'linux' && 'no /proc' }, () => {
  const { limit, lowestFree, openCount } = linuxDescriptors;
  assert.ok(limit() > lowestFree());
  assert.ok(openCount() >= 3);
  const heap = createV8Heap();
  heap.collect();
  const { usedBytes, limitBytes } = heap.read();
  assert.ok(usedBytes > 0 && usedBytes < limitBytes);
  assert.equal(youngMegabytes(['--max-semi-space-size=64', '--import', 'x', '--max_semi_space_size=4']), 12);
});
