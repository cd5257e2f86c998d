import { describeStats, type StatsOf } from '../../stats/describe-stats.ts';

const prefixes = ['cluster.<cluster>.'];

/** Clusters of DNS and of EDS: how what they know of their hosts was renewed. */
export const refreshStats = describeStats(prefixes, (make) => ({
  attempts: make.counter('update_attempt', 'Names that were resolved, and subscriptions to endpoints.'),
  successes: make.counter('update_success', 'Names that have addresses, and endpoints that came.'),
}));

export const dnsStats = describeStats(prefixes, (make) => ({
  failures: make.counter('update_failure', 'Names that could not be resolved.'),
}));

export const assignmentStats = describeStats(prefixes, (make) => ({
  empty: make.counter('update_empty', 'Answers of EDS without the endpoints of this cluster.'),
  rejected: make.counter('update_rejected', 'Endpoints that were refused.'),
  timeout: make.counter('init_fetch_timeout', 'Times that no endpoints came within `initial_fetch_timeout`.'),
}));

export type AssignmentStats = StatsOf<typeof assignmentStats>;
