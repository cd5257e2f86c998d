import { statNamesOf } from '../stats/stat-names.ts';
import type { StatValue } from '../stats/stats-reader.ts';
import { createWorkerClusterStats } from './thread-local-cluster.ts';

/**
 * Workers declare the statistics of a cluster when they first use it; until then each of them is listed as 0, which
 * is what it is. Adds those that `listed` lacks for the active clusters; the result ascends by name.
 */
export function withIdleClusters(listed: readonly StatValue[], statNames: Iterable<string>): StatValue[] {
  const names = statNamesOf(createWorkerClusterStats);
  const known = new Set(listed.map(({ name }) => name));
  const zeros = new Map<string, StatValue>();
  for (const statName of statNames) {
    for (const { type, name } of names) {
      const fullName = `cluster.${statName}.${name}`;
      if (!known.has(fullName)) zeros.set(fullName, { type, name: fullName, value: 0 });
    }
  }
  if (zeros.size === 0) return [...listed];
  return [...listed, ...zeros.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
