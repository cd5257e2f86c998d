import type { RequestEncoder, ResponseDecoder, StreamResetReason } from '../../codec/codec.ts';
import type { HeaderMap } from '../../codec/header-map.ts';
import type { TcpProxyCluster } from '../../config/model/tcp-proxy.ts';
import { addFlag } from '../../downstream/http/stream-info-record.ts';
import type { StreamInfoRecord } from '../../downstream/http/stream-info-record.ts';
import type { DownstreamSession, SessionOwner } from '../../downstream/network/network-filter.ts';
import type { Connection, ConnectionCloseReason, ConnectionHandlers } from '../../transport/connection.ts';
import type {
  LoadBalancerContext,
  PendingStream,
  PoolCallbacks,
  ThreadLocalCluster,
  UpstreamConnectionInfo,
} from '../../upstream/upstream.ts';
import { recordAttempt, recordConnection } from '../attempt-record.ts';
import { createTcpStreamInfo, SessionLog } from './session-log.ts';
import { SessionTimers, type SessionTimersOwner } from './session-timers.ts';
import type { TcpProxyConfig } from './tcp-proxy.ts';

const noBytes = Buffer.alloc(0);

/**
 * - `waiting`: filters before it hold the connection, or it waits for its upstream. The client is not read.
 * - `relaying`: bytes go both ways.
 * - `flushing`: the client is gone, and the upstream has not taken all of its bytes.
 * - `over`: nothing goes any way; the connection may still be closing.
 */
type SessionState = 'waiting' | 'relaying' | 'flushing' | 'over';

