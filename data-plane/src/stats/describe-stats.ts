import type { Counter, Gauge, Histogram, StatsScope, StatType, TextReadout } from './stats.ts';

/**
 * Statistics, declared where they are counted: one line for each says its name, what it means and in which unit.
 * Their owner makes them from it, and docs/metrics.md is written from it.
 */
export interface StatsDescription<T> {
  /** Makes all of them. `scope` has one of the prefixes. Looked up once, so that counting is a plain add. */
  create(scope: StatsScope): T;
  /** As the reference page lists them: under every prefix, in the order of the declaration. */
  rows(): StatRow[];
}

/** What `create` of a description returns. */
export type StatsOf<D> = D extends StatsDescription<infer T> ? T : never;

export interface StatRow {
  /** With prefix; what varies stands as `<cluster>`, `<code>`. */
  readonly name: string;
  readonly type: StatType | 'text';
  readonly unit: string;
  readonly meaning: string;
  /** Why it never moves. Absent for what does. */
  readonly alwaysZeroBecause?: string;
}

/** Makes statistics, or only rows of the reference page: the same declaration serves both. */
export interface StatMaker {
  counter(name: string, meaning: string, unit?: string): Counter;
  gauge(name: string, meaning: string, unit?: string): Gauge;
  histogram(name: string, meaning: string, unit: string): Histogram;
  text(name: string, meaning: string): TextReadout;
  /** One counter for each value of the placeholder at the end of `name`: `upstream_rq_<code>`. */
  counters(name: string, meaning: string): CounterFamily;
  /** A gauge that dashboards expect and that is always 0 here. */
  zeroGauge(name: string, because: string): Gauge;
  /** The same of a counter: it counts what nobody has seen happen. */
  zeroCounter(name: string, because: string): Counter;
}

export interface CounterFamily {
  /** A look-up by name; hot paths keep what they got. */
  of(value: string | number): Counter;
}

/** `prefixes`: `cluster.<cluster>.`; several where several owners count the same things. */
export function describeStats<T>(
  prefixes: readonly string[],
  declare: (make: StatMaker) => T,
): StatsDescription<T> {
  return {
    create: (scope) => declare(new ScopeMaker(scope)),
    rows() {
      const rows: StatRow[] = [];
      declare(createRowMaker((row) => void rows.push(row)));
      return prefixes.flatMap((prefix) => rows.map((row) => ({ ...row, name: prefix + row.name })));
    },
  };
}

class ScopeMaker implements StatMaker {
  readonly #scope: StatsScope;

  constructor(scope: StatsScope) {
    this.#scope = scope;
  }

  counter(name: string): Counter {
    return this.#scope.counter(name);
  }

  gauge(name: string): Gauge {
    return this.#scope.gauge(name);
  }

  histogram(name: string): Histogram {
    return this.#scope.histogram(name);
  }

  text(name: string): TextReadout {
    return this.#scope.text(name);
  }

  counters(name: string): CounterFamily {
    const stem = name.slice(0, name.indexOf('<'));
    const scope = this.#scope;
    return { of: (value) => scope.counter(`${stem}${value}`) };
  }

  zeroGauge(name: string): Gauge {
    return this.#scope.gauge(name);
  }

  zeroCounter(name: string): Counter {
    return this.#scope.counter(name);
  }
}

function createRowMaker(onRow: (row: StatRow) => void): StatMaker {
  const plural = (name: string): string => (/bytes/.test(name) ? 'bytes' : 'events');
  const deaf = { inc() {}, dec() {}, add() {}, set() {}, record() {} };
  return {
    counter(name, meaning, unit = plural(name)) {
      onRow({ name, type: 'counter', unit, meaning });
      return deaf;
    },
    gauge(name, meaning, unit = 'items') {
      onRow({ name, type: 'gauge', unit, meaning });
      return deaf;
    },
    histogram(name, meaning, unit) {
      onRow({ name, type: 'histogram', unit, meaning });
      return deaf;
    },
    text(name, meaning) {
      onRow({ name, type: 'text', unit: 'text', meaning });
      return deaf;
    },
    counters(name, meaning) {
      onRow({ name, type: 'counter', unit: 'events', meaning });
      return { of: () => deaf };
    },
    zeroCounter(name, because) {
      onRow({ name, type: 'counter', unit: 'events', meaning: because, alwaysZeroBecause: because });
      return deaf;
    },
    zeroGauge(name, because) {
      onRow({ name, type: 'gauge', unit: 'items', meaning: because, alwaysZeroBecause: because });
      return deaf;
    },
  };
}
