import type { Counter, Gauge, StatsScope } from '../stats/stats.ts';

/** `cluster_manager.*`. */
export interface ClusterManagerStats {
  readonly added: Counter;
  readonly modified: Counter;
  readonly removed: Counter;
  readonly updated: Counter;
  readonly mergeWindow: Readonly<Record<'merged' | 'out-of-window' | 'cancelled', Counter>>;
  readonly active: Gauge;
  readonly warming: Gauge;
}

export function createClusterManagerStats(root: StatsScope): ClusterManagerStats {
  const scope = root.scope('cluster_manager.');
  return {
    added: scope.counter('cluster_added'),
    modified: scope.counter('cluster_modified'),
    removed: scope.counter('cluster_removed'),
    updated: scope.counter('cluster_updated'),
    mergeWindow: {
      merged: scope.counter('cluster_updated_via_merge'),
      'out-of-window': scope.counter('update_out_of_merge_window'),
      cancelled: scope.counter('update_merge_cancelled'),
    },
    active: scope.gauge('active_clusters'),
    warming: scope.gauge('warming_clusters'),
  };
}
