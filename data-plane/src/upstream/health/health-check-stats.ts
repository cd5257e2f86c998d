import type { Counter, Gauge, StatsScope } from '../../stats/stats.ts';

/** `cluster.<name>.health_check.*`. */
export interface HealthCheckStats {
  readonly attempt: Counter;
  readonly success: Counter;
  readonly failure: Counter;
  readonly passiveFailure: Counter;
  readonly networkFailure: Counter;
  readonly verifyCluster: Counter;
  readonly healthy: Gauge;
  readonly degraded: Gauge;
}

/** `cluster`: the cluster's scope. */
export function createHealthCheckStats(cluster: StatsScope): HealthCheckStats {
  const scope = cluster.scope('health_check.');
  return {
    attempt: scope.counter('attempt'),
    success: scope.counter('success'),
    failure: scope.counter('failure'),
    passiveFailure: scope.counter('passive_failure'),
    networkFailure: scope.counter('network_failure'),
    verifyCluster: scope.counter('verify_cluster'),
    healthy: scope.gauge('healthy'),
    degraded: scope.gauge('degraded'),
  };
}
