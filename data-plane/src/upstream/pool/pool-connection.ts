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
import type { TlsFacts } from '../../transport/tls-facts.ts';
import type { ConnectTarget, TransportSocketOptions } from '../../transport/transport-socket-options.ts';
import type { UpstreamConnectionInfo } from '../upstream.ts';
import type { PoolContext } from './pool-context.ts';

/** The pool, as its connections see it. */
export interface PoolConnectionOwner {
  readonly context: PoolContext;
  readonly socketOptions: TransportSocketOptions | undefined;
  onConnected(connection: PoolConnection): void;
  /** A request on it ended; the connection may take another unless `isDraining` or closed. */
  onStreamEnded(connection: PoolConnection): void;
  /** The last event. `before`: what it was doing; the requests that are still counted on it ended with it. */
  onClosed(
    connection: PoolConnection,
    before: { readonly wasConnecting: boolean; readonly wasBusy: boolean },
    reason: ConnectionCloseReason,
    detail: string,
  ): void;
  /** It can take more requests at a time than before, or fewer. */
  onCapacityChange(connection: PoolConnection): void;
  /** An idle connection that must go: the pool closes it. */
  onIdleConnectionUnusable(connection: PoolConnection): void;
}

/** What a stalled event loop and the way to the server may take. */
const closeMarginMs = 1_000;

export type PoolConnectionState = 'connecting' | 'open' | 'closed';

/** One upstream connection of a pool: one request at a time, or with HTTP/2 as many as both sides allow. */
export class PoolConnection implements ConnectionHandlers, ClientCodecCallbacks, UpstreamConnectionInfo {
  state: PoolConnectionState = 'connecting';
  /** Takes no further request; closed when the last one ends. */
  isDraining = false;
  /** It stands in the pool's list of those that can take a request; the pool's to set. */
  isListed = false;
  /** Requests that are open on it. */
  activeCount = 0;
  hasReceivedBytes = false;
  isReset = false;
  requestCount = 0;
  /** Of one without a request. */
  idleSinceMs = 0;
  readonly connection: Connection;
  readonly #owner: PoolConnectionOwner;
  /** There when the connection is. */
  #codec: ClientCodec | undefined;
  readonly #startedMs: number;
  #connectedMs: number;
  #countedSentBytes = 0;
  /** The server's FIN came while a request was open. */
  #hasEndedBusy = false;
  #durationTimer: Timer | undefined;

  constructor(owner: PoolConnectionOwner, target: ConnectTarget) {
    const { connector, cluster, clock, alpnProtocols } = owner.context;
    this.#owner = owner;
    this.#startedMs = clock.monotonicMs();
    this.#connectedMs = this.#startedMs;
    this.connection = connector.connect(target, cluster.connectTimeoutMs, alpnProtocols, owner.socketOptions);
    this.connection.setHandlers(this);
    this.connection.setWriteBufferLimit(cluster.perConnectionBufferLimitBytes);
  }

  get localAddress(): SocketAddress {
    return this.connection.localAddress;
  }
  get remoteAddress(): SocketAddress {
    return this.connection.remoteAddress;
  }
  get tls(): TlsFacts | undefined {
    return this.connection.tls;
  }
  get writeBufferedBytes(): number {
    return this.connection.writeBufferedBytes;
  }
  get connectionId(): number {
    return this.connection.id;
  }
  get protocol(): UpstreamConnectionInfo['protocol'] {
    return this.#codec?.protocol ?? 'HTTP/1.1';
  }
  get isReused(): boolean {
    return this.requestCount > 1;
  }

  /**
   * The server may close it in this moment: it has been idle for nearly as long as the server said that it keeps it.
   * A request that crosses with its FIN would be lost, and only some may be sent twice.
   */
  isAboutToClose(nowMs: number): boolean {
    const announcedMs = this.#codec?.announcedIdleTimeoutMs ?? 0;
    if (announcedMs === 0) return false;
    return nowMs - this.idleSinceMs >= announcedMs - Math.min(closeMarginMs, announcedMs / 2);
  }

  get streamCapacity(): number {
    return this.#codec?.streamCapacity ?? 0;
  }

  /** It can take a request now. */
  get hasCapacity(): boolean {
    return this.state === 'open' && !this.isDraining && this.activeCount < this.streamCapacity;
  }

