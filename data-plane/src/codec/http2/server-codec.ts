import type { Timer } from '@heddle/shared/time/clock';
import type { Connection } from '../../transport/connection.ts';
import type { HttpProtocol, ServerCodec, ServerCodecCallbacks } from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { toUpgradeRequest } from './extended-connect.ts';
import type { HeaderList, ListKind } from './header-list.ts';
import { Http2Connection } from './http2-connection.ts';
import type { Http2Stream } from './http2-stream.ts';
import type { Http2Options } from './options.ts';
import {
  cancel,
  maxStreamId,
  noError,
  protocolError,
  refusedStream,
  settingEnableConnectProtocol,
  settingMaxConcurrentStreams,
  streamClosed,
} from './protocol.ts';
import { Http2ServerStream, type ServerStreamOwner } from './server-stream.ts';

/** Nobody waits for the acknowledgement. */
const halfClosedPing = 'are you?';
const halfClosedPingIntervalMs = 1_000;

/** `options` come from `createHttp2Options`; `bufferLimitBytes` bounds what answers make the connection keep. */
export function createHttp2ServerCodec(
  connection: Connection,
  callbacks: ServerCodecCallbacks,
  options: Http2Options,
  bufferLimitBytes: number,
): ServerCodec {
  return new Http2ServerCodec(connection, callbacks, options, bufferLimitBytes);
}

/** HTTP/2 for the downstream half. */
class Http2ServerCodec extends Http2Connection implements ServerCodec, ServerStreamOwner {
  readonly protocol: HttpProtocol = 'HTTP/2';
  readonly #callbacks: ServerCodecCallbacks;
  #isDraining = false;
  /** The last GOAWAY was written: streams above `lastPeerStreamId` are dropped without a word (RFC 9113, 6.8). */
  #isClosing = false;
  #highestDroppedId = 0;
  #hasInputEnded = false;
  #halfClosedTimer: Timer | undefined;

  constructor(
    connection: Connection,
    callbacks: ServerCodecCallbacks,
    options: Http2Options,
    bufferLimitBytes: number,
  ) {
    super(connection, options, bufferLimitBytes, true);
    this.#callbacks = callbacks;
    this.writeSettings(options.initialStreamWindowBytes, [
      [settingMaxConcurrentStreams, options.maxConcurrentStreams],
      ...(options.allowsConnect ? [[settingEnableConnectProtocol, 1] as const] : []),
    ]);
  }

  override dispatch(chunk: Buffer): void {
    super.dispatch(chunk);
    if (this.isHeadPending && !this.isGivenUp) this.#callbacks.onHeadPending?.();
  }

  onEnd(): void {
    this.#hasInputEnded = true;
    for (const stream of this.streams.toArray()) {
      if (!stream.isRemoteEnded) this.failUntold(stream, 'connection-termination', 'incomplete request');
    }
    this.#probe();
  }

  override onClose(detail: string): void {
    this.#halfClosedTimer?.cancel();
    super.onClose(detail);
  }

