import { describeStats, type StatsOf } from '../../stats/describe-stats.ts';

export const healthCheckStats = describeStats(['cluster.<cluster>.health_check.'], (make) => ({
  attempt: make.counter('attempt', 'Health checks that were begun.'),
  success: make.counter('success', 'Checks that succeeded.'),
  failure: make.counter(
    'failure',
    'Checks that failed, for whatever reason; also hosts that failed themselves in an answer to a request.',
  ),
  passiveFailure: make.counter(
    'passive_failure',
    'Hosts that answered a request with `x-envoy-immediate-health-check-fail`.',
  ),
  networkFailure: make.counter(
    'network_failure',
    'Checks that failed for want of a connection or an answer.',
  ),
  healthy: make.gauge('healthy', 'Hosts that are checked and have not failed.', 'hosts'),
  degraded: make.gauge('degraded', 'Hosts whose checks say that they are degraded.', 'hosts'),
}));

export type HealthCheckStats = StatsOf<typeof healthCheckStats>;
