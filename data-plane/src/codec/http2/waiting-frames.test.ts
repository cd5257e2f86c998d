import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaitingFrames } from './waiting-frames.ts';

test('a frame waits until its last byte is sent', () => {
  const frames = new WaitingFrames();
  for (const endBytes of [10, 20, 30]) frames.add(endBytes);
  const counts = [0, 9, 10, 29, 30].map((sentBytes) => {
    frames.onSent(sentBytes);
    return frames.count;
  });
  assert.deepEqual(counts, [3, 3, 2, 1, 0]);
});

test('what waits is counted rightly however many frames came before', () => {
  const frames = new WaitingFrames();
  for (let index = 1; index <= 10_000; index++) {
    frames.add(index);
    frames.onSent(index - 7);
    assert.equal(frames.count, Math.min(index, 7));
  }
  frames.onSent(10_000);
  assert.equal(frames.count, 0);
});
