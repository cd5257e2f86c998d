import type { Connection } from '../../transport/connection.ts';
import type { StreamResetReason } from '../codec.ts';
import type { Flood } from './flood-guard.ts';
import type { ListKind, HeaderList } from './header-list.ts';
import { FrameReceiver, type ReceivedSettings } from './frame-receiver.ts';
import type { Http2Stream } from './http2-stream.ts';
import { Liveness, type LivenessOwner } from './liveness.ts';
import type { Http2Options } from './options.ts';
import {
  defaultWindowBytes,
  enhanceYourCalm,
  flowControlError,
  protocolError,
  refusedStream,
  settingsTimeout,
  streamClosed,
} from './protocol.ts';
import { ResetMemory } from './reset-memory.ts';
import { SendSide } from './send-side.ts';
import { PeerSettings, settingsOf, type Setting } from './settings.ts';

/**
 * HTTP/2 as both halves have it (RFC 9113): streams, settings, windows, and every bound on what a peer can make us do
 * or keep. `FrameReceiver` reads, the halves say what opens a stream and what a message is.
 *
 * The connection's window is given back on receipt: only a stream's own window holds its sender back, so a stalled
 * stream stalls itself alone.
 */
export abstract class Http2Connection extends SendSide implements LivenessOwner {
  /** The connection is gone, or beyond repair: nothing more is read, and nothing written. */
  isGivenUp = false;
  protected readonly peer = new PeerSettings();
  protected readonly liveness: Liveness;
  protected readonly resets = new ResetMemory();
  /** The highest stream that the peer opened. */
  protected lastPeerStreamId = 0;
  readonly #connection: Connection;
  readonly #receiver: FrameReceiver;
  readonly #isServer: boolean;
  /** The window of all streams is larger than before. */
  #isFlushDue = false;
  /** Streams that wait, and whose own window is. */
  #opened: Http2Stream[] = [];

  constructor(connection: Connection, options: Http2Options, bufferLimitBytes: number, isServer: boolean) {
    super(connection, options, bufferLimitBytes);
    this.#connection = connection;
    this.#isServer = isServer;
    this.liveness = new Liveness(options, this);
    this.#receiver = new FrameReceiver(this, options, this.guard, isServer);
  }

  get activeStreamCount(): number {
    return this.streams.size;
  }

  /** A head has begun and is not complete. */
  protected get isHeadPending(): boolean {
    return this.#receiver.isHeadPending;
  }

  dispatch(chunk: Buffer): void {
    if (this.isGivenUp) return;
    const flood = this.outbound.checkFlood();
    if (flood !== undefined) {
      this.onFlood(flood);
      return;
    }
    this.liveness.onRead();
    this.#receiver.dispatch(chunk);
    this.#sendWhatMay();
  }

  onClose(detail: string): void {
    this.#end();
    for (const stream of this.takeStreams()) {
      stream.fail('connection-termination', detail);
      this.onStreamGone(stream, false);
    }
  }

  override sendReset(stream: Http2Stream, code: number): void {
    this.forget(stream);
    stream.bytesWritten += this.#writeReset(stream.id, code);
    this.onStreamGone(stream, false);
  }

  // For the receiver. Each returns whether the connection goes on.

  /** What a block on that stream would be; undefined when the connection was given up for it. */
  abstract kindOfHead(streamId: number): ListKind | undefined;
  /** A whole block on `streamId`, decoded as `kindOfHead` said. */
  abstract onHead(streamId: number, head: HeaderList, endStream: boolean): boolean;
  abstract onGoAwayFrame(lastStreamId: number): boolean;
  /** Nobody has opened it yet. */
  abstract isIdle(streamId: number): boolean;
  /** `chunk` is empty for a frame without content, which may be out of place as well as any. */
  protected abstract deliverData(stream: Http2Stream, chunk: Buffer, endStream: boolean): void;
  /** A stream is over, in whatever way; `isComplete`: both messages were whole. */
  protected abstract onStreamGone(stream: Http2Stream, isComplete: boolean): void;
  /** END_STREAM came and was delivered. */
  protected abstract onRemoteEnd(stream: Http2Stream): void;
  /** The peer reset a stream. */
  protected abstract onRemoteReset(stream: Http2Stream, code: number): boolean;
  /** We reset a stream because the peer broke a rule. */
  protected abstract onStreamError(stream: Http2Stream): boolean;
  /** The connection ends for a broken rule; GOAWAY was written, and all streams were reset. */
  protected abstract onGivenUp(detail: string): void;
  protected abstract onPeerSettings(): void;

