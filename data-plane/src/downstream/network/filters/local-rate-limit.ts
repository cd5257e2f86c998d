import type { Clock } from '@heddle/shared/time/clock';
import type { ConnectionRateLimit } from '../../../config/model/network-filter.ts';
import { describeStats, type StatsOf } from '../../../stats/describe-stats.ts';
import type { StatsScope } from '../../../stats/stats.ts';
import { takeToken } from '../../listener/filters/token-bucket.ts';
import type { FilterStatus, NetworkFilter, NetworkFilterCallbacks } from '../network-filter.ts';

export const connectionRateLimitStats = describeStats(['local_rate_limit.<stat_prefix>.'], (make) => ({
  limited: make.counter('rate_limited', 'Connections that were closed since too many came before them.'),
}));

/** Envoy's `local_ratelimit` of one filter chain: a token for each connection; who finds none is closed. */
export function createLocalRateLimitFilter(
  config: ConnectionRateLimit,
  clock: Clock,
  stats: StatsScope,
): () => NetworkFilter {
  const limit: Limit = {
    config,
    clock,
    stats: connectionRateLimitStats.create(stats.scope(`local_rate_limit.${config.statPrefix}.`)),
    bucket: new BigInt64Array(config.bucket),
  };
  return () => new LocalRateLimitFilter(limit);
}

interface Limit {
  readonly config: ConnectionRateLimit;
  readonly clock: Clock;
  readonly stats: StatsOf<typeof connectionRateLimitStats>;
  readonly bucket: BigInt64Array;
}

class LocalRateLimitFilter implements NetworkFilter {
  readonly #limit: Limit;
  #callbacks: NetworkFilterCallbacks | undefined;

  constructor(limit: Limit) {
    this.#limit = limit;
  }

  setCallbacks(callbacks: NetworkFilterCallbacks): void {
    this.#callbacks = callbacks;
  }

  onNewConnection(): FilterStatus {
    const { config, clock, stats, bucket } = this.#limit;
    if (!config.isEnabled || takeToken(bucket, config, clock.now())) return 'continue';
    stats.limited.inc();
    if (this.#callbacks !== undefined) {
      // Envoy's word for it.
      this.#callbacks.info.flag = 'URX';
      this.#callbacks.connection.close('abort');
    }
    return 'stop-iteration';
  }
}
