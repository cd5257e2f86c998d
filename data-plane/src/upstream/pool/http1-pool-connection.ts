import type { Timer } from '@heddle/shared/time/clock';
import type {
  ClientCodec,
  ClientCodecCallbacks,
  CodecError,
  RequestEncoder,
  ResponseDecoder,
} from '../../codec/codec.ts';
import type {
  CloseKind,
  Connection,
  ConnectionCloseReason,
  ConnectionHandlers,
  SocketAddress,
} from '../../transport/connection.ts';
import type { UpstreamConnectionInfo } from '../upstream.ts';
import type { PoolContext } from './pool-context.ts';

/** The pool, as its connections see it. */
export interface PoolConnectionOwner {
  readonly context: PoolContext;
  onConnected(connection: Http1PoolConnection): void;
  /** The request on it ended; the connection may take another unless `isDraining` or closed. */
  onStreamEnded(connection: Http1PoolConnection): void;
  /** The last event. `stateBefore` is what it was doing. */
  onClosed(
    connection: Http1PoolConnection,
    stateBefore: PoolConnectionState,
    reason: ConnectionCloseReason,
    detail: string,
  ): void;
  /** An idle connection that must go: the pool closes it. */
  onIdleConnectionUnusable(connection: Http1PoolConnection): void;
}

/** What a stalled event loop and the way to the server may take. */
const closeMarginMs = 1_000;

export type PoolConnectionState = 'connecting' | 'ready' | 'busy' | 'closed';

/** One upstream HTTP/1.1 connection of a pool: one request at a time. */
export class Http1PoolConnection implements ConnectionHandlers, ClientCodecCallbacks, UpstreamConnectionInfo {
  state: PoolConnectionState = 'connecting';
  /** Takes no further request; closed when the current one ends. */
  isDraining = false;
  /** Counted as a request that is open; the pool's to set. */
  hasRequest = false;
  hasReceivedBytes = false;
  requestCount = 0;
  readySinceMs = 0;
  readonly connection: Connection;
  readonly #owner: PoolConnectionOwner;
  readonly #codec: ClientCodec;
  readonly #startedMs: number;
  #connectedMs: number;
  #countedSentBytes = 0;
  #durationTimer: Timer | undefined;

  constructor(owner: PoolConnectionOwner, remoteAddress: SocketAddress) {
    const { connector, createCodec, cluster, clock } = owner.context;
    this.#owner = owner;
    this.#startedMs = clock.monotonicMs();
    this.#connectedMs = this.#startedMs;
    this.connection = connector.connect(remoteAddress, cluster.connectTimeoutMs);
    this.connection.setHandlers(this);
    this.connection.setWriteBufferLimit(cluster.perConnectionBufferLimitBytes);
    this.#codec = createCodec(this.connection, this, cluster.http);
  }

  get localAddress(): SocketAddress {
    return this.connection.localAddress;
  }
  get remoteAddress(): SocketAddress {
    return this.connection.remoteAddress;
  }
  get connectionId(): number {
    return this.connection.id;
  }
  get protocol(): UpstreamConnectionInfo['protocol'] {
    return this.#codec.protocol;
  }
  get isReused(): boolean {
    return this.requestCount > 1;
  }

  /**
   * The server may close it in this moment: it has been idle for nearly as long as the server said that it keeps it.
   * A request that crosses with its FIN would be lost, and only some may be sent twice.
   */
  isAboutToClose(nowMs: number): boolean {
    const announcedMs = this.#codec.announcedIdleTimeoutMs ?? 0;
    if (announcedMs === 0) return false;
    return nowMs - this.readySinceMs >= announcedMs - Math.min(closeMarginMs, announcedMs / 2);
  }

  /** Begins a request; the connection must be ready. */
  startStream(decoder: ResponseDecoder): RequestEncoder {
    this.state = 'busy';
    this.hasReceivedBytes = false;
    this.requestCount++;
    return this.#codec.newStream(decoder);
  }

  /** Closes; `onClosed` follows, possibly later. Nothing may be started on it from now on. */
  close(kind: CloseKind): void {
    this.isDraining = true;
    this.connection.close(kind);
  }

  onConnected(): void {
    const { clock, stats, cluster } = this.#owner.context;
    this.#connectedMs = clock.monotonicMs();
    stats.connectMs.record(Math.round(this.#connectedMs - this.#startedMs));
    const maxDurationMs = cluster.http.maxConnectionDurationMs;
    if (maxDurationMs > 0) {
      this.#durationTimer = clock.setTimer(maxDurationMs, () => this.#onMaxDuration());
    }
    this.#owner.onConnected(this);
  }

  onData(chunk: Buffer): void {
    this.hasReceivedBytes = true;
    this.#owner.context.stats.receivedBytes.add(chunk.length);
    this.#codec.dispatch(chunk);
  }

  onEnd(): void {
    this.isDraining = true;
    this.#codec.onEnd();
    // A FIN on an idle connection is how servers end keep-alive; during a request the codec has decided, and a tunnel
    // goes on in the other direction.
    if (this.state === 'ready') this.#owner.onIdleConnectionUnusable(this);
    else if (this.state === 'busy' && this.#codec.activeStreamCount === 0) this.connection.close('flush');
  }

  onClose(reason: ConnectionCloseReason, detail: string): void {
    const stateBefore = this.state;
    const { stats, clock } = this.#owner.context;
    this.isDraining = true;
    this.#durationTimer?.cancel();
    this.#countSentBytes();
    if (stateBefore !== 'connecting') {
      stats.lengthMs.record(Math.round(clock.monotonicMs() - this.#connectedMs));
      stats.requestsPerConnection.record(this.requestCount);
    }
    this.#codec.onClose(detail);
    this.state = 'closed';
    this.#owner.onClosed(this, stateBefore, reason, detail);
  }

  onAboveWriteHighWatermark(): void {
    this.#owner.context.stats.backedUp.inc();
    this.#codec.onAboveWriteHighWatermark();
  }

  onBelowWriteLowWatermark(): void {
    this.#owner.context.stats.drained.inc();
    this.#codec.onBelowWriteLowWatermark();
  }

  onStreamEnd(isReusable: boolean): void {
    this.#countSentBytes();
    if (!isReusable) this.isDraining = true;
    if (this.state !== 'busy') return;
    this.state = 'ready';
    this.#owner.onStreamEnded(this);
  }

  onProtocolError(_error: CodecError): void {
    this.isDraining = true;
    this.#owner.context.stats.protocolErrors.inc();
    if (this.state === 'ready') this.#owner.onIdleConnectionUnusable(this);
    else this.connection.close('abort');
  }

  onGoAway(): void {
    this.isDraining = true;
    this.#owner.context.stats.closeNotify.inc();
    if (this.state === 'ready') this.#owner.onIdleConnectionUnusable(this);
  }

  #onMaxDuration(): void {
    this.#owner.context.stats.maxDurationReached.inc();
    this.isDraining = true;
    if (this.state === 'ready') this.#owner.onIdleConnectionUnusable(this);
  }

  #countSentBytes(): void {
    const { bytesWritten } = this.connection;
    this.#owner.context.stats.sentBytes.add(bytesWritten - this.#countedSentBytes);
    this.#countedSentBytes = bytesWritten;
  }
}
