import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toLatencyQuantiles } from './latency-quantiles.ts';
import { createOpenLoopSchedule } from './open-loop-schedule.ts';

test('requests are due evenly, and those that a stall held up are all due after it', () => {
  const schedule = createOpenLoopSchedule(1000, 200, 2);
  assert.equal(schedule.count, 400);
  assert.equal(schedule.dueMs(0), 1000);
  assert.equal(schedule.dueMs(3), 1015);
  assert.equal(schedule.dueCount(999), 0);
  assert.equal(schedule.dueCount(1000), 1);
  assert.equal(schedule.dueCount(1004.9), 1);
  assert.equal(schedule.dueCount(1005), 2);
  assert.equal(schedule.dueCount(1500), 101);
  assert.equal(schedule.dueCount(99_999), 400);
});

test('a stall of one second is in the quantiles of a run of ten', () => {
  const schedule = createOpenLoopSchedule(0, 1000, 10);
  // Answers take 1 ms, but everything that is due in the fourth second is answered at its end.
  const latencies = Float64Array.from({ length: schedule.count }, (_, index) => {
    const dueMs = schedule.dueMs(index);
    return dueMs >= 3000 && dueMs < 4000 ? 4001 - dueMs : 1;
  });
  const { p50, p99, p999 } = toLatencyQuantiles(latencies);
  assert.equal(p50, 1000);
  assert.equal(p99, 901_000);
  assert.equal(p999, 991_000);
});