  /** First of two steps: no stream that is on its way is refused. */
  drain(): void {
    if (this.#isDraining || this.isGivenUp) return;
    this.#isDraining = true;
    this.outbound.goAway(maxStreamId, noError, '');
  }

  finishDrain(): void {
    if (this.#isClosing || this.isGivenUp) return;
    this.#isDraining = true;
    this.#isClosing = true;
    this.outbound.goAway(this.lastPeerStreamId, noError, '');
  }

  setFlushTimer(onTimer: () => void): Timer | undefined {
    const { clock, streamFlushTimeoutMs } = this.options;
    return streamFlushTimeoutMs === 0 ? undefined : clock.setTimer(streamFlushTimeoutMs, onTimer);
  }

  onFlushTimeout(stream: Http2ServerStream): void {
    this.options.stats.count('tx_flush_timeout');
    stream.resetWith(cancel);
  }

  override onLocalEnd(stream: Http2Stream): void {
    if (stream.isRemoteEnded) this.completeStream(stream);
    // The rest of the request is of no use to anybody (RFC 9113, 8.1).
    else if (!stream.isTunnel) this.cutStream(stream, noError);
  }

  override kindOfHead(streamId: number): ListKind | undefined {
    if (this.streams.get(streamId) !== undefined) return 'trailers';
    if ((streamId & 1) === 0) return this.#refuse(protocolError, 'a stream with an even number');
    if (streamId > this.lastPeerStreamId || this.resets.has(streamId)) return 'request';
    return this.#refuse(streamClosed, 'HEADERS of a stream that is closed');
  }

  override onHead(streamId: number, head: HeaderList, endStream: boolean): boolean {
    const stream = this.streams.get(streamId);
    if (stream instanceof Http2ServerStream) return this.#onTrailers(stream, head, endStream);
    // Frames of a stream that we reset were on their way.
    if (streamId <= this.lastPeerStreamId) return true;
    if (this.#isClosing) {
      this.#highestDroppedId = Math.max(this.#highestDroppedId, streamId);
      this.resets.add(streamId);
      return true;
    }
    this.lastPeerStreamId = streamId;
    if (this.activeStreamCount >= this.options.maxConcurrentStreams) {
      this.guard.openedStreamCount++;
      this.resetUnopened(streamId, refusedStream);
      return true;
    }
    if (head.isTooLarge) return this.#answerTooLarge(streamId, endStream);
    if (head.malformed !== undefined) return this.refuseMessage(undefined, streamId, head.malformed);
    return this.#open(streamId, head, endStream);
  }

  override onGoAwayFrame(): boolean {
    return true;
  }

  override isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId > Math.max(this.lastPeerStreamId, this.#highestDroppedId);
  }

  protected override deliverData(stream: Http2Stream, chunk: Buffer, endStream: boolean): void {
    if (chunk.length === 0 && !endStream) return;
    if (stream instanceof Http2ServerStream) stream.decoder?.decodeData(chunk, endStream);
  }

  protected override onRemoteEnd(stream: Http2Stream): void {
    if (stream.isLocalEnded) this.completeStream(stream);
  }

  protected override onStreamGone(stream: Http2Stream): void {
    if (!(stream instanceof Http2ServerStream) || !stream.isAnnounced) return;
    this.guard.endedStreamCount++;
    const shouldClose = this.#isClosing || this.#hasInputEnded || this.isGivenUp;
    this.#callbacks.onStreamEnd(shouldClose && this.streams.size === 0);
  }

  protected override onRemoteReset(stream: Http2Stream, code: number): boolean {
    const reason = code === protocolError ? 'protocol-error' : 'remote-reset';
    stream.fail(reason, code === refusedStream ? 'http2.remote_refuse' : 'http2.remote_reset');
    this.onStreamGone(stream);
    return this.onStreamError(stream);
  }

  protected override onStreamError(stream: Http2Stream): boolean {
    const flood = this.#isPremature(stream) ? this.guard.onPrematureReset() : undefined;
    return flood === undefined || this.onFlood(flood);
  }

  protected override onGivenUp(detail: string): void {
    this.#callbacks.onProtocolError({ status: 400, details: `http2.${detail}`, body: '' });
  }

  protected override onPeerSettings(): void {
    // A server asks nothing of its client's settings but what every stream does.
  }

  #isPremature(stream: Http2Stream): boolean {
    if (stream.hasHead || !(stream instanceof Http2ServerStream)) return false;
    const { clock, prematureResetMinStreamLifetimeSeconds } = this.options;
    const livedSeconds = Math.floor((clock.monotonicMs() - stream.openedMs) / 1_000);
    return livedSeconds <= prematureResetMinStreamLifetimeSeconds;
  }

  /**
   * A client that is gone looks as one that has nothing more to ask, until it is sent something twice: its system resets
   * the connection for the first. Answers that take their time would be waited for by nobody, and upstreams never know.
   */
  #probe(): void {
    if (this.isGivenUp || this.streams.size === 0) return;
    this.outbound.ping(halfClosedPing);
    this.#halfClosedTimer = this.options.clock.setTimer(halfClosedPingIntervalMs, () => this.#probe());
  }

  #open(streamId: number, head: HeaderList, endStream: boolean): boolean {
    const { headers } = head;
    const { options } = this;
    const stream = new Http2ServerStream(
      this,
      streamId,
      this.peer.initialWindowBytes,
      options.initialStreamWindowBytes,
    );
    stream.isConnect = headers.get(':method') === 'CONNECT';
    stream.isUpgrade = headers.has(':protocol');
    stream.isRemoteEnded = endStream;
    stream.countHead(head);
    // In a tunnel there is no content that could have a length.
    if (!stream.isConnect) stream.expectedBytes = head.contentLength;
    if (endStream && !stream.hasExpectedLength) {
      return this.refuseContent(undefined, streamId, 'less than content-length');
    }
    this.addStream(stream);
    stream.isAnnounced = true;
    stream.openedMs = options.clock.monotonicMs();
    if (stream.isUpgrade) stream.hasOwnKey = toUpgradeRequest(headers, options.rng);
    const decoder = this.#callbacks.onNewStream(stream);
    if (stream.isEnded) return true;
    stream.decoder = decoder;
    decoder.decodeHeaders(headers, endStream);
    return true;
  }

  #onTrailers(stream: Http2ServerStream, head: HeaderList, endStream: boolean): boolean {
    if (stream.isRemoteEnded) return this.giveUp(streamClosed, 'HEADERS behind the end of a stream');
    stream.countHead(head);
    const malformed = endStream ? head.malformed : 'a second head';
    if (malformed !== undefined) return this.refuseMessage(stream, stream.id, malformed);
    if (head.isTooLarge) {
      this.options.stats.count('header_overflow');
      return this.failStream(stream, protocolError, 'trailers that are too large');
    }
    if (!stream.hasExpectedLength) return this.refuseContent(stream, stream.id, 'less than content-length');
    this.options.stats.count('trailers');
    stream.isRemoteEnded = true;
    stream.decoder?.decodeTrailers(head.headers);
    if (!stream.isEnded) this.onRemoteEnd(stream);
    return true;
  }

  /** Nobody has seen the request's fields, so that nobody else can answer (RFC 6585, 5). */
  #answerTooLarge(streamId: number, endStream: boolean): boolean {
    this.options.stats.count('header_overflow');
    const stream = new Http2ServerStream(this, streamId, 0, 0);
    stream.isRemoteEnded = endStream;
    this.addStream(stream);
    stream.encodeHeaders(HeaderMap.of({ ':status': '431' }), true);
    return true;
  }

  #refuse(code: number, detail: string): undefined {
    this.giveUp(code, detail);
    return undefined;
  }
}
