import type { Timer } from '@heddle/shared/time/clock';
import type { ResponseDecoder } from '../../codec/codec.ts';
import { leastConcurrentStreams } from '../../codec/http2/settings.ts';
import { isPipe } from '../../config/model/address.ts';
import type { ConnectionCloseReason } from '../../transport/connection.ts';
import type { TransportSocketOptions } from '../../transport/transport-socket-options.ts';
import type { WorkerHost } from '../host-set/worker-host.ts';
import type { HttpConnectionPool, PendingStream, PoolCallbacks } from '../upstream.ts';
import { PoolConnection, type PoolConnectionOwner } from './pool-connection.ts';
import { PendingQueue, PendingRequest } from './pending-request.ts';
import { PoolAccounting } from './pool-accounting.ts';
import type { PoolContext } from './pool-context.ts';

/** A burst opens at most so many connections per request that arrives; each that becomes free helps the rest. */
const maxConnectsPerRequest = 3;

/**
 * The connections of one worker to one host at one priority. Those that can take a request are a stack: the one used
 * last is used first, so that the rest can idle out. With HTTP/1.1 a connection takes one request at a time, with HTTP/2
 * as many as both sides allow, and only then is another one opened. Requests that find none wait in order of arrival.
 * Order of the circuit breakers: a ready connection, then pending, then connections; a pool always gets one connection.
 */
export class ConnectionPool implements HttpConnectionPool, PoolConnectionOwner {
  readonly host: WorkerHost;
  readonly context: PoolContext;
  readonly socketOptions: TransportSocketOptions | undefined;
  /** Those that have said that they can take a request; what has changed since is seen when one is taken. */
  readonly #ready: PoolConnection[] = [];
  readonly #connecting = new Set<PoolConnection>();
  /** All of them, until they have said that they are closed. */
  readonly #connections = new Set<PoolConnection>();
  readonly #pending = new PendingQueue();
  readonly #accounting: PoolAccounting;
  readonly #onEmpty: ((pool: ConnectionPool) => void) | undefined;
  #idleTimer: Timer | undefined;
  /** Requests that a connection which is being opened is expected to take at a time: as the last one did. */
  #expectedCapacity: number;
  /** The host or its cluster is gone: what is idle closes, what is busy or waiting finishes. */
  #isDeleted = false;

  /** `onEmpty`: it has no connection and nobody waits; its owner may forget it. */
  constructor(
    host: WorkerHost,
    context: PoolContext,
    socketOptions?: TransportSocketOptions,
    onEmpty?: (pool: ConnectionPool) => void,
  ) {
    this.host = host;
    this.context = context;
    this.socketOptions = socketOptions;
    this.#onEmpty = onEmpty;
    this.#accounting = new PoolAccounting(host, context);
    this.#expectedCapacity = Math.min(context.expectedStreamCapacity, leastConcurrentStreams);
  }

