import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeToken } from './token-bucket.ts';

test('a bucket begins full, fills evenly, and never holds more than it may', () => {
  const bucket = new BigInt64Array(new SharedArrayBuffer(8));
  const limits = { maxTokens: 3, tokensPerFill: 2, fillIntervalMs: 100 };
  const startMs = 1_700_000_000_000;
  const takenAt = (ms: number, count: number): number =>
    Array.from({ length: count }, () => takeToken(bucket, limits, startMs + ms)).filter(Boolean).length;
  assert.equal(takenAt(0, 5), 3);
  assert.equal(takenAt(49, 1), 0);
  assert.equal(takenAt(50, 2), 1);
  assert.equal(takenAt(150, 5), 2);
  assert.equal(takenAt(10_000, 5), 3);
  // The clock goes back.
  assert.equal(takenAt(0, 5), 0);
  assert.equal(takenAt(50, 5), 1);
  assert.equal(takeToken(bucket, { ...limits, maxTokens: 0 }, startMs + 20_000), false);
});
