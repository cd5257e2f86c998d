/**
 * Statistics as their owners see them. A thread writes its own slots only, with plain adds; the main thread sums
 * the slots of all threads. Names are Envoy's, dots separate: `cluster.<name>.upstream_rq_total`.
 */
export interface StatsScope {
  /** Same name, same counter, for as long as the scope is not released. */
  counter(name: string): Counter;
  gauge(name: string): Gauge;
  histogram(name: string): Histogram;
  text(name: string): TextReadout;
  /** A scope below this one: `scope('cluster.a.')`, with the dot. Same prefix, same scope. */
  scope(prefix: string): StatsScope;
  /**
   * Gives back every slot below this scope in this thread; its statistics vanish when no thread has them. Whoever
   * still holds one of them may go on counting: it goes nowhere. The same prefix gives a new scope from now on.
   */
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

/** A statistic that is a word: a version, a name. Set rarely, since each change is a message. */
export interface TextReadout {
  set(value: string): void;
}

export type StatType = 'counter' | 'gauge' | 'histogram';
