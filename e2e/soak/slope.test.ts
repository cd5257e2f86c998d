import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mannKendallZ, medianOf, theilSenSlope } from './slope.ts';

const at = (values: readonly number[]) => values.map((value, index) => ({ atMs: index * 10, value }));

test('the slope of a line is its own, whatever a fourth of the points say', () => {
  const line = Array.from({ length: 20 }, (_, index) => 5 + index * 3);
  assert.equal(theilSenSlope(at(line)), 0.3);
  const disturbed = line.map((value, index) => (index % 4 === 1 ? value + 10_000 : value));
  assert.ok(Math.abs(theilSenSlope(at(disturbed)) - 0.3) < 0.2);
  assert.equal(theilSenSlope(at([7])), 0);
  assert.equal(theilSenSlope([]), 0);
});

test('Mann and Kendall: how sure a trend is', () => {
  assert.equal(mannKendallZ([1, 1, 1, 1]), 0);
  const rising = mannKendallZ([1, 2, 3, 4, 5, 6]);
  assert.ok(rising > 2.33, String(rising));
  assert.equal(mannKendallZ([6, 5, 4, 3, 2, 1]), -rising);
  assert.ok(Math.abs(mannKendallZ([3, 9, 1, 8, 2, 9, 2, 8, 3])) < 1);
  // S = 12 of 15 pairs with one tie of two: variance (6·5·17 − 2·1·9) / 18.
  assert.ok(Math.abs(mannKendallZ([1, 3, 2, 4, 4, 6]) - 11 / Math.sqrt(492 / 18)) < 1e-9);
});

test('the median of an even number of values lies between the two in the middle', () => {
  assert.deepEqual([medianOf([3, 1, 2]), medianOf([4, 1, 3, 2]), medianOf([])], [2, 2.5, undefined]);
});
