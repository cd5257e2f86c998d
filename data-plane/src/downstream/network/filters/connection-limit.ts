import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { ConnectionLimit } from '../../../config/model/network-filter.ts';
import { describeStats, type StatsOf } from '../../../stats/describe-stats.ts';
import type { StatsScope } from '../../../stats/stats.ts';
import type { FilterStatus, NetworkFilter, NetworkFilterCallbacks } from '../network-filter.ts';

export const connectionLimitStats = describeStats(['connection_limit.<stat_prefix>.'], (make) => ({
  active: make.gauge(
    'active_connections',
    'Connections that came to the filter and are open, those among them that are too many.',
    'connections',
  ),
  limited: make.counter('limited_connections', 'Connections that were too many, and closed.'),
}));

/** Envoy's `connection_limit` of one filter chain: so many connections at a time, over all workers. */
export function createConnectionLimitFilter(
  config: ConnectionLimit,
  workerIndex: number,
  clock: Clock,
  stats: StatsScope,
): () => NetworkFilter {
  const limit: SharedLimit = {
    config,
    clock,
    stats: connectionLimitStats.create(stats.scope(`connection_limit.${config.statPrefix}.`)),
    counts: new Int32Array(config.counts),
    workerIndex,
  };
  // Those of a worker that died are gone.
  limit.counts[workerIndex] = 0;
  return () => new ConnectionLimitFilter(limit);
}

interface SharedLimit {
  readonly config: ConnectionLimit;
  readonly clock: Clock;
  readonly stats: StatsOf<typeof connectionLimitStats>;
  /** Each worker writes its own place only: several that accept at once may pass the limit by one each. */
  readonly counts: Int32Array;
  readonly workerIndex: number;
}

class ConnectionLimitFilter implements NetworkFilter {
  readonly #limit: SharedLimit;
  #callbacks: NetworkFilterCallbacks | undefined;
  #state: 'unknown' | 'counted' | 'refused' = 'unknown';
  #delay: Timer | undefined;

  constructor(limit: SharedLimit) {
    this.#limit = limit;
  }

  setCallbacks(callbacks: NetworkFilterCallbacks): void {
    this.#callbacks = callbacks;
  }

  onNewConnection(): FilterStatus {
    const { config, stats, counts, clock } = this.#limit;
    if (!config.isEnabled) return 'continue';
    stats.active.inc();
    if (counts.reduce((sum, count) => sum + count, 0) < config.maxConnections) {
      this.#state = 'counted';
      this.#count(1);
      return 'continue';
    }
    this.#state = 'refused';
    stats.limited.inc();
    if (config.delayMs > 0) this.#delay = clock.setTimer(config.delayMs, () => this.#refuse());
    else this.#refuse();
    return 'stop-iteration';
  }

  onData(): FilterStatus {
    return this.#state === 'refused' ? 'stop-iteration' : 'continue';
  }

  onClose(): void {
    this.#delay?.cancel();
    if (this.#state === 'unknown') return;
    this.#limit.stats.active.dec();
    if (this.#state === 'counted') this.#count(-1);
  }

  #refuse(): void {
    this.#callbacks?.connection.close('flush');
  }

  #count(change: 1 | -1): void {
    const { counts, workerIndex } = this.#limit;
    counts[workerIndex] = (counts[workerIndex] ?? 0) + change;
  }
}
