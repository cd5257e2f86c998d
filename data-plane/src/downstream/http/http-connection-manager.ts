import type {
  CodecError,
  RequestDecoder,
  ResponseEncoder,
  ServerCodec,
  ServerCodecCallbacks,
} from '../../codec/codec.ts';
import { createHttp2ServerCodec } from '../../codec/http2/server-codec.ts';
import { createHttp1ServerCodec } from '../../codec/http1/server-codec.ts';
import type { HeaderMap } from '../../codec/header-map.ts';
import { errorResponseHeaders, writeErrorResponse } from '../../codec/http1/write-error-response.ts';
import { DenseList } from '../../lang/dense-list.ts';
import { WheelTimer, type TimerTarget } from '../../time/timer-ring.ts';
import type { Connection, ConnectionCloseReason, ConnectionHandlers } from '../../transport/connection.ts';
import type { DownstreamSession, NetworkFilterFactory, SessionOwner } from '../network/network-filter.ts';
import { ConnectionDeadlines } from './connection-deadlines.ts';
import { HttpStream, type HttpStreamOwner } from './http-stream.ts';
import type { ManagerConfig } from './manager-config.ts';
import { detectProtocol, type DownstreamProtocol } from './protocol-detection.ts';
import { RequestShare } from './request-share.ts';
import type { ResponseFlag } from './response-flag.ts';
import { finishResponseHeaders } from './response-headers.ts';
import { StreamInfoRecord, addFlag, startOf, type StreamStart } from './stream-info-record.ts';

/** The HTTP connection manager as the terminal network filter of a filter chain. */
export function createHttpConnectionManager(config: ManagerConfig): NetworkFilterFactory {
  return {
    createSession(connection, owner) {
      const session = new HttpConnection(config, connection, owner);
      connection.setHandlers(session);
      return session;
    },
  };
}

const noBytesWritten = { bytesWritten: 0, headerBytesWritten: 0 };

