import type { Timer } from '@heddle/shared/time/clock';
import type { ResponseDecoder } from '../../codec/codec.ts';
import type { ConnectionCloseReason } from '../../transport/connection.ts';
import type { WorkerHost } from '../host-set/worker-host.ts';
import type { HttpConnectionPool, PendingStream, PoolCallbacks } from '../upstream.ts';
import {
  Http1PoolConnection,
  type PoolConnectionOwner,
  type PoolConnectionState,
} from './http1-pool-connection.ts';
import { PendingQueue, PendingRequest } from './pending-request.ts';
import type { PoolContext } from './pool-context.ts';

/** A burst opens at most so many connections per request that arrives; each that becomes free helps the rest. */
const maxConnectsPerRequest = 3;

/**
 * The connections of one worker to one host at one priority. Ready connections are a stack: the one used last is
 * used first, so that the rest can idle out. Requests that find none wait in order of arrival. Order of the circuit
 * breakers: a ready connection, then pending, then connections; a pool always gets one connection.
 */
export class Http1ConnectionPool implements HttpConnectionPool, PoolConnectionOwner {
  readonly host: WorkerHost;
  readonly context: PoolContext;
  readonly #ready: Http1PoolConnection[] = [];
  readonly #busy = new Set<Http1PoolConnection>();
  readonly #connecting = new Set<Http1PoolConnection>();
  readonly #pending = new PendingQueue();
  /** Closed ones that have not said so yet are in none of the lists, but exist. */
  #connectionCount = 0;
  #idleTimer: Timer | undefined;
  /** The host or its cluster is gone: what is idle closes, what is busy or waiting finishes. */
  #isDeleted = false;

  constructor(host: WorkerHost, context: PoolContext) {
    this.host = host;
    this.context = context;
  }

