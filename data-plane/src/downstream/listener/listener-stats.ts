import type { Clock } from '@heddle/shared/time/clock';
import { formatAddress } from '../../config/model/address.ts';
import type { Listener } from '../../config/model/listener.ts';
import { describeStats, type StatsOf } from '../../stats/describe-stats.ts';
import type { StatsScope } from '../../stats/stats.ts';
import { TlsStats } from '../../transport/tls/tls-stats.ts';

export const listenerConnectionStats = describeStats(['listener.<address>.'], (make) => ({
  total: make.counter('downstream_cx_total', 'Connections that were accepted and found a filter chain.'),
  active: make.gauge('downstream_cx_active', 'Connections that are open.', 'connections'),
  destroy: make.counter('downstream_cx_destroy', 'Connections that have ended.'),
  lengthMs: make.histogram('downstream_cx_length_ms', 'Lifetime of a connection.', 'ms'),
  overflow: make.counter(
    'downstream_cx_overflow',
    'Connections that were closed at once because of a limit of connections.',
  ),
  globalOverflow: make.counter(
    'downstream_global_cx_overflow',
    'Connections that were closed at once because of the limit of all connections of the process.',
  ),
  preActive: make.gauge(
    'downstream_pre_cx_active',
    'Connections that are looked into before a filter chain is chosen.',
    'connections',
  ),
  preTimeout: make.counter(
    'downstream_pre_cx_timeout',
    'Connections that could not be looked into in time: `listener_filters_timeout`.',
  ),
  filterRemoteClose: make.counter(
    'downstream_listener_filter_remote_close',
    'Connections whose client went before a filter chain was chosen.',
  ),
  transportSocketConnectTimeout: make.counter(
    'downstream_cx_transport_socket_connect_timeout',
    'TLS handshakes that took too long: `transport_socket_connect_timeout`.',
  ),
  noFilterChainMatch: make.counter(
    'no_filter_chain_match',
    'Connections that were closed at once because no filter chain fits them.',
  ),
}));

export const listenerWorkerStats = describeStats(['listener.<address>.worker_<index>.'], (make) => ({
  total: make.counter('downstream_cx_total', 'Connections that this worker accepted.'),
  active: make.gauge('downstream_cx_active', 'Connections that this worker holds.', 'connections'),
}));

export const listenerSecretStats = describeStats(
  ['listener.<address>.server_ssl_socket_factory.'],
  (make) => ({
    notReady: make.counter(
      'downstream_context_secrets_not_ready',
      'Connections that were closed because a secret of their TLS context had not come.',
    ),
  }),
);

/** What a listener counts in one worker; the worker's share once more below it. */
export class ListenerStats {
  readonly scope: StatsScope;
  readonly #clock: Clock;
  /** Made for the first connection with TLS. */
  #tls: TlsStats | undefined;
  readonly #connections: StatsOf<typeof listenerConnectionStats>;
  readonly #worker: StatsOf<typeof listenerWorkerStats>;

  /** `scope`: `listener.<address>.` */
  constructor(scope: StatsScope, workerIndex: number, clock: Clock) {
    this.scope = scope;
    this.#clock = clock;
    this.#connections = listenerConnectionStats.create(scope);
    this.#worker = listenerWorkerStats.create(scope.scope(`worker_${workerIndex}.`));
  }

  get overflow() {
    return this.#connections.overflow;
  }

  get globalOverflow() {
    return this.#connections.globalOverflow;
  }

  get noFilterChainMatch() {
    return this.#connections.noFilterChainMatch;
  }

  get preActive() {
    return this.#connections.preActive;
  }

  get preTimeout() {
    return this.#connections.preTimeout;
  }

  get filterRemoteClose() {
    return this.#connections.filterRemoteClose;
  }

  get transportSocketConnectTimeout() {
    return this.#connections.transportSocketConnectTimeout;
  }

  get secretsNotReady() {
    return listenerSecretStats.create(this.scope.scope('server_ssl_socket_factory.')).notReady;
  }

  get tls(): TlsStats {
    return (this.#tls ??= new TlsStats(this.scope.scope('ssl.'), 'downstream'));
  }

  /** Returns the moment, for `onDisconnect`. */
  onConnect(): number {
    this.#connections.total.inc();
    this.#connections.active.inc();
    this.#worker.total.inc();
    this.#worker.active.inc();
    return this.#clock.monotonicMs();
  }

  onDisconnect(connectedMs: number): void {
    this.#connections.active.dec();
    this.#worker.active.dec();
    this.#connections.destroy.inc();
    this.#connections.lengthMs.record(this.#clock.monotonicMs() - connectedMs);
  }
}

/** `listener.<address>.`, with `:` as `_`, or the configured prefix in place of the address. */
export function scopeNameOf(listener: Listener): string {
  return `listener.${(listener.statPrefix || formatAddress(listener.address)).replaceAll(':', '_')}.`;
}