  /** Begins a request; the connection must have capacity. */
  startStream(decoder: ResponseDecoder): RequestEncoder {
    const codec = this.#codec;
    if (codec === undefined) throw new Error('a stream on a connection that is not there');
    if (this.activeCount++ === 0) this.hasReceivedBytes = false;
    this.requestCount++;
    return codec.newStream(decoder);
  }

  /** Closes; `onClosed` follows, possibly later. Nothing may be started on it from now on. */
  close(kind: CloseKind): void {
    this.isDraining = true;
    this.connection.close(kind);
  }

  reset(): void {
    this.close('abort');
  }

  onConnected(): void {
    const { clock, stats, cluster } = this.#owner.context;
    this.#connectedMs = clock.monotonicMs();
    stats.connectMs.record(Math.round(this.#connectedMs - this.#startedMs));
    const maxDurationMs = cluster.http.maxConnectionDurationMs;
    if (maxDurationMs > 0) {
      this.#durationTimer = clock.setTimer(maxDurationMs, () => this.#onMaxDuration());
    }
    this.#codec = this.#owner.context.createCodec(this.connection, this);
    this.state = 'open';
    this.#owner.onConnected(this);
  }

  onData(chunk: Buffer): void {
    this.hasReceivedBytes = true;
    this.#owner.context.stats.receivedBytes.add(chunk.length);
    this.#codec?.dispatch(chunk);
  }

  onEnd(): void {
    this.isDraining = true;
    this.#hasEndedBusy = this.activeCount > 0;
    this.#codec?.onEnd();
    // A FIN on an idle connection is how servers end keep-alive; during a request the codec has decided, and a tunnel
    // goes on in the other direction.
    if (this.state !== 'open') return;
    if (this.activeCount === 0) this.#owner.onIdleConnectionUnusable(this);
    else if (this.#codec?.activeStreamCount === 0) this.connection.close('flush');
  }

  onClose(reason: ConnectionCloseReason, detail: string): void {
    const stateBefore = this.state;
    const wasBusy = this.activeCount > 0 || this.#hasEndedBusy;
    const { stats, clock } = this.#owner.context;
    this.isDraining = true;
    this.isReset = reason === 'reset';
    this.#durationTimer?.cancel();
    this.#countSentBytes();
    if (stateBefore !== 'connecting') {
      stats.lengthMs.record(Math.round(clock.monotonicMs() - this.#connectedMs));
      stats.requestsPerConnection.record(this.requestCount);
    }
    this.#codec?.onClose(detail);
    this.state = 'closed';
    this.#owner.onClosed(this, { wasConnecting: stateBefore === 'connecting', wasBusy }, reason, detail);
  }

  onAboveWriteHighWatermark(): void {
    this.#owner.context.stats.backedUp.inc();
    this.#codec?.onAboveWriteHighWatermark();
  }

  onBelowWriteLowWatermark(): void {
    this.#owner.context.stats.drained.inc();
    this.#codec?.onBelowWriteLowWatermark();
  }

  onStreamEnd(isReusable: boolean): void {
    this.#countSentBytes();
    if (!isReusable) this.isDraining = true;
    if (this.activeCount === 0) return;
    this.activeCount--;
    this.#owner.onStreamEnded(this);
  }

  onProtocolError(_error: CodecError): void {
    this.isDraining = true;
    this.#owner.context.stats.protocolErrors.inc();
    if (this.state === 'open' && this.activeCount === 0) this.#owner.onIdleConnectionUnusable(this);
    // GOAWAY tells the server why (RFC 9113, 5.4.1); what HTTP/1.1 would still write is of a request that is over.
    else this.connection.close(this.protocol === 'HTTP/2' ? 'flush' : 'abort');
  }

  onGoAway(): void {
    this.isDraining = true;
    this.#owner.context.stats.closeNotify.inc();
    if (this.state === 'open' && this.activeCount === 0) this.#owner.onIdleConnectionUnusable(this);
  }

  onStreamCapacityChange(): void {
    if (this.state === 'open') this.#owner.onCapacityChange(this);
  }

  #onMaxDuration(): void {
    this.#owner.context.stats.maxDurationReached.inc();
    this.isDraining = true;
    if (this.state === 'open' && this.activeCount === 0) this.#owner.onIdleConnectionUnusable(this);
  }

  #countSentBytes(): void {
    const { bytesWritten } = this.connection;
    this.#owner.context.stats.sentBytes.add(bytesWritten - this.#countedSentBytes);
    this.#countedSentBytes = bytesWritten;
  }
}
