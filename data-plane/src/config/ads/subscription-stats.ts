import type { UpdateStatsScope } from '../subscription.ts';

/** Statistics of one subscription, under Envoy's names and the prefix of who subscribes (`cluster_manager.cds.`). */
export interface SubscriptionStats {
  onAttempt(): void;
  onSuccess(atEpochMs: number, durationMs: number): void;
  onRejected(): void;
  /** The stream was lost. */
  onFailure(): void;
  onInitialFetchTimeout(): void;
}

export function createSubscriptionStats(scope: UpdateStatsScope | undefined): SubscriptionStats {
  if (scope === undefined) return silentStats;
  const attempts = scope.counter('update_attempt');
  const successes = scope.counter('update_success');
  const rejections = scope.counter('update_rejected');
  const failures = scope.counter('update_failure');
  const timeouts = scope.counter('init_fetch_timeout');
  const time = scope.gauge('update_time');
  const duration = scope.histogram('update_duration');
  // As in Envoy, the end of an attempt begins the next: the wait for the answer that follows.
  return {
    onAttempt: () => attempts.inc(),
    onSuccess(atEpochMs, durationMs) {
      successes.inc();
      attempts.inc();
      time.set(atEpochMs);
      duration.record(durationMs);
    },
    onRejected() {
      rejections.inc();
      attempts.inc();
    },
    onFailure() {
      failures.inc();
      attempts.inc();
    },
    onInitialFetchTimeout() {
      timeouts.inc();
      attempts.inc();
    },
  };
}

const silentStats: SubscriptionStats = {
  onAttempt() {},
  onSuccess() {},
  onRejected() {},
  onFailure() {},
  onInitialFetchTimeout() {},
};