  newStream(decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | undefined {
    const connection = this.#ready.pop();
    if (connection !== undefined) {
      if (!this.#attach(connection, decoder, callbacks)) this.#keep(connection);
      return undefined;
    }
    const { resources, stats } = this.context;
    if (!resources.canPend()) {
      stats.pendingOverflow.inc();
      callbacks.onPoolFailure('overflow', '');
      return undefined;
    }
    const request = new PendingRequest(decoder, callbacks, this);
    this.#pending.push(request);
    resources.pendingStarted();
    stats.pendingTotal.inc();
    stats.pendingActive.inc();
    this.host.stats.onRequestPending();
    this.#connectAsNeeded();
    return request.isDone ? undefined : request;
  }

  /** The host left or the cluster was replaced: idle connections close now, busy ones after their request. */
  drainAndDelete(): void {
    this.#isDeleted = true;
    this.#idleTimer?.cancel();
    this.#idleTimer = undefined;
    this.drainExistingConnections();
    this.#closeUnneeded();
  }

  /** The host became unhealthy: its connections take no further request; new ones may be opened. */
  drainExistingConnections(): void {
    for (const connection of this.#ready.splice(0)) connection.close('flush');
    for (const connection of this.#busy) connection.isDraining = true;
  }

  /** The worker ends: everything closes, requests are reset, what waits fails. */
  closeAll(): void {
    this.#isDeleted = true;
    this.#idleTimer?.cancel();
    this.#failPending('local-reset', 'worker_stopped');
    for (const connection of this.#ready.splice(0)) connection.close('abort');
    for (const connection of [...this.#busy, ...this.#connecting]) connection.close('abort');
  }

  get isIdle(): boolean {
    return this.#connectionCount === 0 && this.#pending.size === 0;
  }

  onPendingCancelled(): void {
    this.#pending.onCancelled();
    this.context.stats.requestsCancelled.inc();
    this.#endPending();
    if (this.#isDeleted) this.#closeUnneeded();
  }

  onConnected(connection: Http1PoolConnection): void {
    this.#connecting.delete(connection);
    this.#serveOrKeep(connection);
  }

  onStreamEnded(connection: Http1PoolConnection): void {
    this.#endRequest(connection);
    if (connection.isDraining) {
      // Bytes of an abandoned request that the server does not take would keep the socket open.
      connection.close(connection.connection.writeBufferedBytes > 0 ? 'abort' : 'flush');
      this.#connectAsNeeded();
      return;
    }
    this.#serveOrKeep(connection);
  }

  onIdleConnectionUnusable(connection: Http1PoolConnection): void {
    const at = this.#ready.lastIndexOf(connection);
    if (at >= 0) this.#ready.splice(at, 1);
    connection.close('flush');
  }

  onClosed(
    connection: Http1PoolConnection,
    stateBefore: PoolConnectionState,
    reason: ConnectionCloseReason,
    detail: string,
  ): void {
    const { resources, stats } = this.context;
    this.#connectionCount--;
    resources.connectionClosed();
    stats.connectionsActive.dec();
    this.host.stats.onConnectionClosed();
    if (stateBefore === 'connecting') {
      this.#connecting.delete(connection);
      this.#onConnectFailed(reason, detail);
    } else {
      this.#countDestroyed(reason, stateBefore === 'busy');
      if (stateBefore === 'busy') this.#endRequest(connection);
      const at = stateBefore === 'ready' ? this.#ready.lastIndexOf(connection) : -1;
      if (at >= 0) this.#ready.splice(at, 1);
    }
    this.#connectAsNeeded();
  }

  /** False: too many requests; the request failed and the connection is still free. */
  #attach(connection: Http1PoolConnection, decoder: ResponseDecoder, callbacks: PoolCallbacks): boolean {
    const { resources, stats, cluster } = this.context;
    if (!resources.canRequest()) {
      stats.requestOverflow.inc();
      callbacks.onPoolFailure('overflow', '');
      return false;
    }
    this.#busy.add(connection);
    resources.requestStarted();
    stats.requestsTotal.inc();
    stats.requestsActive.inc();
    this.host.stats.onRequestAttached();
    const encoder = connection.startStream(decoder);
    const { maxRequestsPerConnection } = cluster.http;
    if (maxRequestsPerConnection > 0 && connection.requestCount >= maxRequestsPerConnection) {
      stats.maxRequestsReached.inc();
      connection.isDraining = true;
    }
    if (this.#isDeleted) connection.isDraining = true;
    callbacks.onPoolReady(encoder, connection);
    return true;
  }

  /** A free connection takes the oldest request that waits, or goes on the stack. */
  #serveOrKeep(connection: Http1PoolConnection): void {
    for (let request = this.#pending.shift(); request !== undefined; request = this.#pending.shift()) {
      this.#endPending();
      if (this.#attach(connection, request.decoder, request.callbacks)) {
        this.#connectAsNeeded();
        return;
      }
    }
    if (this.#isDeleted) connection.close('flush');
    else this.#keep(connection);
  }

  #keep(connection: Http1PoolConnection): void {
    connection.state = 'ready';
    connection.readySinceMs = this.context.clock.monotonicMs();
    this.#ready.push(connection);
    const { idleTimeoutMs } = this.context.cluster.http;
    if (idleTimeoutMs > 0 && this.#idleTimer === undefined) this.#setIdleTimer(idleTimeoutMs);
  }

  #connectAsNeeded(): void {
    const { resources, stats } = this.context;
    for (let attempt = 0; attempt < maxConnectsPerRequest; attempt++) {
      if (this.#pending.size <= this.#connecting.size) return;
      const canConnect = resources.canConnect();
      if (!canConnect) stats.connectionOverflow.inc();
      const hasOne = this.#ready.length + this.#busy.size + this.#connecting.size > 0;
      if (!canConnect && hasOne) return;
      this.#connect();
    }
  }

  #connect(): void {
    const { resources, stats } = this.context;
    this.#connectionCount++;
    resources.connectionOpened();
    stats.connectionsTotal.inc();
    stats.http1Total.inc();
    stats.connectionsActive.inc();
    this.host.stats.onConnectionOpened();
    this.context.onTraffic();
    this.#connecting.add(new Http1PoolConnection(this, this.host.address));
  }

  /** Envoy fails everything that waits when one connection could not be made; retries choose another host. */
  #onConnectFailed(reason: ConnectionCloseReason, detail: string): void {
    const { stats } = this.context;
    // Closed by the pool itself, because nobody waits any more.
    if (reason === 'local') return;
    stats.connectFailures.inc();
    this.host.stats.onConnectFailure();
    if (reason === 'connect-timeout') {
      stats.connectTimeouts.inc();
      this.#failPending('connection-timeout', '');
    } else {
      this.#failPending('remote-connection-failure', `delayed connect error: ${detail}`);
    }
  }

  #failPending(
    reason: 'connection-timeout' | 'remote-connection-failure' | 'local-reset',
    detail: string,
  ): void {
    const requests = this.#pending.takeAll();
    // All are out of the counts before the first hears of it: it may ask for a new stream at once.
    requests.forEach(() => this.#endPending());
    for (const request of requests) {
      this.context.stats.pendingFailureEject.inc();
      request.callbacks.onPoolFailure(reason, detail);
    }
  }

  #endPending(): void {
    this.context.resources.pendingEnded();
    this.context.stats.pendingActive.dec();
    this.host.stats.onRequestNoLongerPending();
  }

  #endRequest(connection: Http1PoolConnection): void {
    if (!this.#busy.delete(connection)) return;
    this.context.resources.requestEnded();
    this.context.stats.requestsActive.dec();
    this.host.stats.onRequestDetached();
  }

  #closeUnneeded(): void {
    for (const connection of this.#connecting) {
      if (this.#connecting.size <= this.#pending.size) return;
      this.#connecting.delete(connection);
      connection.close('abort');
    }
  }

  #countDestroyed(reason: ConnectionCloseReason, wasBusy: boolean): void {
    const { stats } = this.context;
    const isLocal = reason === 'local';
    stats.destroyed.inc();
    (isLocal ? stats.destroyedLocal : stats.destroyedRemote).inc();
    if (!wasBusy) return;
    stats.destroyedWithActiveRequest.inc();
    (isLocal ? stats.destroyedLocalWithActiveRequest : stats.destroyedRemoteWithActiveRequest).inc();
  }

  #setIdleTimer(delayMs: number): void {
    this.#idleTimer = this.context.clock.setTimer(delayMs, () => this.#closeIdle());
  }

  /** One timer per pool: the bottom of the stack has been idle for longest. */
  #closeIdle(): void {
    this.#idleTimer = undefined;
    const { clock, stats, cluster } = this.context;
    const nowMs = clock.monotonicMs();
    let oldest = this.#ready[0];
    while (oldest !== undefined && nowMs - oldest.readySinceMs >= cluster.http.idleTimeoutMs) {
      this.#ready.shift();
      stats.idleTimeouts.inc();
      oldest.close('flush');
      oldest = this.#ready[0];
    }
    if (oldest !== undefined) {
      this.#setIdleTimer(Math.max(1, oldest.readySinceMs + cluster.http.idleTimeoutMs - nowMs));
    }
  }
}
