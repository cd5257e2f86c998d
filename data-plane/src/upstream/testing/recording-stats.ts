import type { StatsScope } from '../../stats/stats.ts';

/** Statistics that a test reads by name; one namespace for all threads that the test plays. */
export interface RecordingStats {
  readonly scope: StatsScope;
  /** 0 for what was never counted. */
  valueOf(name: string): number;
}

export function createRecordingStats(): RecordingStats {
  const values = new Map<string, number>();
  const scopeOf = (prefix: string): StatsScope => {
    const stat = (name: string) => {
      const key = prefix + name;
      const add = (amount: number) => void values.set(key, (values.get(key) ?? 0) + amount);
      return {
        inc: () => add(1),
        dec: () => add(-1),
        add,
        set: (value: number) => void values.set(key, value),
        record: () => add(1),
      };
    };
    return {
      counter: stat,
      gauge: stat,
      histogram: stat,
      text: () => ({ set: () => undefined }),
      scope: (below) => scopeOf(prefix + below),
      release() {
        for (const key of [...values.keys()]) if (key.startsWith(prefix)) values.delete(key);
      },
    };
  };
  return { scope: scopeOf(''), valueOf: (name) => values.get(name) ?? 0 };
}
