/**
 * Bucket bounds of every histogram: eleven for each decade from 0.1 to 10^9, so that Envoy's default Prometheus
 * bounds are among them and a quantile is off by at most a fifth. Fixed, so that threads can be summed by position.
 */
const mantissas = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9];

function buildBounds(): Float64Array {
  const bounds: number[] = [1_800_000, 3_600_000];
  for (let exponent = -1; exponent < 9; exponent++) {
    // Rounded, because 3 * 0.1 is not 0.3.
    for (const mantissa of mantissas) bounds.push(Number((mantissa * 10 ** exponent).toPrecision(3)));
  }
  return Float64Array.from(bounds.sort((a, b) => a - b));
}

/** Inclusive upper bounds, ascending; values above the last fall into one more bucket. */
export const bucketBounds: Float64Array = buildBounds();

/** A histogram's slots: its buckets, then the overflow bucket, then the sum of the values. */
export const histogramSlotCount = bucketBounds.length + 2;

/** Steps between neighbouring entries of the tables; every bound within their reach is a multiple of it. */
const fineStep = 0.05;
const coarseStep = 0.5;
const fine = buildTable(fineStep, 1);
const coarse = buildTable(coarseStep, 1000);

/** Position of the bucket for `value`. Recorded for every request, mostly below a second: that is two look-ups. */
export function bucketOf(value: number): number {
  if (value >= 1 && value <= 1000) return coarse[Math.ceil(value / coarseStep)] ?? 0;
  if (value >= 0 && value < 1) return fine[Math.ceil(value / fineStep)] ?? 0;
  return searchBucket(value);
}

function buildTable(step: number, limit: number): Uint8Array {
  const entries = Array.from({ length: limit / step + 1 }, (_, index) =>
    // Rounded, because 3 * 0.05 is not 0.15.
    searchBucket(Number((index * step).toPrecision(3))),
  );
  return Uint8Array.from(entries);
}

function searchBucket(value: number): number {
  let low = 0;
  let high = bucketBounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bucketBounds[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Counts by bucket (overflow last) and the sum of the values. */
export interface HistogramData {
  readonly counts: Float64Array;
  readonly sum: number;
}

export function sampleCountOf({ counts }: HistogramData): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** Values ≤ `bound`; `bound` is one of the bucket bounds. */
export function countUpTo({ counts }: HistogramData, bound: number): number {
  let total = 0;
  for (let index = 0; index < bucketBounds.length && (bucketBounds[index] ?? 0) <= bound; index++) {
    total += counts[index] ?? 0;
  }
  return total;
}

/** The value below which the share `quantile` (0–1) of the samples lies, linear within a bucket; NaN without samples. */
export function quantileOf(data: HistogramData, quantile: number): number {
  const wanted = quantile * sampleCountOf(data);
  if (wanted === 0 && sampleCountOf(data) === 0) return NaN;
  let seen = 0;
  for (let index = 0; index < data.counts.length; index++) {
    const count = data.counts[index] ?? 0;
    if (count === 0 || seen + count < wanted) {
      seen += count;
      continue;
    }
    const lower = index === 0 ? 0 : (bucketBounds[index - 1] ?? 0);
    const upper = bucketBounds[index] ?? lower;
    return lower + (upper - lower) * ((wanted - seen) / count);
  }
  return bucketBounds.at(-1) ?? NaN;
}

/** Envoy's default bounds for Prometheus; each is among `bucketBounds`. */
export const prometheusBounds: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000,
  3600000,
];
