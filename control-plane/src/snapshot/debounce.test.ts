import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { createDebounce } from './debounce.ts';

function setUp() {
  const clock = createFakeClock();
  const runsAt: number[] = [];
  const debounce = createDebounce(clock, { quietMs: 10, maxMs: 35 }, () => runsAt.push(clock.monotonicMs()));
  return { clock, runsAt, debounce };
}

test('the first trigger after quiet runs at once', () => {
  const { clock, runsAt, debounce } = setUp();
  clock.advance(5);
  debounce.trigger();
  assert.deepEqual(runsAt, [5]);
  clock.advance(100);
  assert.deepEqual(runsAt, [5]);
  debounce.trigger();
  assert.deepEqual(runsAt, [5, 105]);
});

test('triggers that follow are gathered until it is quiet', () => {
  const { clock, runsAt, debounce } = setUp();
  debounce.trigger();
  clock.advance(4);
  debounce.trigger();
  clock.advance(4);
  debounce.trigger();
  clock.advance(9);
  assert.deepEqual(runsAt, [0]);
  clock.advance(1);
  assert.deepEqual(runsAt, [0, 18]);
});

test('a trigger soon after a gathered run waits as well', () => {
  const { clock, runsAt, debounce } = setUp();
  debounce.trigger();
  debounce.trigger();
  clock.advance(10);
  assert.deepEqual(runsAt, [0, 10]);
  clock.advance(1);
  debounce.trigger();
  assert.deepEqual(runsAt, [0, 10]);
  clock.advance(10);
  assert.deepEqual(runsAt, [0, 10, 21]);
});

test('without quiet a run starts after the maximum', () => {
  const { clock, runsAt, debounce } = setUp();
  for (let elapsedMs = 0; elapsedMs < 100; elapsedMs += 5) {
    debounce.trigger();
    clock.advance(5);
  }
  assert.deepEqual(runsAt, [0, 40, 75]);
});

test('after stop nothing runs and no timer is left', () => {
  const { clock, runsAt, debounce } = setUp();
  debounce.trigger();
  debounce.trigger();
  debounce.stop();
  debounce.trigger();
  clock.advance(100);
  assert.deepEqual(runsAt, [0]);
  assert.equal(clock.pendingTimerCount, 0);
});
