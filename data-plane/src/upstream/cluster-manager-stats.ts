import { describeStats, type StatsOf } from '../stats/describe-stats.ts';

export const clusterManagerStats = describeStats(['cluster_manager.'], (make) => ({
  added: make.counter('cluster_added', 'Clusters that were new, from the bootstrap and from CDS.'),
  modified: make.counter('cluster_modified', 'Clusters that changed.'),
  removed: make.counter('cluster_removed', 'Clusters that went.'),
  updated: make.counter('cluster_updated', 'Changes of hosts that were sent to the workers.'),
  mergeWindow: {
    merged: make.counter(
      'cluster_updated_via_merge',
      'Changes of hosts that were held back and sent as one (`update_merge_window`).',
    ),
    'out-of-window': make.counter(
      'update_out_of_merge_window',
      'Changes of health or weight that came after a quiet window, and were sent at once.',
    ),
    cancelled: make.counter(
      'update_merge_cancelled',
      'Times that hosts came or went, which is sent at once with all that was held back.',
    ),
  },
  active: make.gauge('active_clusters', 'Clusters that serve.', 'clusters'),
  warming: make.gauge('warming_clusters', 'Clusters, new or changed, that do not serve yet.', 'clusters'),
}));

export const clusterReloadStats = describeStats(['cluster_manager.cds.'], (make) => ({
  reloads: make.counter('config_reload', 'Answers of CDS that changed something.'),
  reloadTime: make.gauge('config_reload_time_ms', 'When the last of them came, since 1970.', 'ms'),
}));

export type ClusterManagerStats = StatsOf<typeof clusterManagerStats>;