  streamOf(streamId: number): Http2Stream | undefined {
    return this.streams.get(streamId);
  }

  onContent(stream: Http2Stream, chunk: Buffer, isEnd: boolean): void {
    if (isEnd) stream.isRemoteEnded = true;
    this.deliverData(stream, chunk, isEnd);
    if (isEnd && !stream.isEnded) this.onRemoteEnd(stream);
  }

  /** Content for a stream that is not open. */
  onContentOfClosedStream(streamId: number): boolean {
    if (this.isIdle(streamId)) return this.giveUp(protocolError, 'DATA of an idle stream');
    const isLate = this.resets.has(streamId) || this.resets.mayHaveForgotten(streamId);
    if (!isLate) this.#writeReset(streamId, streamClosed);
    return true;
  }

  onRstStream(streamId: number, code: number): boolean {
    const stream = this.streams.get(streamId);
    if (stream !== undefined) {
      this.options.stats.count('rx_reset');
      if (code === refusedStream) this.options.stats.count('stream_refused_errors');
      this.forget(stream);
      return this.onRemoteReset(stream, code) && !this.isGivenUp;
    }
    // It may have crossed with ours: what comes behind it was not on its way.
    this.resets.forget(streamId);
    return !this.isIdle(streamId) || this.giveUp(protocolError, 'RST_STREAM of an idle stream');
  }

  onSettings(settings: ReceivedSettings): boolean {
    const before = this.peer.initialWindowBytes;
    const error = this.peer.applyAll(settings, !this.#isServer, this.encoder);
    if (error !== undefined) return this.giveUp(error, 'a setting that cannot be');
    this.outbound.settingsAck();
    const changeBytes = this.peer.initialWindowBytes - before;
    for (const stream of this.streams.toArray()) {
      if (!stream.sendWindow.add(changeBytes)) {
        return this.giveUp(flowControlError, 'a window that is too large');
      }
    }
    this.onPeerSettings();
    if (changeBytes > 0) this.#isFlushDue = true;
    return !this.isGivenUp;
  }

  onSettingsAck(): void {
    this.liveness.onSettingsAck();
  }

  onPing(opaque: string): void {
    this.outbound.pingAck(opaque);
  }

  onPingAck(opaque: string): void {
    this.liveness.onPingAck(opaque);
  }

  onConnectionWindow(bytes: number): boolean {
    if (bytes === 0) return this.giveUp(protocolError, 'a window update of nothing');
    if (!this.scheduler.window.add(bytes)) {
      return this.giveUp(flowControlError, 'a window that is too large');
    }
    this.#isFlushDue = true;
    return true;
  }

  onStreamWindow(streamId: number, bytes: number): boolean {
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      return this.isIdle(streamId) ? this.giveUp(protocolError, 'WINDOW_UPDATE of an idle stream') : true;
    }
    if (bytes === 0) return this.failStream(stream, protocolError, 'a window update of nothing');
    if (!stream.sendWindow.add(bytes)) {
      return this.failStream(stream, flowControlError, 'a window that is too large');
    }
    if (stream.hasQueue && !stream.isWindowOpened) {
      stream.isWindowOpened = true;
      this.#opened.push(stream);
    }
    return true;
  }

  /** A frame without a meaning for the stream's state that breaks a rule of its own. */
  onBrokenFrame(streamId: number, code: number, detail: string): boolean {
    const stream = this.streams.get(streamId);
    if (stream !== undefined) return this.failStream(stream, code, detail);
    // An idle stream has no reset of its own (RFC 9113, 5.1).
    if (this.isIdle(streamId)) return this.giveUp(code, detail);
    if (!this.resets.has(streamId)) this.#writeReset(streamId, code);
    return true;
  }

  /** An error of one stream (RFC 9113, 5.4.2). */
  failStream(stream: Http2Stream, code: number, detail: string): boolean {
    this.forget(stream);
    stream.bytesWritten += this.#writeReset(stream.id, code);
    stream.fail('protocol-error', detail);
    this.onStreamGone(stream, false);
    return this.onStreamError(stream) && !this.isGivenUp;
  }

