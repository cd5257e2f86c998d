import { describeStats } from '../stats/describe-stats.ts';
import type { Counter, StatsScope } from '../stats/stats.ts';
import { resourceKind, retryLimit, sumResource } from './circuit-breaker.ts';
import type { ManagedCluster } from './cluster.ts';
import { coarseHealthOf, isExcluded } from './host-set/host-health.ts';
import type { Membership } from './membership/membership.ts';
import type { ResourcePriority } from './upstream.ts';

const membershipStats = describeStats(['cluster.<cluster>.'], (make) => ({
  total: make.gauge('membership_total', 'Hosts of the cluster.', 'hosts'),
  healthy: make.gauge('membership_healthy', 'Hosts that are healthy.', 'hosts'),
  degraded: make.gauge('membership_degraded', 'Hosts that are degraded.', 'hosts'),
  excluded: make.gauge(
    'membership_excluded',
    'Hosts that do not count in percentages: not checked yet, or excluded by their own answer.',
    'hosts',
  ),
  maxWeight: make.gauge('max_host_weight', 'The largest weight of a host.', 'weight'),
  membershipChange: make.counter('membership_change', 'Times that hosts came or went.'),
  noRebuild: make.counter('update_no_rebuild', 'Answers of discovery that changed nothing.'),
}));

/** Hosts of a cluster; written by the main thread. */
export interface MembershipStats {
  readonly membershipChange: Counter;
  readonly noRebuild: Counter;
  update(membership: Membership): void;
}

/** `cluster`: the cluster's scope. */
export function createMembershipStats(cluster: StatsScope): MembershipStats {
  const stats = membershipStats.create(cluster);
  return {
    membershipChange: stats.membershipChange,
    noRebuild: stats.noRebuild,
    update(membership) {
      const counts = { healthy: 0, degraded: 0, unhealthy: 0 };
      let excludedCount = 0;
      let heaviest = 0;
      for (const member of membership.members) {
        const flags = membership.flagsOf(member);
        counts[coarseHealthOf(flags)]++;
        if (isExcluded(flags)) excludedCount++;
        heaviest = Math.max(heaviest, member.endpoint.weight);
      }
      stats.total.set(membership.size);
      stats.healthy.set(counts.healthy);
      stats.degraded.set(counts.degraded);
      stats.excluded.set(excludedCount);
      stats.maxWeight.set(heaviest);
    },
  };
}

const priorities: readonly ResourcePriority[] = ['default', 'high'];
const breakerPrefixes = ['cluster.<cluster>.circuit_breakers.<priority>.'];

const breakerStats = describeStats(breakerPrefixes, (make) => ({
  connections: make.gauge('cx_open', '1 while `max_connections` is reached, else 0.', '0 or 1'),
  pending: make.gauge('rq_pending_open', '1 while `max_pending_requests` is reached, else 0.', '0 or 1'),
  requests: make.gauge('rq_open', '1 while `max_requests` is reached, else 0.', '0 or 1'),
  retries: make.gauge('rq_retry_open', '1 while `max_retries` is reached, else 0.', '0 or 1'),
  pools: make.zeroGauge('cx_pool_open', 'the number of connection pools is not limited'),
}));

const remainingStats = describeStats(breakerPrefixes, (make) => ({
  connections: make.gauge(
    'remaining_cx',
    'Connections until the limit, with `track_remaining`.',
    'connections',
  ),
  pending: make.gauge('remaining_pending', 'Waiting requests until the limit.', 'requests'),
  requests: make.gauge('remaining_rq', 'Requests until the limit.', 'requests'),
  retries: make.gauge('remaining_retries', 'Retries until the limit.', 'requests'),
}));

export const clusterGaugeStats = [membershipStats, breakerStats, remainingStats];

/** Sets `circuit_breakers.<priority>.*` from the shared counts; called before statistics are read. */
export function updateCircuitBreakerGauges(cluster: ManagedCluster, stats: StatsScope): void {
  const scope = stats.scope(`cluster.${cluster.info.statName}.`);
  const memory = cluster.memory.shared.circuitBreakers;
  for (const priority of priorities) {
    const thresholds = cluster.info.circuitBreakers[priority];
    const gauges = scope.scope(`circuit_breakers.${priority}.`);
    const open = breakerStats.create(gauges);
    const remaining = thresholds.trackRemaining ? remainingStats.create(gauges) : undefined;
    const requestCount =
      sumResource(memory, priority, resourceKind.requests) +
      sumResource(memory, priority, resourceKind.pending);
    const rows = [
      ['connections', resourceKind.connections, thresholds.maxConnections],
      ['pending', resourceKind.pending, thresholds.maxPendingRequests],
      ['requests', resourceKind.requests, thresholds.maxRequests],
      ['retries', resourceKind.retries, retryLimit(thresholds, requestCount)],
    ] as const;
    for (const [name, kind, limit] of rows) {
      const count = sumResource(memory, priority, kind);
      open[name].set(count >= limit ? 1 : 0);
      remaining?.[name].set(Math.max(0, limit - count));
    }
  }
}