/** One client connection: codec, open streams, and the time-outs of both, which share one timer. */
class HttpConnection
  implements ConnectionHandlers, ServerCodecCallbacks, HttpStreamOwner, DownstreamSession, TimerTarget
{
  readonly config: ManagerConfig;
  readonly #connection: Connection;
  readonly #owner: SessionOwner;
  /** There from the first bytes on that say which. */
  #codec: ServerCodec | undefined;
  #isHttp2 = false;
  /** The beginning of a connection that does not say what it speaks yet. */
  #undecided: Buffer | undefined;
  readonly #streams = new DenseList<HttpStream>();
  /** Of the stream that begins; made when the protocol is known. */
  #start: StreamStart | undefined;
  readonly #timer: WheelTimer;
  readonly #startedMs: number;
  readonly #deadlines: ConnectionDeadlines;
  #timerDueMs = Infinity;
  #requestCount = 0;
  /** Of one with many requests at a time. */
  #share: RequestShare | undefined;
  /** Its client is told that it ends, at once or with the next answer; `#deadlines.isDraining`: that it has to be. */
  #isDrainAnnounced = false;
  #isClosed = false;
  #isClosingLocally = false;
  #hasClientEnded = false;

  constructor(config: ManagerConfig, connection: Connection, owner: SessionOwner) {
    this.config = config;
    this.#connection = connection;
    this.#owner = owner;
    const { stats } = config;
    stats.cxTotal.inc();
    stats.cxActive.inc();
    if (connection.isSecure) {
      stats.cxSslTotal.inc();
      stats.cxSslActive.inc();
    }
    this.#startedMs = config.dependencies.wheel.monotonicMs();
    this.#deadlines = new ConnectionDeadlines(config.config, this.#startedMs);
    this.#timer = new WheelTimer(this);
    connection.setDelayedCloseTimeout?.(config.config.delayedCloseTimeoutMs);
    if (config.bufferLimitBytes > 0) connection.setWriteBufferLimit(config.bufferLimitBytes);
    this.onDeadlineChange(this.#deadlines.next(false));
  }

  // The connection.

  onData(chunk: Buffer): void {
    this.#share?.onRead();
    if (this.#codec === undefined) this.#begin(chunk);
    else this.#codec.dispatch(chunk);
  }

  onEnd(): void {
    this.#hasClientEnded = true;
    if (this.#undecided !== undefined) this.#beginWith('http1', this.#undecided);
    const hadStreams = this.#streams.size > 0;
    this.#codec?.onEnd();
    if ((this.#codec?.activeStreamCount ?? 0) > 0) return;
    if (hadStreams && this.#streams.size === 0) this.#countDestroyWithRequests(false);
    this.#close('flush');
  }

  onClose(reason: ConnectionCloseReason, detail: string): void {
    const isLocal = this.#isClosingLocally || reason === 'local';
    const { stats, dependencies } = this.config;
    stats.cxDestroy.inc();
    (isLocal ? stats.cxDestroyLocal : stats.cxDestroyRemote).inc();
    if (this.#streams.size > 0) this.#countDestroyWithRequests(isLocal);
    this.#isClosed = true;
    dependencies.wheel.cancel(this.#timer);
    if (reason === 'reset') {
      for (const stream of this.#streams.toArray()) stream.streamInfo.isDownstreamReset = true;
    }
    this.#codec?.onClose(detail);
    stats.cxActive.dec();
    if (this.#codec !== undefined) (this.#isHttp2 ? stats.cxHttp2Active : stats.cxHttp1Active).dec();
    if (this.#connection.isSecure) stats.cxSslActive.dec();
    stats.cxRxBytesTotal.add(this.#connection.bytesRead);
    stats.cxTxBytesTotal.add(this.#connection.bytesWritten);
    stats.cxLengthMs.record(dependencies.wheel.monotonicMs() - this.#startedMs);
    this.#owner.onSessionEnd(this);
  }

  #countDestroyWithRequests(isLocal: boolean): void {
    const { stats } = this.config;
    stats.cxDestroyActiveRq.inc();
    (isLocal ? stats.cxDestroyLocalActiveRq : stats.cxDestroyRemoteActiveRq).inc();
  }

  onDelayedCloseTimeout(): void {
    this.config.stats.cxDelayedCloseTimeout.inc();
  }

  onAboveWriteHighWatermark(): void {
    this.#codec?.onAboveWriteHighWatermark();
  }

  onBelowWriteLowWatermark(): void {
    this.#codec?.onBelowWriteLowWatermark();
  }

  /** The listener has waited long enough. */
  close(): void {
    this.#close(this.#streams.size === 0 ? 'flush' : 'abort');
  }

  drainWithin(ms: number): void {
    const { dependencies, config } = this.config;
    // Not all clients at once, and each with time for the second step of its drain.
    const delayMs = Math.max(0, ms - config.drainTimeoutMs) * dependencies.rng.next();
    this.#deadlines.startDrainAt(dependencies.wheel.monotonicMs() + delayMs);
    this.onDeadlineChange(this.#deadlines.next(this.#streams.size > 0));
  }

  // The codec.

  onNewStream(encoder: ResponseEncoder): RequestDecoder {
    this.#requestCount++;
    const { stats } = this.config;
    stats.rqTotal.inc();
    (this.#isHttp2 ? stats.rqHttp2Total : stats.rqHttp1Total).inc();
    stats.rqActive.inc();
    const stream = new HttpStream(this, encoder, this.#createInfo());
    this.#deadlines.onHeadEnded();
    this.#streams.add(stream);
    this.onDeadlineChange(stream.deadlines.next());
    return this.#share === undefined ? stream : this.#share.onRequest(stream, encoder);
  }

  onHeadPending(): void {
    if (this.#deadlines.headStartedMs !== undefined) return;
    this.#deadlines.onHeadPending(this.config.dependencies.wheel.monotonicMs());
    this.onDeadlineChange(this.#deadlines.next(false));
  }

  onProtocolError(error: CodecError): void {
    const { stats } = this.config;
    stats.cxProtocolError.inc();
    if (this.#isHttp2) {
      // Its streams were reset, and the client was told.
      this.#close('flush-and-delay');
      return;
    }
    if (error.status === 431) stats.rqTooLarge.inc();
    const stream = this.#streams.last;
    if (stream !== undefined && !stream.isRequestComplete) {
      stream.onProtocolError(error);
      return;
    }
    this.#refuse(error, error.body === '' ? undefined : 'DPE');
  }

  onStreamEnd(shouldClose: boolean): void {
    // A client that asked for the close does not race with it, so it need not be given the time to go first.
    if (shouldClose) this.#close(this.#isDrainAnnounced ? 'flush-and-delay' : 'flush');
  }

  // Streams.

  drainIfDue(): void {
    if (this.#shouldDrain()) this.#startDrain();
  }

  closeAfterResponse(): void {
    if (!this.#isHttp2) this.#startDrain();
  }

  /** Sees to it that the timer rings no later than `deadlineMs`; it may ring earlier, and then looks again. */
  onDeadlineChange(deadlineMs: number): void {
    if (deadlineMs >= this.#timerDueMs || this.#isClosed) return;
    this.#timerDueMs = deadlineMs;
    const { wheel } = this.config.dependencies;
    wheel.schedule(this.#timer, Math.max(0, deadlineMs - wheel.monotonicMs()));
  }

  onStreamDestroyed(stream: HttpStream): void {
    this.#share?.onRequestEnded(stream.streamInfo.responseStatus > 0);
    this.#streams.remove(stream);
    if (this.#streams.size > 0) return;
    this.#deadlines.onIdle(stream.streamInfo.endedMs ?? this.#startedMs);
    this.onDeadlineChange(this.#deadlines.next(false));
  }

  onTimer(): void {
    this.#timerDueMs = Infinity;
    const nowMs = this.config.dependencies.wheel.monotonicMs();
    let nextMs = Infinity;
    // A stream that answers here leaves the list.
    for (const stream of this.#streams.toArray()) nextMs = Math.min(nextMs, stream.checkDeadlines(nowMs));
    if (this.#isClosed) return;
    this.#checkConnection(nowMs);
    this.onDeadlineChange(Math.min(nextMs, this.#deadlines.next(this.#streams.size > 0)));
  }

  #checkConnection(nowMs: number): void {
    const expiry = this.#deadlines.expired(nowMs, this.#streams.size > 0);
    if (expiry === undefined) return;
    if (expiry.kind === 'close') {
      this.#codec?.finishDrain?.();
      if (this.#streams.size === 0) this.#close('flush-and-delay');
      return;
    }
    this.config.stats[expiry.counter].inc();
    if (expiry.kind === 'drain' && this.#isHttp2) this.#startDrain();
    if (expiry.kind === 'refuse') {
      this.#refuse({ status: 408, body: expiry.body, details: expiry.details }, expiry.flag);
    }
  }

  #begin(chunk: Buffer): void {
    const bytes = this.#undecided === undefined ? chunk : Buffer.concat([this.#undecided, chunk]);
    const protocol = detectProtocol(this.config.config.codecType, this.#connection.alpnProtocol, bytes);
    if (protocol !== undefined) {
      this.#beginWith(protocol, bytes);
      return;
    }
    this.#undecided = Buffer.from(bytes);
    this.onHeadPending();
  }

  #beginWith(protocol: DownstreamProtocol, bytes: Buffer): void {
    this.#undecided = undefined;
    this.#start = undefined;
    this.#isHttp2 = protocol === 'http2';
    const { stats, http1Options, http2Options, bufferLimitBytes, dependencies } = this.config;
    if (this.#isHttp2) {
      this.#share = new RequestShare(
        dependencies.requestTurn,
        dependencies.wheel,
        this.config.config.maxRequestsPerIoCycle,
      );
      this.#deadlines.onHeadEnded();
      this.#deadlines.isMultiplexed = true;
      this.#codec = createHttp2ServerCodec(this.#connection, this, http2Options, bufferLimitBytes);
      stats.cxHttp2Total.inc();
      stats.cxHttp2Active.inc();
    } else {
      this.#codec = createHttp1ServerCodec(this.#connection, this, http1Options);
      stats.cxHttp1Total.inc();
      stats.cxHttp1Active.inc();
    }
    this.#codec.dispatch(bytes);
  }

  #shouldDrain(): boolean {
    const { maxRequestsPerConnection } = this.config.config;
    if (maxRequestsPerConnection > 0 && this.#requestCount >= maxRequestsPerConnection) {
      this.config.stats.cxMaxRequestsReached.inc();
      return true;
    }
    if (this.#isDrainAnnounced || this.#deadlines.isDraining) return true;
    if (!this.#owner.drainClose()) return false;
    this.config.stats.cxDrainClose.inc();
    return true;
  }

  /** HTTP/1.1: the next answer says so, and is the last. HTTP/2: the client is told, and a drain time-out later it ends. */
  #startDrain(): void {
    this.#isDrainAnnounced = true;
    this.#codec?.drain();
    if (!this.#isHttp2) return;
    this.#deadlines.startDrain(this.config.dependencies.wheel.monotonicMs());
    this.onDeadlineChange(this.#deadlines.next(this.#streams.size > 0));
  }

  #createInfo(): StreamInfoRecord {
    const { dependencies } = this.config;
    const { wheel, rng } = dependencies;
    const nowMs = wheel.monotonicMs();
    // A request begins with the first byte of its head.
    const startedAtMs = this.#deadlines.headStartedMs ?? nowMs;
    const start = (this.#start ??= this.#createStart());
    start.startedAt = wheel.now() - Math.round(nowMs - startedAtMs);
    start.startedAtMs = startedAtMs;
    start.streamId = dependencies.nextStreamId();
    start.randomValue = Math.floor(rng.next() * 2 ** 53);
    return new StreamInfoRecord(start);
  }

  #createStart(): StreamStart {
    return {
      ...startOf(this.#connection),
      startedAt: 0,
      startedAtMs: 0,
      protocol: this.#codec?.protocol ?? 'HTTP/1.1',
      streamId: 0,
      randomValue: 0,
      filterChainName: this.config.filterChainName,
    };
  }

  /** Answers without a stream, and closes. */
  #refuse(error: CodecError, flag: ResponseFlag | undefined): void {
    const { config, http1Options, dependencies } = this.config;
    if (this.#isHttp2) {
      // A head that does not end: there is no stream to answer on.
      this.#codec?.finishDrain?.();
      this.#logRefusedRequest(error, flag, undefined);
      this.#close('flush-and-delay');
      return;
    }
    const headers = errorResponseHeaders(error);
    finishResponseHeaders(headers, config, dependencies.date, true, false);
    const written = writeErrorResponse(this.#connection, error, headers, http1Options.headerKeyFormat);
    this.#logRefusedRequest(error, flag, headers, written);
    this.#deadlines.onHeadEnded();
    this.#close('flush-and-delay');
  }

  /** Bytes that were no request are a line in the access log too. */
  #logRefusedRequest(
    error: CodecError,
    flag: ResponseFlag | undefined,
    responseHeaders: HeaderMap | undefined,
    { bytesWritten, headerBytesWritten } = noBytesWritten,
  ): void {
    const info = this.#createInfo();
    const { bytesRead = 0, headerBytesRead = 0 } = this.#codec?.pendingBytes ?? {};
    info.downstreamBytes = {
      ...{ bytesRead, bytesWritten, headerBytesRead, headerBytesWritten },
      decompressedHeaderBytesRead: headerBytesRead,
      decompressedHeaderBytesWritten: headerBytesWritten,
    };
    info.responseStatus = error.status;
    info.responseDetails = error.details;
    if (flag !== undefined) addFlag(info, flag);
    info.bytesSent = error.body.length;
    info.endedMs = this.config.dependencies.wheel.monotonicMs();
    const { stats } = this.config;
    stats.rqTotal.inc();
    (this.#isHttp2 ? stats.rqHttp2Total : stats.rqHttp1Total).inc();
    this.config.stats.onResponse(error.status);
    this.config.listenerStats.onResponse(error.status);
    const context = {
      streamInfo: info,
      requestHeaders: undefined,
      responseHeaders,
      responseTrailers: undefined,
    };
    for (const logger of this.config.accessLoggers) logger.log(context);
  }

  #close(kind: 'flush' | 'flush-and-delay' | 'abort'): void {
    if (this.#isClosed) return;
    // Whoever ended first has closed the connection, as statistics say it.
    this.#isClosingLocally = !this.#hasClientEnded;
    this.#connection.close(kind);
  }
}