  /** A broken message: its connection ends, or only its stream, as configured. */
  refuseMessage(stream: Http2Stream | undefined, streamId: number, detail: string): boolean {
    if (this.options.isStreamErrorOnInvalidMessage) return this.refuseContent(stream, streamId, detail);
    this.options.stats.count('rx_messaging_error');
    return this.giveUp(protocolError, detail);
  }

  /** Content of another length than its message announced: no other stream is in doubt (RFC 9113, 8.1.1). */
  refuseContent(stream: Http2Stream | undefined, streamId: number, detail: string): boolean {
    this.options.stats.count('rx_messaging_error');
    if (stream !== undefined) return this.failStream(stream, protocolError, detail);
    this.#writeReset(streamId, protocolError);
    return true;
  }

  /** The connection is beyond repair: GOAWAY, and every stream ends. Always false, for handlers to return. */
  giveUp(code: number, detail: string): false {
    if (this.isGivenUp) return false;
    this.#end();
    this.outbound.goAway(this.lastPeerStreamId, code, detail);
    for (const stream of this.takeStreams()) stream.fail('protocol-error', detail);
    this.onGivenUp(detail);
    return false;
  }

  onFlood(flood: Flood): false {
    this.options.stats.count(flood);
    return this.giveUp(enhanceYourCalm, flood);
  }

  // For the watch over the peer.

  sendPing(opaque: string): void {
    this.outbound.ping(opaque);
  }

  onSettingsTimeout(): void {
    this.giveUp(settingsTimeout, 'SETTINGS were not acknowledged');
  }

  /** Nobody is there to hear a GOAWAY; the streams learn of it by `onClose`. */
  onPingTimeout(): void {
    this.options.stats.count('keepalive_timeout');
    this.#connection.close('abort');
  }

  // For the halves.

  /** Writes SETTINGS, and opens the connection's window as far as the options say. */
  protected writeSettings(streamWindowBytes: number, settings: readonly Setting[]): void {
    const { options } = this;
    this.outbound.settings([...settingsOf(options, streamWindowBytes), ...settings]);
    const moreBytes = options.initialConnectionWindowBytes - defaultWindowBytes;
    if (moreBytes > 0) this.outbound.windowUpdate(0, moreBytes);
    this.liveness.start();
  }

  protected addStream(stream: Http2Stream): void {
    this.guard.openedStreamCount++;
    this.streams.add(stream);
    this.options.stats.add('streams_active', 1);
  }

  protected forget(stream: Http2Stream): void {
    this.scheduler.forget(stream);
    if (this.streams.delete(stream.id)) this.options.stats.add('streams_active', -1);
  }

  /** Both directions are complete. */
  protected completeStream(stream: Http2Stream): void {
    stream.complete();
    this.forget(stream);
    this.onStreamGone(stream, true);
  }

  /** One direction is complete, and nobody needs the other: the peer is told to stop. */
  protected cutStream(stream: Http2Stream, code: number): void {
    stream.complete();
    this.forget(stream);
    this.#writeReset(stream.id, code);
    this.onStreamGone(stream, true);
  }

  protected failUntold(stream: Http2Stream, reason: StreamResetReason, detail: string): void {
    this.forget(stream);
    stream.fail(reason, detail);
    this.onStreamGone(stream, false);
  }

  /** Resets a stream that has no object. */
  protected resetUnopened(streamId: number, code: number): void {
    this.#writeReset(streamId, code);
  }

  /** Every stream, which the connection forgets. */
  protected takeStreams(): Http2Stream[] {
    const streams = this.streams.toArray();
    for (const stream of streams) this.forget(stream);
    return streams;
  }

  /** Windows that are opened byte by byte in one read are one window: each frame has nine bytes of its own. */
  #sendWhatMay(): void {
    const opened = this.#opened;
    if (opened.length > 0) this.#opened = [];
    for (const stream of opened) {
      stream.isWindowOpened = false;
      if (stream.hasQueue) this.send(stream);
      stream.checkWatermark();
    }
    if (this.#isFlushDue) {
      this.#isFlushDue = false;
      this.flush();
    }
  }

  #writeReset(streamId: number, code: number): number {
    if (this.isGivenUp || streamId === 0) return 0;
    this.resets.add(streamId);
    return this.outbound.rstStream(streamId, code);
  }

  #end(): void {
    this.isGivenUp = true;
    this.#receiver.stop();
    this.liveness.stop();
  }
}
