import type { Counter, StatsScope } from '../stats/stats.ts';
import { resourceKind, retryLimit, sumResource } from './circuit-breaker.ts';
import type { ManagedCluster } from './cluster.ts';
import { coarseHealthOf, isExcluded } from './host-set/host-health.ts';
import type { Membership } from './membership/membership.ts';
import type { ResourcePriority } from './upstream.ts';

/** `cluster.<name>.membership_*` and what belongs to it; written by the main thread. */
export interface MembershipStats {
  readonly membershipChange: Counter;
  readonly noRebuild: Counter;
  update(membership: Membership): void;
}

export function createMembershipStats(cluster: StatsScope): MembershipStats {
  const total = cluster.gauge('membership_total');
  const healthy = cluster.gauge('membership_healthy');
  const degraded = cluster.gauge('membership_degraded');
  const excluded = cluster.gauge('membership_excluded');
  const maxWeight = cluster.gauge('max_host_weight');
  return {
    membershipChange: cluster.counter('membership_change'),
    noRebuild: cluster.counter('update_no_rebuild'),
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
      total.set(membership.size);
      healthy.set(counts.healthy);
      degraded.set(counts.degraded);
      excluded.set(excludedCount);
      maxWeight.set(heaviest);
    },
  };
}

const priorities: readonly ResourcePriority[] = ['default', 'high'];

/** Sets `circuit_breakers.<priority>.*` from the shared counts; called before statistics are read. */
export function updateCircuitBreakerGauges(cluster: ManagedCluster, stats: StatsScope): void {
  const scope = stats.scope(`cluster.${cluster.info.statName}.`);
  const memory = cluster.memory.shared.circuitBreakers;
  for (const priority of priorities) {
    const thresholds = cluster.info.circuitBreakers[priority];
    const gauges = scope.scope(`circuit_breakers.${priority}.`);
    const requestCount =
      sumResource(memory, priority, resourceKind.requests) +
      sumResource(memory, priority, resourceKind.pending);
    const rows = [
      ['cx', resourceKind.connections, thresholds.maxConnections],
      ['rq_pending', resourceKind.pending, thresholds.maxPendingRequests],
      ['rq', resourceKind.requests, thresholds.maxRequests],
      ['rq_retry', resourceKind.retries, retryLimit(thresholds, requestCount)],
    ] as const;
    for (const [name, kind, limit] of rows) {
      const count = sumResource(memory, priority, kind);
      gauges.gauge(`${name}_open`).set(count >= limit ? 1 : 0);
      if (thresholds.trackRemaining) {
        gauges.gauge(remainingNames[name]).set(Math.max(0, limit - count));
      }
    }
    // Pools are not limited.
    gauges.gauge('cx_pool_open').set(0);
  }
}

const remainingNames = {
  cx: 'remaining_cx',
  rq_pending: 'remaining_pending',
  rq: 'remaining_rq',
  rq_retry: 'remaining_retries',
} as const;
