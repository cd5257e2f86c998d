export interface LatencyQuantiles {
  /** Microseconds, nearest rank. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** Sorts `latenciesMs` in place. */
export function toLatencyQuantiles(latenciesMs: Float64Array): LatencyQuantiles {
  latenciesMs.sort();
  const at = (ratio: number): number =>
    (latenciesMs[Math.max(0, Math.ceil(ratio * latenciesMs.length) - 1)] ?? NaN) * 1000;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}
