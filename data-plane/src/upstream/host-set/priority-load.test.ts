import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPriorityLoad, choosePriority, type PriorityHealth } from './priority-load.ts';

/** A priority of 100 hosts of which so many percent are healthy and degraded. */
function priority(
  healthyCount: number,
  degradedCount = 0,
  hostCount = 100,
  excludedCount = 0,
): PriorityHealth {
  return { hostCount, excludedCount, healthyCount, degradedCount, overprovisioningFactor: 140 };
}

function healthyLoads(...priorities: PriorityHealth[]): readonly number[] {
  return buildPriorityLoad(priorities, 50).healthyLoad;
}

test('traffic spills over in proportion to what is missing', () => {
  assert.deepEqual(healthyLoads(priority(100), priority(100)), [100, 0]);
  assert.deepEqual(healthyLoads(priority(50), priority(100)), [70, 30]);
  assert.deepEqual(healthyLoads(priority(72), priority(72)), [100, 0]);
  assert.deepEqual(healthyLoads(priority(71), priority(71)), [99, 1]);
  assert.deepEqual(healthyLoads(priority(0), priority(100)), [0, 100]);
});

test('below full availability the loads are normalised, the remainder goes to the first healthy priority', () => {
  assert.deepEqual(buildPriorityLoad([priority(25), priority(25)], 0).healthyLoad, [50, 50]);
  assert.deepEqual(
    buildPriorityLoad([priority(25), priority(25), priority(20)], 0).healthyLoad,
    [37, 35, 28],
  );
});

test('degraded hosts take what the healthy ones leave', () => {
  const load = buildPriorityLoad([priority(25, 65)], 50);
  assert.deepEqual([load.healthyLoad, load.degradedLoad], [[35], [65]]);
  assert.deepEqual(load.isInPanic, [false]);
});

test('draining hosts are no part of the denominators', () => {
  assert.deepEqual(healthyLoads(priority(5, 0, 10, 5), priority(100)), [100, 0]);
  assert.deepEqual(healthyLoads(priority(5, 0, 10, 0), priority(100)), [70, 30]);
});

test('panic: a priority below the threshold uses all hosts, unless the others suffice', () => {
  const single = (healthy: number) => buildPriorityLoad([priority(healthy, 0, 10)], 50).isInPanic;
  assert.deepEqual(single(4), [true]);
  assert.deepEqual(single(5), [false]);
  assert.deepEqual(single(6), [false]);

  const two = buildPriorityLoad([priority(5), priority(65)], 50);
  assert.deepEqual(two.isInPanic, [true, false]);
  assert.deepEqual(two.healthyLoad, [8, 92]);

  assert.deepEqual(buildPriorityLoad([priority(5), priority(100)], 50).isInPanic, [false, false]);
});

test('total panic spreads by number of hosts', () => {
  const load = buildPriorityLoad([priority(0, 0, 1), priority(0, 0, 2), priority(0, 0, 3)], 50);
  assert.deepEqual(load.isInPanic, [true, true, true]);
  assert.deepEqual(load.healthyLoad, [17, 33, 50]);
  assert.deepEqual(buildPriorityLoad([priority(0, 0, 0), priority(0, 0, 3)], 50).healthyLoad, [0, 100]);
  assert.deepEqual(buildPriorityLoad([priority(0, 0, 0)], 50).healthyLoad, [100]);
});

test('threshold 0 never panics; with nothing healthy priority 0 is chosen and has no host', () => {
  const load = buildPriorityLoad([priority(0), priority(0)], 0);
  assert.deepEqual(load, { healthyLoad: [100, 0], degradedLoad: [0, 0], isInPanic: [false, false] });
});

test('a percentage falls into the healthy parts first, then into the degraded ones', () => {
  const load = { healthyLoad: [35, 0], degradedLoad: [20, 45], isInPanic: [false, false] };
  const choose = (percent: number) => choosePriority(load, percent);
  assert.deepEqual(choose(1), { priority: 0, isDegraded: false });
  assert.deepEqual(choose(35), { priority: 0, isDegraded: false });
  assert.deepEqual(choose(36), { priority: 0, isDegraded: true });
  assert.deepEqual(choose(55), { priority: 0, isDegraded: true });
  assert.deepEqual(choose(56), { priority: 1, isDegraded: true });
  assert.deepEqual(choose(100), { priority: 1, isDegraded: true });
});
