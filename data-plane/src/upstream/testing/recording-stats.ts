import type { StatsScope } from '../../stats/stats.ts';

/** Statistics that a test reads by name; one namespace for all threads that the test plays. */
export interface RecordingStats {
  readonly scope: StatsScope;
  /** 0 for what was never counted. */
  valueOf(name: string): number;
}

export function createRecordingStats(): RecordingStats {
  const values = new Map<string, number>();
  /** Prefix → how often it was released: what was made before counts no longer. */
  const releases = new Map<string, number>();
  const generationOf = (key: string): number => {
    let generation = 0;
    for (const [prefix, count] of releases) if (key.startsWith(prefix)) generation += count;
    return generation;
  };
  const scopeOf = (prefix: string): StatsScope => {
    const stat = (name: string) => {
      const key = prefix + name;
      const generation = generationOf(key);
      const write = (value: number): void => {
        if (generationOf(key) === generation) values.set(key, value);
      };
      const add = (amount: number): void => write((values.get(key) ?? 0) + amount);
      return { inc: () => add(1), dec: () => add(-1), add, set: write, record: () => add(1) };
    };
    return {
      counter: stat,
      gauge: stat,
      histogram: stat,
      text: () => ({ set: () => undefined }),
      scope: (below) => scopeOf(prefix + below),
      release() {
        releases.set(prefix, (releases.get(prefix) ?? 0) + 1);
        for (const key of [...values.keys()]) if (key.startsWith(prefix)) values.delete(key);
      },
    };
  };
  return { scope: scopeOf(''), valueOf: (name) => values.get(name) ?? 0 };
}
