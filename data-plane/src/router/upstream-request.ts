import type {
  RequestEncoder,
  ResponseDecoder,
  StreamBytes,
  StreamCallbacks,
  StreamResetReason,
} from '../codec/codec.ts';
import type { HeaderMap } from '../codec/header-map.ts';
import { ownChunk } from '../lang/own-chunk.ts';
import { WheelTimer, type TimerTarget } from '../time/timer-ring.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import type {
  Host,
  HttpConnectionPool,
  PendingStream,
  PoolCallbacks,
  UpstreamConnectionInfo,
} from '../upstream/upstream.ts';
import type { RequestBody } from './request-body.ts';
import type { RequestTimeouts } from './request-timeouts.ts';

/** Of most requests: never added to. */
const noChunks: Buffer[] = [];

/** What the router hears of one attempt. After `onUpstreamReset` or a complete answer, nothing more. */
export interface UpstreamRequestOwner {
  /** `bytes` are counted from here on. */
  onUpstreamConnected(attempt: UpstreamRequest, connection: UpstreamConnectionInfo, bytes: StreamBytes): void;
  onUpstreamInformational(attempt: UpstreamRequest, headers: HeaderMap): void;
  onUpstreamHeaders(attempt: UpstreamRequest, headers: HeaderMap, endStream: boolean): void;
  onUpstreamData(attempt: UpstreamRequest, chunk: Buffer, endStream: boolean): void;
  onUpstreamTrailers(attempt: UpstreamRequest, trailers: HeaderMap): void;
  onUpstreamReset(attempt: UpstreamRequest, reason: StreamResetReason, detail: string): void;
  /** `kind`: the whole attempt, or a pause within it. The attempt was reset. */
  onPerTryTimeout(attempt: UpstreamRequest, kind: 'per-try' | 'per-try-idle'): void;
  readonly downstreamRoomBytes: number;
  /** The upstream takes no more (`true`) or takes again; also while a connection is waited for. */
  onUpstreamBackPressure(isAbove: boolean): void;
  /** Body bytes went to the upstream; the last one too when `isLast`. */
  onUpstreamBytesSent(isLast: boolean): void;
}

/** One attempt: asks a pool for a stream, sends the request, hears the answer. */
export class UpstreamRequest implements ResponseDecoder, PoolCallbacks, StreamCallbacks, TimerTarget {
  readonly host: Host;
  connection: UpstreamConnectionInfo | undefined = undefined;
  isAwaitingHeaders = true;
  /** The head went out, so the upstream may have acted on it. */
  isRequestSent = false;
  /** Its answer has made bytes of it: the two directions end on their own. */
  isTunnel = false;
  /** Of a tunnel that the upstream has ended and the caller had not. */
  hasAnswerEnded = false;
  readonly #owner: UpstreamRequestOwner;
  readonly #wheel: TimerWheel;
  readonly #timeouts: RequestTimeouts;
  readonly #headers: HeaderMap;
  #encoder: RequestEncoder | undefined;
  #pending: PendingStream | undefined;
  /** Body that waits for the connection. */
  #queue = noChunks;
  #queueBytes = 0;
  readonly #queueLimitBytes: number;
  #isBackedUp = false;
  /** The client was full before there was a connection to stop reading from. */
  #isReadDisabled = false;
  #trailers: HeaderMap | undefined;
  /** The caller gave the last byte of the request. */
  #isRequestComplete = false;
  /** A tunnel is asked for: all of the request that comes before the answer is its head. */
  #isUpgrade = false;
  #isOver = false;
  #perTryTimer: WheelTimer | undefined;
  #perTryIdleTimer: WheelTimer | undefined;

  constructor(
    owner: UpstreamRequestOwner,
    wheel: TimerWheel,
    host: Host,
    headers: HeaderMap,
    timeouts: RequestTimeouts,
    queueLimitBytes: number,
  ) {
    this.#owner = owner;
    this.#wheel = wheel;
    this.host = host;
    this.#headers = headers;
    this.#timeouts = timeouts;
    this.#queueLimitBytes = queueLimitBytes;
  }

  /** Sends what there is of the request; events may follow before this returns. */
  start(
    pool: HttpConnectionPool,
    body: RequestBody,
    needsFreshConnection: boolean,
    isUpgrade: boolean,
  ): void {
    const { chunks, trailers } = body;
    // Given before the stream is asked for: with a connection at hand it goes out with the head.
    for (let index = 0; index < chunks.length; index++) this.#enqueue(chunks[index] ?? noBytes);
    this.#trailers = trailers;
    this.#isRequestComplete = body.isComplete;
    this.#isUpgrade = isUpgrade;
    this.#pending = pool.newStream(this, this, needsFreshConnection);
  }

  get isRequestComplete(): boolean {
    return this.#isRequestComplete;
  }

