import type { StreamInfo } from '../downstream/http/stream-info.ts';
import { addFlag } from '../downstream/http/stream-info-record.ts';
import type { ResourcePriority, ThreadLocalCluster } from '../upstream/upstream.ts';
import type { RetryState } from './retry.ts';

/** What the retries of one request do to statistics, flags and the circuit breaker. */
export class RetryAccounting {
  readonly #cluster: ThreadLocalCluster;
  readonly #priority: ResourcePriority;
  /** A retry is under way: from the decision until its attempt has ended or answered. */
  #isCounted = false;

  constructor(cluster: ThreadLocalCluster, priority: ResourcePriority) {
    this.#cluster = cluster;
    this.#priority = priority;
  }

  /** An attempt ended. True: a retry was granted and has begun to count. */
  decide(retry: RetryState, isWanted: boolean, info: StreamInfo): boolean {
    const { retries } = this.#cluster.stats;
    const resources = this.#cluster.resources(this.#priority);
    if (this.#isCounted && !isWanted) retries.succeeded.inc();
    this.end();
    switch (retry.decide(isWanted, () => resources.canRetry())) {
      case 'retry':
        this.#isCounted = true;
        resources.retryStarted();
        retries.attempted.inc();
        retries.backOffExponential.inc();
        return true;
      case 'limit-exceeded':
        retries.limitExceeded.inc();
        addFlag(info, 'URX');
        return false;
      case 'overflow':
        retries.overflow.inc();
        addFlag(info, 'UO');
        return false;
      case 'no':
        return false;
    }
  }

  /** No retry is under way any more. Idempotent. */
  end(): void {
    if (this.#isCounted) this.#cluster.resources(this.#priority).retryEnded();
    this.#isCounted = false;
  }
}
