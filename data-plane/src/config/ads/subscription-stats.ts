import { describeStats } from '../../stats/describe-stats.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { ResourceSource } from '../model/resource-source.ts';
import type { SubscriptionStats } from '../subscription.ts';
import { hashVersion } from './version-hash.ts';

export const subscriptionStats = describeStats(
  [
    'cluster_manager.cds.',
    'listener_manager.lds.',
    'http.<stat_prefix>.rds.<route_config>.',
    'sds.<secret>.',
  ],
  (make) => ({
    attempts: make.counter(
      'update_attempt',
      'Waits for an answer on a stream (the end of one begins the next), readings of a file, polls.',
    ),
    successes: make.counter('update_success', 'Answers that were accepted.'),
    rejections: make.counter('update_rejected', 'Answers that were refused, wholly or in part (NACK).'),
    failures: make.counter(
      'update_failure',
      'Times that the stream to the control plane was lost, a file could not be read, or a poll failed.',
    ),
    timeouts: make.counter('init_fetch_timeout', 'First answers that did not come in time.'),
    time: make.gauge('update_time', 'When the last answer was accepted, since 1970.', 'ms'),
    version: make.gauge('version', 'Hash (xxHash64) of the version that was accepted last.', 'hash'),
    versionText: make.text('version_text', 'The version that was accepted last.'),
    duration: make.histogram('update_duration', 'Time to apply an answer that was accepted.', 'ms'),
  }),
);

/**
 * Statistics of one subscription, under Envoy's names. `scope`: who subscribes (`cluster_manager.cds.`). `from`: of a
 * stream, as in Envoy, the end of an attempt begins the next: the wait for the answer that follows; files are read and
 * servers are polled, and each time is an attempt.
 */
export function createSubscriptionStats(
  scope: StatsScope,
  from: ResourceSource['kind'] = 'ads',
): SubscriptionStats {
  const stats = subscriptionStats.create(scope);
  const beginNext = (): void => {
    if (from === 'ads' || from === 'grpc') stats.attempts.inc();
  };
  return {
    onAttempt: () => stats.attempts.inc(),
    onSuccess({ version, atEpochMs, durationMs }) {
      stats.successes.inc();
      beginNext();
      stats.time.set(atEpochMs);
      stats.version.set(hashVersion(version));
      stats.versionText.set(version);
      stats.duration.record(durationMs);
    },
    onRejected() {
      stats.rejections.inc();
      beginNext();
    },
    onFailure() {
      stats.failures.inc();
      beginNext();
    },
    onInitialFetchTimeout() {
      stats.timeouts.inc();
      beginNext();
    },
  };
}

export const silentSubscriptionStats: SubscriptionStats = {
  onAttempt() {},
  onSuccess() {},
  onRejected() {},
  onFailure() {},
  onInitialFetchTimeout() {},
};