/** One connection of a client and the stream, of its own or in a tunnel, that carries it to a host. */
export class TcpSession
  implements
    DownstreamSession,
    ConnectionHandlers,
    ResponseDecoder,
    PoolCallbacks,
    LoadBalancerContext,
    SessionTimersOwner
{
  readonly hostSelectionRetryCount = 0;
  metadataMatch: Readonly<Record<string, unknown>> | undefined = undefined;
  readonly #config: TcpProxyConfig;
  readonly #connection: Connection;
  readonly #owner: SessionOwner;
  readonly #info: StreamInfoRecord;
  readonly #log: SessionLog;
  readonly #timers: SessionTimers;
  #state: SessionState = 'waiting';
  #route: TcpProxyCluster | undefined;
  #cluster: ThreadLocalCluster | undefined;
  #attemptCount = 0;
  /** The stream of the current attempt: asked for, or there. */
  #pending: PendingStream | undefined;
  #encoder: RequestEncoder | undefined;
  #upstream: UpstreamConnectionInfo | undefined;
  #isClosed = false;

  constructor(config: TcpProxyConfig, connection: Connection, owner: SessionOwner) {
    this.#config = config;
    this.#connection = connection;
    this.#owner = owner;
    const { config: proxy, dependencies, stats, bufferLimitBytes } = config;
    stats.cxTotal.inc();
    this.#info = createTcpStreamInfo(config, connection, owner.info);
    this.#log = new SessionLog(config, this.#info);
    this.#timers = new SessionTimers(proxy, dependencies, this);
    // What is to be flushed may take as long as nothing may happen.
    connection.setDelayedCloseTimeout?.(proxy.idleTimeoutMs);
    if (bufferLimitBytes > 0) connection.setWriteBufferLimit(bufferLimitBytes);
    connection.setHandlers(this);
  }

  onNewConnection(): void {
    if (this.#config.config.logsStart) this.#log.write('TcpConnectionStart');
    this.#timers.onNewConnection();
    this.#connection.readDisable(true);
    this.#route = this.#config.chooseCluster(this.#owner.info.clusterName);
    this.metadataMatch = this.#route?.metadataMatch;
    this.#connect();
  }

  /** The listener has waited long enough. */
  close(): void {
    this.#connection.close('abort');
  }

  shouldSelectAnotherHost(): boolean {
    return false;
  }

  // The client.

  onData(chunk: Buffer): void {
    if (this.#state !== 'relaying') return;
    this.#timers.touch();
    this.#info.bytesReceived += chunk.length;
    this.#config.stats.rxBytesTotal.add(chunk.length);
    this.#encoder?.encodeData(chunk, false);
  }

  onEnd(): void {
    if (this.#state !== 'relaying') return;
    this.#timers.touch();
    this.#encoder?.encodeData(noBytes, true);
  }

  onClose(reason: ConnectionCloseReason): void {
    this.#isClosed = true;
    if (this.#state === 'waiting' && reason !== 'local') addFlag(this.#info, 'DC');
    if (this.#state === 'relaying' && reason === 'reset' && !this.#config.tunnel.isTunneled) {
      // A reset goes on as a reset, past what the upstream has not taken.
      this.#upstream?.reset();
      this.#dropUpstream();
    } else if (this.#state === 'relaying' && this.#upstreamUnsentBytes > 0 && reason !== 'local') {
      this.#state = 'flushing';
      this.#config.stats.upstreamFlushTotal.inc();
      this.#config.stats.upstreamFlushActive.inc();
      this.#encoder?.encodeData(noBytes, true);
    } else if (this.#state !== 'over') this.#dropUpstream();
    this.#end();
  }

  onAboveWriteHighWatermark(): void {
    if (this.#state !== 'relaying') return;
    this.#cluster?.stats.flowControl.pausedReading.inc();
    this.#encoder?.readDisable(true);
  }

  onBelowWriteLowWatermark(): void {
    if (this.#state !== 'relaying') return;
    this.#cluster?.stats.flowControl.resumedReading.inc();
    this.#encoder?.readDisable(false);
  }

  // The upstream.

  onPoolReady(encoder: RequestEncoder, connection: UpstreamConnectionInfo): void {
    this.#pending = undefined;
    this.#encoder = encoder;
    this.#upstream = connection;
    recordConnection(this.#info, connection, encoder, this.#config.dependencies.wheel.monotonicMs());
    encoder.setCallbacks({
      onResetStream: () => this.#onUpstreamReset(),
      onAboveWriteHighWatermark: () => this.#pauseReading(true),
      onBelowWriteLowWatermark: () => this.#pauseReading(false),
    });
    encoder.encodeHeaders(this.#config.tunnel.createHead(this.#info), false);
  }

  onPoolFailure(reason: StreamResetReason, detail: string): void {
    this.#pending = undefined;
    this.#info.upstreamTransportFailureReason = detail;
    if (reason === 'overflow') addFlag(this.#info, 'UO');
    this.#onAttemptFailed(reason !== 'overflow' && reason !== 'local-reset');
  }

  decodeInformational(): void {
    // Of a tunnel; the client knows nothing of it.
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    const status = Number(headers.get(':status'));
    if (status < 200 || status > 299 || endStream) {
      this.#encoder?.resetStream();
      this.#onAttemptFailed(true);
      return;
    }
    this.#state = 'relaying';
    this.#timers.onRelaying();
    if (this.#config.config.logsConnected) this.#log.write('TcpUpstreamConnected');
    this.#connection.readDisable(false);
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    if (this.#state === 'flushing') {
      if (endStream) this.#endFlush();
      return;
    }
    if (this.#state !== 'relaying') return;
    this.#timers.touch();
    if (chunk.length > 0) {
      this.#info.bytesSent += chunk.length;
      this.#config.stats.txBytesTotal.add(chunk.length);
      this.#connection.write(chunk);
    }
    if (endStream) this.#onUpstreamEnd();
  }

  decodeTrailers(): void {
    if (this.#state === 'flushing') this.#endFlush();
    else if (this.#state === 'relaying') this.#onUpstreamEnd();
  }

  // Timers.

  get unsentBytes(): number {
    return this.#connection.writeBufferedBytes + this.#upstreamUnsentBytes;
  }

  onIdleTimeout(): void {
    this.#config.stats.idleTimeout.inc();
    if (this.#state === 'flushing') {
      this.#endFlush();
      return;
    }
    this.#finish('abort');
  }

  onMaxDuration(): void {
    this.#config.stats.maxDurationReached.inc();
    addFlag(this.#info, 'DT');
    this.#finish('abort');
  }

  onRetryDue(): void {
    this.#connect();
  }

  onLogDue(): void {
    this.#log.write('TcpPeriodic');
  }

  #connect(): void {
    const { config, dependencies, stats, tunnel } = this.#config;
    const name = this.#route?.name ?? '';
    const cluster = dependencies.clusters.get(name);
    if (cluster === undefined) {
      stats.cxNoRoute.inc();
      this.#fail('NC');
      return;
    }
    this.#cluster = cluster;
    this.#info.upstreamCluster = name;
    if (!cluster.canConnect('default')) {
      this.#fail('UO');
      return;
    }
    if (this.#attemptCount >= config.maxConnectAttempts) {
      cluster.stats.connectAttemptsExceeded.inc();
      this.#fail('URX');
      return;
    }
    const host = cluster.chooseHost(this);
    if (host === undefined) {
      cluster.stats.noneHealthy.inc();
      this.#fail('UH');
      return;
    }
    this.#attemptCount++;
    recordAttempt(this.#info, host, this.#attemptCount, dependencies.wheel.monotonicMs());
    const pool = tunnel.isTunneled
      ? cluster.httpPool(host, 'default', 'HTTP/1.1')
      : cluster.tcpPool(host, 'default');
    this.#pending = pool.newStream(this, this);
  }

  #onUpstreamReset(): void {
    this.#encoder = undefined;
    this.#info.isUpstreamReset = !this.#config.tunnel.isTunneled;
    if (this.#state === 'flushing') this.#endFlush();
    else if (this.#state === 'waiting') this.#onAttemptFailed(true);
    else if (this.#state === 'relaying') this.#finish(this.#upstream?.isReset === true ? 'abort' : 'flush');
  }

  get #upstreamUnsentBytes(): number {
    return this.#upstream?.writeBufferedBytes ?? 0;
  }

  /** The upstream takes no more bytes for now, or does again. */
  #pauseReading(isPaused: boolean): void {
    const { pausedReading, resumedReading } = this.#config.stats;
    (isPaused ? pausedReading : resumedReading).inc();
    this.#connection.readDisable(isPaused);
  }

  #onAttemptFailed(isRemote: boolean): void {
    this.#encoder = undefined;
    this.#upstream = undefined;
    if (isRemote) addFlag(this.#info, 'UF');
    if (this.#isClosed || this.#state !== 'waiting') return;
    const mayRetry = this.#attemptCount < this.#config.config.maxConnectAttempts;
    if (!mayRetry || !this.#timers.waitForRetry(this.#attemptCount)) this.#connect();
  }

  /** No upstream. */
  #fail(flag: 'NC' | 'UO' | 'URX' | 'UH'): void {
    addFlag(this.#info, flag);
    this.#finish('flush');
  }

  /** The upstream sends no more; the client may. */
  #onUpstreamEnd(): void {
    this.#connection.shutdownWrite();
  }

  #finish(kind: 'flush' | 'abort'): void {
    this.#dropUpstream();
    this.#connection.close(kind);
  }

  #dropUpstream(): void {
    this.#state = 'over';
    this.#timers.cancel();
    this.#pending?.cancel();
    this.#pending = undefined;
    this.#encoder?.resetStream();
    this.#encoder = undefined;
  }

  #endFlush(): void {
    this.#config.stats.upstreamFlushActive.dec();
    this.#dropUpstream();
  }

  /** The client's connection is gone. */
  #end(): void {
    this.#log.end();
    this.#owner.onSessionEnd(this);
  }
}
