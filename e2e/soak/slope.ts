export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/**
 * The median of the slopes between all pairs of points (Theil 1950, Sen 1968), per millisecond: up to 29 % of the
 * points may be outliers. 0 for fewer than two points.
 */
export function theilSenSlope(points: readonly Point[]): number {
  const slopes: number[] = [];
  for (let later = 1; later < points.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) {
      const [a, b] = [points[earlier], points[later]];
      if (a !== undefined && b !== undefined && b.atMs > a.atMs)
        slopes.push((b.value - a.value) / (b.atMs - a.atMs));
    }
  }
  return medianOf(slopes) ?? 0;
}

/**
 * How sure it is that values rise at all, in standard deviations (Mann 1945, Kendall 1975, with the correction for
 * ties): above 2.33 chance alone does so in less than one of a hundred series. Negative when they fall, 0 when they
 * are all equal.
 */
export function mannKendallZ(values: readonly number[]): number {
  const count = values.length;
  let rises = 0;
  for (let later = 1; later < count; later++)
    for (let earlier = 0; earlier < later; earlier++)
      rises += Math.sign((values[later] ?? 0) - (values[earlier] ?? 0));
  const weight = (size: number): number => size * (size - 1) * (2 * size + 5);
  const tied = [...countByValue(values).values()].reduce((sum, size) => sum + weight(size), 0);
  const variance = (weight(count) - tied) / 18;
  return variance <= 0 ? 0 : (rises - Math.sign(rises)) / Math.sqrt(variance);
}

export function medianOf(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function countByValue(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
