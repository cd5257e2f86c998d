import type { Counter, Gauge, Histogram, StatsScope } from '../../stats/stats.ts';

/** Statistics in a map, for tests: `value` reads a counter or gauge, `samples` a histogram. */
export interface CountingStats extends StatsScope {
  value(name: string): number;
  samples(name: string): readonly number[];
}

export function createCountingStats(): CountingStats {
  const values = new Map<string, number>();
  const samples = new Map<string, number[]>();
  const add = (name: string, amount: number): void => void values.set(name, (values.get(name) ?? 0) + amount);

  function scopeAt(prefix: string): StatsScope {
    return {
      counter: (name): Counter => ({
        inc: () => add(prefix + name, 1),
        add: (amount) => add(prefix + name, amount),
      }),
      gauge: (name): Gauge => ({
        inc: () => add(prefix + name, 1),
        dec: () => add(prefix + name, -1),
        add: (amount) => add(prefix + name, amount),
        set: (value) => void values.set(prefix + name, value),
      }),
      histogram: (name): Histogram => {
        const recorded = samples.get(prefix + name) ?? [];
        samples.set(prefix + name, recorded);
        return { record: (value) => void recorded.push(value) };
      },
      text: () => ({ set: () => undefined }),
      scope: (name) => scopeAt(prefix + name),
      release: () => {
        for (const name of values.keys()) if (name.startsWith(prefix)) values.delete(name);
      },
    };
  }

  return {
    ...scopeAt(''),
    value: (name) => values.get(name) ?? 0,
    samples: (name) => samples.get(name) ?? [],
  };
}