  encodeData(chunk: Buffer, endStream: boolean): void {
    if (this.#isOver) return;
    this.#isRequestComplete = endStream;
    if (this.#encoder === undefined) {
      this.#enqueue(ownChunk(chunk));
      return;
    }
    this.#encoder.encodeData(chunk, endStream);
    this.#owner.onUpstreamBytesSent(endStream);
    if (endStream) this.#startPerTryTimer();
    this.#touchPerTryIdle();
    if (endStream && this.hasAnswerEnded) this.#end();
  }

  encodeTrailers(trailers: HeaderMap): void {
    if (this.#isOver) return;
    this.#isRequestComplete = true;
    this.#trailers = trailers;
    if (this.#encoder === undefined) return;
    this.#encoder.encodeTrailers(trailers);
    this.#owner.onUpstreamBytesSent(true);
    this.#startPerTryTimer();
  }

  /** Ends the attempt without an event. True when something was under way that is now cut off. */
  reset(): boolean {
    if (this.#isOver) return false;
    this.#end();
    this.#pending?.cancel();
    this.#encoder?.resetStream();
    return true;
  }

  /** What the client's connection can still keep of the answer. */
  get roomBytes(): number {
    return this.#owner.downstreamRoomBytes;
  }

  /** Back pressure of the client. */
  readDisable(disable: boolean): void {
    if (this.#isOver) return;
    if (this.#encoder === undefined) this.#isReadDisabled = disable;
    else this.#encoder.readDisable(disable);
  }

  onPoolReady(encoder: RequestEncoder, connection: UpstreamConnectionInfo): void {
    this.#pending = undefined;
    this.#encoder = encoder;
    this.connection = connection;
    encoder.setCallbacks(this);
    if (this.#isReadDisabled) encoder.readDisable(true);
    this.#owner.onUpstreamConnected(this, connection, encoder);
    const queue = this.#queue;
    this.#queue = noChunks;
    const isHeaderOnly = this.#isRequestComplete && queue.length === 0 && this.#trailers === undefined;
    this.isRequestSent = true;
    encoder.encodeHeaders(this.#headers, isHeaderOnly);
    this.#owner.onUpstreamBytesSent(isHeaderOnly);
    for (let index = 0; index < queue.length && !this.#isOver; index++) {
      const isLast = this.#isRequestComplete && this.#trailers === undefined && index === queue.length - 1;
      encoder.encodeData(queue[index] ?? noBytes, isLast);
      this.#owner.onUpstreamBytesSent(isLast);
    }
    if (this.#trailers !== undefined && !this.#isOver) {
      encoder.encodeTrailers(this.#trailers);
      this.#owner.onUpstreamBytesSent(true);
    }
    if (this.#isOver) return;
    if (this.#isBackedUp) this.#setBackedUp(false);
    if (this.#isRequestComplete || this.#isUpgrade) this.#startPerTryTimer();
    this.#touchPerTryIdle();
  }

  onPoolFailure(reason: StreamResetReason, detail: string): void {
    this.#pending = undefined;
    this.#end();
    this.#owner.onUpstreamReset(this, reason, detail);
  }

  decodeInformational(headers: HeaderMap): void {
    if (!this.#isOver) this.#owner.onUpstreamInformational(this, headers);
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    if (this.#isOver) return;
    this.isAwaitingHeaders = false;
    // The per-try time-out waits for the head of the answer; the pause time-out guards the body too.
    if (this.#perTryTimer !== undefined) this.#wheel.cancel(this.#perTryTimer);
    this.#touchPerTryIdle();
    if (endStream) this.#complete();
    this.#owner.onUpstreamHeaders(this, headers, endStream);
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    if (this.#isOver) return;
    this.#touchPerTryIdle();
    if (endStream && this.isTunnel && !this.#isRequestComplete) this.hasAnswerEnded = true;
    else if (endStream) this.#complete();
    this.#owner.onUpstreamData(this, chunk, endStream);
  }

  decodeTrailers(trailers: HeaderMap): void {
    if (this.#isOver) return;
    this.#complete();
    this.#owner.onUpstreamTrailers(this, trailers);
  }

  onResetStream(reason: StreamResetReason, detail: string): void {
    if (this.#isOver) return;
    this.#end();
    this.#owner.onUpstreamReset(this, reason, detail);
  }

  onAboveWriteHighWatermark(): void {
    if (!this.#isOver) this.#setBackedUp(true);
  }

  onBelowWriteLowWatermark(): void {
    if (!this.#isOver) this.#setBackedUp(false);
  }

  onTimer(timer: WheelTimer): void {
    const kind = timer === this.#perTryTimer ? 'per-try' : 'per-try-idle';
    if (this.reset()) this.#owner.onPerTryTimeout(this, kind);
  }

  #enqueue(chunk: Buffer): void {
    if (this.#queue === noChunks) this.#queue = [];
    this.#queue.push(chunk);
    this.#queueBytes += chunk.length;
    if (!this.#isBackedUp && this.#queueBytes > this.#queueLimitBytes) this.#setBackedUp(true);
  }

  #setBackedUp(isBackedUp: boolean): void {
    if (this.#isBackedUp === isBackedUp) return;
    this.#isBackedUp = isBackedUp;
    this.#owner.onUpstreamBackPressure(isBackedUp);
  }

  /** The answer is whole. A request that still goes out is of no use to anybody and is cut off. */
  #complete(): void {
    const isRequestComplete = this.#isRequestComplete;
    this.#end();
    if (!isRequestComplete) this.#encoder?.resetStream();
  }

  #end(): void {
    this.#isOver = true;
    this.#queue = noChunks;
    if (this.#perTryTimer !== undefined) this.#wheel.cancel(this.#perTryTimer);
    if (this.#perTryIdleTimer !== undefined) this.#wheel.cancel(this.#perTryIdleTimer);
    if (this.#isBackedUp) this.#setBackedUp(false);
  }

  #startPerTryTimer(): void {
    if (this.#timeouts.perTryMs === 0 || !this.isAwaitingHeaders || this.#isOver) return;
    this.#perTryTimer ??= new WheelTimer(this);
    if (!this.#perTryTimer.isSet) this.#wheel.schedule(this.#perTryTimer, this.#timeouts.perTryMs);
  }

  #touchPerTryIdle(): void {
    if (this.#timeouts.perTryIdleMs === 0 || this.#isOver) return;
    this.#perTryIdleTimer ??= new WheelTimer(this);
    this.#wheel.schedule(this.#perTryIdleTimer, this.#timeouts.perTryIdleMs);
  }
}

const noBytes = Buffer.alloc(0);
