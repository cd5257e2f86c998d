import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackOff } from './back-off.ts';

const almostOne = { next: () => 1 - Number.EPSILON };

test('the bound doubles up to the maximum, and starts anew after a reset', () => {
  const backOff = new BackOff({ baseMs: 500, maxMs: 1500 }, almostOne);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => backOff.nextDelayMs()),
    [499, 999, 1499, 1499],
  );
  backOff.reset();
  assert.equal(backOff.nextDelayMs(), 499);
});

test('full jitter: a delay can be nothing at all', () => {
  assert.equal(new BackOff({ baseMs: 500, maxMs: 1500 }, { next: () => 0 }).nextDelayMs(), 0);
});
