/** Nearest-rank quantile of `values`, rounded to hundredths; 0 of none. `ratio` is in [0, 1]. */
export function quantile(values: readonly number[], ratio: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  const rank = Math.max(0, Math.ceil(ratio * sorted.length) - 1);
  return Math.round((sorted[rank] ?? 0) * 100) / 100;
}
