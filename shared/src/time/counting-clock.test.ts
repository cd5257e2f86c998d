import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createCountingClock } from './counting-clock.ts';

test('counts timers that are set, each until it rang or was cancelled', () => {
  const fake = createFakeClock();
  const clock = createCountingClock(fake);
  const rung: string[] = [];
  clock.setTimer(10, () => rung.push(`first, ${clock.pendingTimerCount} left`));
  const second = clock.setTimer(20, () => rung.push('second'));
  assert.equal(clock.pendingTimerCount, 2);
  fake.advance(10);
  assert.deepEqual(rung, ['first, 1 left']);
  second.cancel();
  second.cancel();
  assert.equal(clock.pendingTimerCount, 0);
  assert.equal(fake.pendingTimerCount, 0);
  fake.advance(20);
  assert.equal(rung.length, 1);
  assert.equal(clock.monotonicMs(), fake.monotonicMs());
  assert.equal(clock.now(), fake.now());
});
