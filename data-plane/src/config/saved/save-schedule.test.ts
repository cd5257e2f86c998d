import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { SaveSchedule } from './save-schedule.ts';

function setUp(): {
  advance(ms: number): Promise<void>;
  schedule: SaveSchedule;
  writtenAt: number[];
  results: boolean[];
} {
  const clock = createFakeClock();
  const writtenAt: number[] = [];
  const results: boolean[] = [];
  const schedule = new SaveSchedule(clock, () => {
    writtenAt.push(clock.monotonicMs());
    return Promise.resolve(results.shift() ?? true);
  });
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await setImmediate();
  };
  return { advance, schedule, writtenAt, results };
}

test('changes are gathered: a write comes a second after the last of them', async () => {
  const { advance, schedule, writtenAt } = setUp();
  schedule.onChange();
  await advance(600);
  schedule.onChange();
  await advance(10_000);
  assert.deepEqual(writtenAt, [1600]);
  await schedule.stop();
  assert.deepEqual(writtenAt, [1600]);
});

test('changes that never pause are written every ten seconds, those with pauses every five', async () => {
  const { advance, schedule, writtenAt } = setUp();
  for (let at = 0; at < 35_000; at += 500) {
    schedule.onChange();
    await advance(500);
  }
  assert.deepEqual(writtenAt, [10_000, 20_000, 30_000]);
  writtenAt.length = 0;
  for (let at = 35_000; at < 60_000; at += 1250) {
    schedule.onChange();
    await advance(1250);
  }
  assert.ok(writtenAt.length >= 3 && writtenAt.length <= 5, writtenAt.join());
});

test('a write that fails is tried again, and the end writes what waits', async () => {
  const { advance, schedule, writtenAt, results } = setUp();
  results.push(false);
  schedule.onChange();
  await advance(1000);
  await advance(5000);
  assert.deepEqual(writtenAt, [1000, 6000]);
  schedule.onChange();
  await schedule.stop();
  assert.deepEqual(writtenAt, [1000, 6000, 6000]);
  schedule.onChange();
  await advance(60_000);
  assert.equal(writtenAt.length, 3);
});
