import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatherBuffers } from './gather-buffers.ts';

test('what several connections have in flight at a time is allocated once, and 8 MiB of it are kept', () => {
  const buffers = new GatherBuffers();
  const take = (count: number): Buffer[] => Array.from({ length: count }, () => buffers.take());
  const releaseAll = (taken: readonly Buffer[]): void => {
    for (const buffer of taken) buffers.release(buffer);
  };
  const first = take(600);
  assert.equal(new Set(first).size, 600);
  releaseAll(first);
  const seen = new Set(first);
  const again = take(600);
  const kept = again.filter((buffer) => seen.has(buffer));
  assert.equal(
    kept.reduce((sum, { length }) => sum + length, 0),
    8 * 1024 * 1024,
  );
});
