import type { Counter, Gauge, StatsScope } from './stats.ts';

export interface StatName {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
}

/**
 * The counters and gauges that `create` makes in a scope, by name: what is listed as 0 until there is somebody who
 * counts. Histograms and texts are not listed before they have something to say.
 */
export function statNamesOf(create: (scope: StatsScope) => unknown): StatName[] {
  const names: StatName[] = [];
  create(createNamingScope('', names));
  return names;
}

function createNamingScope(prefix: string, names: StatName[]): StatsScope {
  const deaf: Counter & Gauge = { inc() {}, dec() {}, add() {}, set() {} };
  function add(type: StatName['type'], name: string): typeof deaf {
    names.push({ type, name: prefix + name });
    return deaf;
  }
  return {
    counter: (name) => add('counter', name),
    gauge: (name) => add('gauge', name),
    histogram: () => ({ record() {} }),
    text: () => ({ set() {} }),
    scope: (below) => createNamingScope(prefix + below, names),
    release() {},
  };
}
