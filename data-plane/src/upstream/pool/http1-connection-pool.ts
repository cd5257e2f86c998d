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
import { PoolAccounting } from './pool-accounting.ts';
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
  readonly #connecting = new Set<Http1PoolConnection>();
  /** All of them, until they have said that they are closed. */
  readonly #connections = new Set<Http1PoolConnection>();
  readonly #pending = new PendingQueue();
  readonly #accounting: PoolAccounting;
  #idleTimer: Timer | undefined;
  /** The host or its cluster is gone: what is idle closes, what is busy or waiting finishes. */
  #isDeleted = false;

  constructor(host: WorkerHost, context: PoolContext) {
    this.host = host;
    this.context = context;
    this.#accounting = new PoolAccounting(host, context);
  }

  newStream(
    decoder: ResponseDecoder,
    callbacks: PoolCallbacks,
    needsFreshConnection: boolean,
  ): PendingStream | undefined {
    const connection = needsFreshConnection ? this.#takeUnused() : this.#takeReady();
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
    const request = new PendingRequest(decoder, callbacks, needsFreshConnection, this);
    this.#pending.push(request);
    this.#accounting.pendingStarted();
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
    for (const connection of this.#connections) connection.isDraining ||= connection.hasRequest;
  }

  /** The worker ends: everything closes, requests are reset, what waits fails. */
  closeAll(): void {
    this.#isDeleted = true;
    this.#idleTimer?.cancel();
    this.#failPending('local-reset', 'worker_stopped');
    this.#ready.length = 0;
    for (const connection of [...this.#connections]) connection.close('abort');
  }

  onPendingCancelled(): void {
    this.#pending.onCancelled();
    this.context.stats.requestsCancelled.inc();
    this.#accounting.pendingEnded();
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
    this.#connections.delete(connection);
    this.#accounting.connectionClosed();
    if (stateBefore === 'connecting') {
      this.#connecting.delete(connection);
      this.#onConnectFailed(reason, detail);
    } else {
      this.#accounting.connectionDestroyed(reason, stateBefore === 'busy');
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
    connection.hasRequest = true;
    this.#accounting.requestStarted();
    const encoder = connection.startStream(decoder);
    const { maxRequestsPerConnection } = cluster.http;
    if (maxRequestsPerConnection > 0 && connection.requestCount >= maxRequestsPerConnection) {
      stats.maxRequestsReached.inc();
      connection.isDraining = true;
    }
    callbacks.onPoolReady(encoder, connection);
    return true;
  }

  /** A free connection takes the oldest request that waits, or goes on the stack. */
  #serveOrKeep(connection: Http1PoolConnection): void {
    const isFresh = connection.requestCount === 0;
    for (;;) {
      const request = this.#pending.shift(isFresh);
      if (request === undefined) break;
      this.#accounting.pendingEnded();
      if (this.#attach(connection, request.decoder, request.callbacks)) {
        this.#connectAsNeeded();
        return;
      }
    }
    if (this.#isDeleted) connection.close('flush');
    else this.#keep(connection);
    if (this.#pending.size > 0) this.#connectAsNeeded();
  }

  /** The connection that was used last, unless the server is about to close it: then the others are older still. */
  #takeReady(): Http1PoolConnection | undefined {
    const connection = this.#ready.pop();
    if (connection?.isAboutToClose(this.context.clock.monotonicMs()) !== true) return connection;
    const stale = [connection, ...this.#ready.splice(0)];
    for (const idle of stale) {
      this.context.stats.idleTimeouts.inc();
      idle.close('flush');
    }
    return undefined;
  }

  #takeUnused(): Http1PoolConnection | undefined {
    const at = this.#ready.findLastIndex((connection) => connection.requestCount === 0);
    return at < 0 ? undefined : this.#ready.splice(at, 1)[0];
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
      if (!canConnect && this.#connections.size > 0) {
        // What waits beside a ready connection wants a fresh one: that one makes room.
        this.#ready.shift()?.close('flush');
        return;
      }
      this.#connect();
    }
  }

  #connect(): void {
    this.#accounting.connectionOpened();
    const connection = new Http1PoolConnection(this, this.host.address);
    this.#connections.add(connection);
    this.#connecting.add(connection);
  }

  /** Envoy fails everything that waits when one connection could not be made; retries choose another host. */
  #onConnectFailed(reason: ConnectionCloseReason, detail: string): void {
    // Closed by the pool itself, because nobody waits any more.
    if (reason === 'local') return;
    const isTimeout = reason === 'connect-timeout';
    this.#accounting.connectFailed(isTimeout);
    if (isTimeout) this.#failPending('connection-timeout', '');
    else this.#failPending('remote-connection-failure', `delayed connect error: ${detail}`);
  }

  #failPending(
    reason: 'connection-timeout' | 'remote-connection-failure' | 'local-reset',
    detail: string,
  ): void {
    const requests = this.#pending.takeAll();
    // All are out of the counts before the first hears of it: it may ask for a new stream at once.
    requests.forEach(() => this.#accounting.pendingEnded());
    for (const request of requests) {
      this.context.stats.pendingFailureEject.inc();
      request.callbacks.onPoolFailure(reason, detail);
    }
  }

  #endRequest(connection: Http1PoolConnection): void {
    if (!connection.hasRequest) return;
    connection.hasRequest = false;
    this.#accounting.requestEnded();
  }

  #closeUnneeded(): void {
    for (const connection of this.#connecting) {
      if (this.#connecting.size <= this.#pending.size) return;
      this.#connecting.delete(connection);
      connection.close('abort');
    }
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
