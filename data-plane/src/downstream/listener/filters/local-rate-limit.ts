import type { Clock } from '@heddle/shared/time/clock';
import type { ListenerRateLimit } from '../../../config/model/listener-filters.ts';
import { describeStats, type StatsOf } from '../../../stats/describe-stats.ts';
import type { StatsScope } from '../../../stats/stats.ts';
import type { ListenerFilter, ListenerFilterStatus } from './listener-filter.ts';
import { takeToken } from './token-bucket.ts';

export const listenerRateLimitStats = describeStats(['listener_local_ratelimit.<stat_prefix>.'], (make) => ({
  limited: make.counter('rate_limited', 'Connections that were closed since too many came before them.'),
}));

/** `listener_local_ratelimit.<stat_prefix>.` */
export function rateLimitScopeOf({ statPrefix }: ListenerRateLimit): string {
  return `listener_local_ratelimit.${statPrefix}.`;
}

/** Takes a token for each connection, from a bucket that all workers share, and closes those that find none. */
export class LocalRateLimit implements ListenerFilter {
  readonly #config: ListenerRateLimit;
  readonly #clock: Clock;
  readonly #stats: StatsOf<typeof listenerRateLimitStats>;
  readonly #bucket: BigInt64Array;

  /** `scope`: the root. */
  constructor(config: ListenerRateLimit, clock: Clock, scope: StatsScope) {
    this.#config = config;
    this.#clock = clock;
    this.#stats = listenerRateLimitStats.create(scope.scope(rateLimitScopeOf(config)));
    this.#bucket = new BigInt64Array(config.bucket);
  }

  inspect(): ListenerFilterStatus {
    if (!this.#config.isEnabled) return 'continue';
    if (takeToken(this.#bucket, this.#config, this.#clock.now())) return 'continue';
    this.#stats.limited.inc();
    return 'close';
  }
}
