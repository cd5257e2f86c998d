import type { ConnectionCloseReason } from '../../transport/connection.ts';
import type { WorkerHost } from '../host-set/worker-host.ts';
import type { PoolContext } from './pool-context.ts';

/** Everything that is counted three times: circuit breaker, statistics of the cluster, numbers of the host. */
export class PoolAccounting {
  readonly #host: WorkerHost;
  readonly #context: PoolContext;

  constructor(host: WorkerHost, context: PoolContext) {
    this.#host = host;
    this.#context = context;
  }

  connectionOpened(): void {
    const { resources, stats, onTraffic } = this.#context;
    resources.connectionOpened();
    stats.connectionsTotal.inc();
    this.#context.protocolTotal?.inc();
    stats.connectionsActive.inc();
    this.#host.stats.onConnectionOpened();
    onTraffic();
  }

  connectionClosed(): void {
    this.#context.resources.connectionClosed();
    this.#context.stats.connectionsActive.dec();
    this.#host.stats.onConnectionClosed();
  }

  connectFailed(isTimeout: boolean): void {
    this.#context.stats.connectFailures.inc();
    if (isTimeout) this.#context.stats.connectTimeouts.inc();
    this.#host.stats.onConnectFailure();
  }

  /** A connection that had been established is gone. */
  connectionDestroyed(reason: ConnectionCloseReason, wasBusy: boolean): void {
    const { stats } = this.#context;
    const isLocal = reason === 'local';
    stats.destroyed.inc();
    (isLocal ? stats.destroyedLocal : stats.destroyedRemote).inc();
    if (!wasBusy) return;
    stats.destroyedWithActiveRequest.inc();
    (isLocal ? stats.destroyedLocalWithActiveRequest : stats.destroyedRemoteWithActiveRequest).inc();
  }

  pendingStarted(): void {
    const { resources, stats } = this.#context;
    resources.pendingStarted();
    stats.pendingTotal.inc();
    stats.pendingActive.inc();
    this.#host.stats.onRequestPending();
  }

  pendingEnded(): void {
    this.#context.resources.pendingEnded();
    this.#context.stats.pendingActive.dec();
    this.#host.stats.onRequestNoLongerPending();
  }

  requestStarted(): void {
    const { resources, stats } = this.#context;
    resources.requestStarted();
    stats.requestsTotal.inc();
    stats.requestsActive.inc();
    this.#host.stats.onRequestAttached();
  }

  requestEnded(): void {
    this.#context.resources.requestEnded();
    this.#context.stats.requestsActive.dec();
    this.#host.stats.onRequestDetached();
  }
}
