import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { systemClock } from '@heddle/shared/time/clock';
import { WheelTimer, type TimerTarget } from './timer-ring.ts';
import { TimerWheel } from './timer-wheel.ts';

class Recorder implements TimerTarget {
  readonly firedAtMs: number[] = [];
  readonly timer = new WheelTimer(this);
  readonly nowMs: () => number;
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }
  onTimer(): void {
    this.firedAtMs.push(this.nowMs());
  }
}

test('a short timer is due on the millisecond, a long one on the next 10 ms, none early', () => {
  const clock = createFakeClock();
  const wheel = new TimerWheel(clock);
  clock.advance(3.25);
  for (const [delayMs, expectedMs] of [
    [0, 4],
    [1, 5],
    [7, 11],
    [99, 103],
    [100, 110],
    [1_000, 1_010],
    [15_000, 15_010],
    [3_600_000, 3_600_010],
  ] as const) {
    const clockOfCase = createFakeClock();
    const wheelOfCase = new TimerWheel(clockOfCase);
    clockOfCase.advance(3.25);
    const recorder = new Recorder(() => clockOfCase.monotonicMs());
    wheelOfCase.schedule(recorder.timer, delayMs);
    clockOfCase.advance(delayMs + 20);
    assert.deepEqual(recorder.firedAtMs, [expectedMs], `delay ${delayMs}`);
    assert.equal(clockOfCase.pendingTimerCount, 0, 'stops when empty');
  }
  assert.equal(wheel.pendingTimerCount, 0);
});

test('cancel and schedule anew; the clock is not left with a timer once the empty slot came round', () => {
  const clock = createFakeClock();
  const wheel = new TimerWheel(clock);
  const recorder = new Recorder(() => clock.monotonicMs());
  wheel.schedule(recorder.timer, 50);
  wheel.schedule(recorder.timer, 200);
  assert.equal(wheel.pendingTimerCount, 1);
  clock.advance(100);
  assert.deepEqual(recorder.firedAtMs, []);
  wheel.cancel(recorder.timer);
  wheel.cancel(recorder.timer);
  clock.advance(1_000);
  assert.deepEqual(recorder.firedAtMs, []);
  assert.equal(clock.pendingTimerCount, 0);
});

test('a far timer costs one wake-up for each turn, not one for each tick', () => {
  const clock = createFakeClock();
  let wakeUpCount = 0;
  const wheel = new TimerWheel({
    ...clock,
    setTimer: (delayMs, callback) => {
      wakeUpCount++;
      return clock.setTimer(delayMs, callback);
    },
  });
  const recorder = new Recorder(() => clock.monotonicMs());
  wheel.schedule(recorder.timer, 300_000);
  clock.advance(300_000);
  assert.deepEqual(recorder.firedAtMs, [300_000]);
  assert.ok(wakeUpCount <= 9, `${wakeUpCount} wake-ups`);
});

test('a callback may set itself again, cancel its neighbours, and throw', () => {
  const clock = createFakeClock();
  const wheel = new TimerWheel(clock);
  const neighbour = new Recorder(() => clock.monotonicMs());
  let runCount = 0;
  const timer: WheelTimer = new WheelTimer({
    onTimer: () => {
      wheel.cancel(neighbour.timer);
      if (++runCount === 2) throw new Error('from a callback');
      wheel.schedule(timer, 20);
    },
  });
  const last = new Recorder(() => clock.monotonicMs());
  const sameSlot = new Recorder(() => clock.monotonicMs());
  wheel.schedule(timer, 20);
  wheel.schedule(neighbour.timer, 20);
  wheel.schedule(last.timer, 60);
  clock.advance(20);
  assert.equal(runCount, 1);
  wheel.schedule(sameSlot.timer, 20);
  assert.throws(() => clock.advance(20), /from a callback/);
  clock.advance(40);
  assert.deepEqual(neighbour.firedAtMs, []);
  assert.deepEqual(last.firedAtMs, [60]);
  assert.deepEqual(sameSlot.firedAtMs, [40]);
});

test('as a Clock: callbacks, and a wall clock that is not cached', () => {
  const clock = createFakeClock(1_000);
  const wheel = new TimerWheel(clock);
  const fired: string[] = [];
  wheel.setTimer(30, () => fired.push('b'));
  wheel.setTimer(10, () => fired.push('a'));
  wheel.setTimer(20, () => fired.push('never')).cancel();
  clock.advance(40);
  assert.deepEqual(fired, ['a', 'b']);
  assert.equal(wheel.now(), 1_040);
});

test('ten thousand random timers, a third of them cancelled, are never early and never late', () => {
  const clock = createFakeClock();
  const wheel = new TimerWheel(clock);
  const rng = createSeededRng(7);
  let lateCount = 0;
  let firedCount = 0;
  let expectedCount = 0;
  for (let index = 0; index < 10_000; index++) {
    const delayMs = randomInteger(rng, 2) === 0 ? randomInteger(rng, 120) : randomInteger(rng, 200_000);
    const dueMs = clock.monotonicMs() + delayMs;
    const timer = new WheelTimer({
      onTimer: () => {
        firedCount++;
        const lagMs = clock.monotonicMs() - dueMs;
        if (lagMs < 0 || lagMs >= 10.5) lateCount++;
      },
    });
    wheel.schedule(timer, delayMs);
    if (randomInteger(rng, 3) === 0) wheel.cancel(timer);
    if (timer.isSet) expectedCount++;
    if (index % 100 === 0) clock.advance(rng.next() * 30);
  }
  clock.advance(200_010);
  assert.equal(lateCount, 0);
  assert.equal(firedCount, expectedCount);
  assert.equal(wheel.pendingTimerCount, 0);
});

test('on the real clock', async () => {
  const wheel = new TimerWheel(systemClock);
  const startedAtMs = performance.now();
  const keepAlive = setInterval(() => undefined, 1_000);
  await new Promise<void>((resolve) => void wheel.setTimer(25, resolve));
  clearInterval(keepAlive);
  const elapsedMs = performance.now() - startedAtMs;
  assert.ok(elapsedMs >= 24.9 && elapsedMs < 500, `${elapsedMs} ms`);
});