  newStream(
    decoder: ResponseDecoder,
    callbacks: PoolCallbacks,
    needsFreshConnection: boolean,
  ): PendingStream | undefined {
    const connection = needsFreshConnection ? this.#takeUnused() : this.#takeReady();
    if (connection !== undefined) {
      this.#attach(connection, decoder, callbacks);
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

  get carriesTcp(): boolean {
    return this.context.carriesTcp;
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
    for (const connection of this.#ready.splice(0)) {
      connection.isListed = false;
      if (connection.activeCount === 0) connection.close('flush');
    }
    for (const connection of this.#connections) connection.isDraining ||= connection.activeCount > 0;
  }

  /** The host failed, and nothing is to go on there: what each connection carries ends with it. */
  closeConnections(): void {
    for (const connection of [...this.#connections]) {
      // A host that takes nothing any more would keep the socket open.
      connection.close(connection.connection.writeBufferedBytes > 0 ? 'abort' : 'flush');
    }
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

  onConnected(connection: PoolConnection): void {
    this.#connecting.delete(connection);
    this.#learnCapacity(connection);
    this.#serveOrKeep(connection);
  }

  onStreamEnded(connection: PoolConnection): void {
    this.#accounting.requestEnded();
    if (connection.isDraining) {
      if (connection.activeCount > 0) return;
      // Bytes of an abandoned request that the server does not take would keep the socket open.
      connection.close(connection.connection.writeBufferedBytes > 0 ? 'abort' : 'flush');
      this.#connectAsNeeded();
      return;
    }
    this.#serveOrKeep(connection);
  }

  onCapacityChange(connection: PoolConnection): void {
    this.#learnCapacity(connection);
    if (connection.hasCapacity && !connection.isListed) this.#serveOrKeep(connection);
  }

  onIdleConnectionUnusable(connection: PoolConnection): void {
    this.#unlist(connection);
    connection.close('flush');
  }

  onClosed(
    connection: PoolConnection,
    before: { readonly wasConnecting: boolean; readonly wasBusy: boolean },
    reason: ConnectionCloseReason,
    detail: string,
  ): void {
    this.#connections.delete(connection);
    this.#unlist(connection);
    this.#accounting.connectionClosed();
    if (before.wasConnecting) {
      this.#connecting.delete(connection);
      this.#onConnectFailed(reason, detail);
    } else {
      this.#accounting.connectionDestroyed(reason, before.wasBusy);
      for (; connection.activeCount > 0; connection.activeCount--) this.#accounting.requestEnded();
    }
    this.#connectAsNeeded();
    if (this.#connections.size === 0 && this.#pending.size === 0) this.#onEmpty?.(this);
  }

  /** False: too many requests; the request failed and the connection is as free as before. */
  #attach(connection: PoolConnection, decoder: ResponseDecoder, callbacks: PoolCallbacks): boolean {
    const { resources, stats, cluster } = this.context;
    if (!resources.canRequest()) {
      stats.requestOverflow.inc();
      this.#keep(connection);
      callbacks.onPoolFailure('overflow', '');
      return false;
    }
    this.#accounting.requestStarted();
    const encoder = connection.startStream(decoder);
    const { maxRequestsPerConnection } = cluster.http;
    if (maxRequestsPerConnection > 0 && connection.requestCount >= maxRequestsPerConnection) {
      stats.maxRequestsReached.inc();
      connection.isDraining = true;
    }
    // Before the request goes out: whatever comes of it may want a connection.
    if (connection.hasCapacity) this.#keep(connection);
    callbacks.onPoolReady(encoder, connection);
    return true;
  }

  /** A connection takes the oldest requests that wait, as many as it can, or goes on the stack. */
  #serveOrKeep(connection: PoolConnection): void {
    while (connection.hasCapacity) {
      const request = this.#pending.shift(connection.requestCount === 0);
      if (request === undefined) break;
      this.#unlist(connection);
      this.#accounting.pendingEnded();
      this.#attach(connection, request.decoder, request.callbacks);
    }
    if (connection.activeCount === 0 && this.#isDeleted) connection.close('flush');
    else if (connection.hasCapacity) this.#keep(connection);
    if (this.#pending.size > 0) this.#connectAsNeeded();
  }

  /** The connection that was used last, unless the server is about to close it: then the others are older still. */
  #takeReady(): PoolConnection | undefined {
    for (let connection = this.#pop(); connection !== undefined; connection = this.#pop()) {
      if (!connection.hasCapacity) continue;
      if (connection.activeCount > 0) return connection;
      if (!connection.isAboutToClose(this.context.clock.monotonicMs())) return connection;
      this.context.stats.idleTimeouts.inc();
      connection.close('flush');
    }
    return undefined;
  }

  #pop(): PoolConnection | undefined {
    const connection = this.#ready.pop();
    if (connection !== undefined) connection.isListed = false;
    return connection;
  }

  #takeUnused(): PoolConnection | undefined {
    const connection = this.#ready.findLast(({ requestCount }) => requestCount === 0);
    if (connection !== undefined) this.#unlist(connection);
    return connection;
  }

  #keep(connection: PoolConnection): void {
    if (connection.activeCount === 0) connection.idleSinceMs = this.context.clock.monotonicMs();
    if (!connection.isListed) {
      connection.isListed = true;
      this.#ready.push(connection);
    }
    const { idleTimeoutMs } = this.context.cluster.http;
    if (idleTimeoutMs > 0 && this.#idleTimer === undefined) this.#setIdleTimer(idleTimeoutMs);
  }

  #unlist(connection: PoolConnection): void {
    if (!connection.isListed) return;
    connection.isListed = false;
    this.#ready.splice(this.#ready.lastIndexOf(connection), 1);
  }

  /** The next connection will take as many requests at a time. */
  #learnCapacity({ streamCapacity }: PoolConnection): void {
    this.#expectedCapacity = Math.min(this.context.expectedStreamCapacity, streamCapacity || 1);
  }

  #connectAsNeeded(): void {
    const { resources, stats } = this.context;
    for (let attempt = 0; attempt < maxConnectsPerRequest; attempt++) {
      if (this.#pending.size <= this.#connecting.size * this.#expectedCapacity) return;
      const canConnect = resources.canConnect();
      if (!canConnect) stats.connectionOverflow.inc();
      if (!canConnect && this.#connections.size > 0) {
        // What waits beside a ready connection wants a fresh one: that one makes room.
        const oldest = this.#ready.find(({ activeCount }) => activeCount === 0);
        if (oldest !== undefined) this.onIdleConnectionUnusable(oldest);
        return;
      }
      this.#connect();
    }
  }

  #connect(): void {
    this.#accounting.connectionOpened();
    const connection = new PoolConnection(this, this.host);
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
    else this.#failPending('remote-connection-failure', connectFailureOf(this.host, detail));
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

  #closeUnneeded(): void {
    for (const connection of this.#connecting) {
      if ((this.#connecting.size - 1) * this.#expectedCapacity < this.#pending.size) return;
      this.#connecting.delete(connection);
      connection.close('abort');
    }
  }

  #setIdleTimer(delayMs: number): void {
    this.#idleTimer = this.context.clock.setTimer(delayMs, () => this.#closeIdle());
  }

  /** One timer per pool, for the connection that is next. */
  #closeIdle(): void {
    this.#idleTimer = undefined;
    const { clock, stats, cluster } = this.context;
    const nowMs = clock.monotonicMs();
    let nextDueMs = Infinity;
    for (const connection of [...this.#ready]) {
      if (connection.activeCount > 0) continue;
      const dueMs = connection.idleSinceMs + cluster.http.idleTimeoutMs;
      if (dueMs > nowMs) {
        nextDueMs = Math.min(nextDueMs, dueMs);
        continue;
      }
      stats.idleTimeouts.inc();
      this.onIdleConnectionUnusable(connection);
    }
    if (nextDueMs < Infinity) this.#setIdleTimer(Math.max(1, nextDueMs - nowMs));
  }
}

/** In Envoy's words: a pipe refuses at once. */
function connectFailureOf({ address, label }: WorkerHost, detail: string): string {
  return isPipe(address)
    ? `immediate connect error: ${detail}|remote address:${label}`
    : `delayed connect error: ${detail}`;
}
