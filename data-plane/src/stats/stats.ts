/**
 * Statistics as their owners see them. A thread writes its own slots only, with plain adds; the main thread sums
 * the slots of all threads. Names are Envoy's, dots separate: `cluster.<name>.upstream_rq_total`.
 */
export interface StatsScope {
  /** Same name, same counter, for as long as the scope is not released. */
  counter(name: string): Counter;
  gauge(name: string): Gauge;
  histogram(name: string): Histogram;
  /** A scope below this one: `scope('cluster.a.')`, with the dot. Same prefix, same scope. */
  scope(prefix: string): StatsScope;
  /** Gives back every slot below this scope in this thread; its statistics vanish when no thread has them. */
  release(): void;
}

/** Only grows. Exact up to 2^53. */
export interface Counter {
  inc(): void;
  add(amount: number): void;
}

/** The sum over threads is the value; `set` is for the main thread's own gauges. */
export interface Gauge {
  inc(): void;
  dec(): void;
  add(amount: number): void;
  set(value: number): void;
}

export interface Histogram {
  /** Milliseconds for times, bytes for sizes. */
  record(value: number): void;
}

export type StatType = 'counter' | 'gauge' | 'histogram';
