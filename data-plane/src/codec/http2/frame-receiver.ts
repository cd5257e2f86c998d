import type { FloodGuard } from './flood-guard.ts';
import { ReceiveWindow } from './flow-window.ts';
import { FrameReader, type FrameHandler } from './frame-reader.ts';
import { HeaderReader, type FrameError } from './header-reader.ts';
import type { Http2Connection } from './http2-connection.ts';
import type { Http2Stream } from './http2-stream.ts';
import type { Http2Options } from './options.ts';
import {
  compressionError,
  flagAck,
  flagEndStream,
  flowControlError,
  frameContinuation,
  frameGoAway,
  frameHeaderBytes,
  frameHeaders,
  framePing,
  framePriority,
  framePushPromise,
  frameRstStream,
  frameSettings,
  frameSizeError,
  frameWindowUpdate,
  protocolError,
  shortFrameBytes,
  streamClosed,
} from './protocol.ts';

export type ReceivedSettings = readonly (readonly [id: number, value: number])[];

const noBytes = Buffer.alloc(0);

/**
 * Frames → what they mean to the connection and its streams: their order, header blocks in pieces, DATA against the
 * windows, and the floods that are counted by frame (RFC 9113, 5 and 6).
 */
export class FrameReceiver implements FrameHandler {
  readonly #connection: Http2Connection;
  readonly #guard: FloodGuard;
  readonly #reader: FrameReader;
  readonly #heads: HeaderReader;
  readonly #window: ReceiveWindow;
  #hasPeerSettings = false;
  /** Of the DATA frame that is being read; undefined: its content is dropped. */
  #dataStream: Http2Stream | undefined;
  #dataPayloadBytes = 0;
  #isDataLast = false;
  #hasDataContent = false;

  constructor(connection: Http2Connection, options: Http2Options, guard: FloodGuard, isServer: boolean) {
    this.#connection = connection;
    this.#guard = guard;
    this.#heads = new HeaderReader(options);
    this.#window = new ReceiveWindow(options.initialConnectionWindowBytes);
    this.#reader = new FrameReader(this, isServer);
  }

  /** The connection has begun, and its first SETTINGS or a header block are not complete. */
  get isHeadPending(): boolean {
    return !this.#hasPeerSettings || this.#heads.isOpen;
  }

  dispatch(chunk: Buffer): void {
    this.#reader.dispatch(chunk);
  }

  stop(): void {
    this.#reader.stop();
  }

  onDataFrame(streamId: number, flags: number, payloadBytes: number): boolean {
    const connection = this.#connection;
    if (this.#heads.isOpen || !this.#hasPeerSettings) {
      return connection.giveUp(protocolError, 'DATA out of place');
    }
    if (!this.#window.receive(payloadBytes)) {
      return connection.giveUp(flowControlError, 'more than the window of the connection');
    }
    if (this.#window.consume(payloadBytes)) {
      connection.sendWindowUpdate(0, this.#window.grant(connection.options.initialConnectionWindowBytes));
    }
    this.#dataStream = undefined;
    this.#dataPayloadBytes = payloadBytes;
    this.#isDataLast = (flags & flagEndStream) !== 0;
    this.#hasDataContent = false;
    const stream = connection.streamOf(streamId);
    if (stream === undefined) return connection.onContentOfClosedStream(streamId);
    stream.bytesRead += frameHeaderBytes + payloadBytes;
    if (stream.isRemoteEnded) {
      return connection.failStream(stream, streamClosed, 'DATA behind the end of a stream');
    }
    if (!stream.receive(payloadBytes)) {
      return connection.failStream(stream, flowControlError, 'more than the window of a stream');
    }
    this.#dataStream = stream;
    return true;
  }

  onDataPart(chunk: Buffer, isLast: boolean): boolean {
    this.#hasDataContent = true;
    const stream = this.#dataStream;
    if (stream === undefined || stream.isEnded) return true;
    const connection = this.#connection;
    if (!stream.countContent(chunk.length)) {
      return connection.refuseContent(stream, stream.id, 'more than content-length');
    }
    const isEnd = isLast && this.#isDataLast;
    if (isEnd && !stream.hasExpectedLength) {
      return connection.refuseContent(stream, stream.id, 'less than content-length');
    }
    connection.onContent(stream, chunk, isEnd);
    return this.#goesOn;
  }

  onDataFrameEnd(): boolean {
    const connection = this.#connection;
    const flood = this.#guard.onContentFrame(!this.#hasDataContent && !this.#isDataLast);
    if (flood !== undefined) return connection.onFlood(flood);
    const stream = this.#dataStream;
    this.#dataStream = undefined;
    if (stream === undefined || stream.isEnded) return this.#goesOn;
    if (!this.#hasDataContent) {
      if (this.#isDataLast && !stream.hasExpectedLength) {
        return connection.refuseContent(stream, stream.id, 'less than content-length');
      }
      connection.onContent(stream, noBytes, this.#isDataLast);
    }
    stream.onConsumed(this.#dataPayloadBytes);
    return this.#goesOn;
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean {
    const connection = this.#connection;
    if (this.#heads.isOpen && (type !== frameContinuation || streamId !== this.#heads.streamId)) {
      return connection.giveUp(protocolError, 'another frame within a header block');
    }
    if (!this.#hasPeerSettings && (type !== frameSettings || (flags & flagAck) !== 0)) {
      return connection.giveUp(protocolError, 'a connection that does not begin with SETTINGS');
    }
    switch (type) {
      case frameHeaders:
        return this.#afterHeaderFrame(this.#heads.readHeaders(flags, streamId, bytes, start, end));
      case frameContinuation:
        return this.#afterHeaderFrame(this.#heads.readContinuation(flags, bytes, start, end));
      case framePriority:
        return this.#onPriority(streamId, bytes, start, end);
      case frameRstStream:
        this.#countReset(streamId);
        return connection.onRstStream(streamId, bytes.readUInt32BE(start));
      case frameSettings:
        return this.#onSettings(flags, bytes, start, end);
      case framePushPromise:
        return connection.giveUp(protocolError, 'PUSH_PROMISE, which is off');
      case framePing:
        this.#onPing(flags, bytes.toString('latin1', start, end));
        return true;
      case frameGoAway:
        return connection.onGoAwayFrame(bytes.readUInt32BE(start) & 0x7fffffff) && this.#goesOn;
      case frameWindowUpdate:
        return this.#onWindowUpdate(streamId, bytes.readUInt32BE(start) & 0x7fffffff);
      default:
        return true;
    }
  }

  onFramingError(code: number, detail: string): void {
    this.#connection.giveUp(code, detail);
  }

  /** False once a callback of ours had the connection given up. */
  get #goesOn(): boolean {
    return !this.#connection.isGivenUp;
  }

  #countReset(streamId: number): void {
    const stream = this.#connection.streamOf(streamId);
    if (stream !== undefined) stream.bytesRead += shortFrameBytes;
  }

  #afterHeaderFrame(error: FrameError | undefined): boolean {
    const connection = this.#connection;
    const heads = this.#heads;
    if (error !== undefined) return connection.giveUp(error.code, error.detail);
    const flood = this.#guard.onContentFrame(heads.wasEmpty);
    if (flood !== undefined) return connection.onFlood(flood);
    if (heads.isOpen) return true;
    const kind = connection.kindOfHead(heads.streamId);
    if (kind === undefined) return false;
    const broken = heads.decode(kind);
    if (broken !== undefined) return connection.giveUp(compressionError, broken);
    return connection.onHead(heads.streamId, heads.list, heads.endStream) && this.#goesOn;
  }

  #onPriority(streamId: number, bytes: Buffer, start: number, end: number): boolean {
    const flood = this.#guard.onPriority();
    if (flood !== undefined) return this.#connection.onFlood(flood);
    if (end - start !== 5) {
      return this.#connection.onBrokenFrame(streamId, frameSizeError, 'a PRIORITY of another length');
    }
    // Priorities mean nothing any more (RFC 9113, 5.3.2), except that no stream depends on itself.
    if ((bytes.readUInt32BE(start) & 0x7fffffff) !== streamId) return true;
    return this.#connection.onBrokenFrame(streamId, protocolError, 'a stream that depends on itself');
  }

  #onSettings(flags: number, bytes: Buffer, start: number, end: number): boolean {
    this.#hasPeerSettings = true;
    if ((flags & flagAck) !== 0) {
      this.#heads.onSettingsAck();
      this.#connection.onSettingsAck();
      return true;
    }
    const settings: [id: number, value: number][] = [];
    for (let at = start; at < end; at += 6) {
      settings.push([bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2)]);
    }
    return this.#connection.onSettings(settings);
  }

  #onPing(flags: number, opaque: string): void {
    if ((flags & flagAck) === 0) this.#connection.onPing(opaque);
    else this.#connection.onPingAck(opaque);
  }

  #onWindowUpdate(streamId: number, bytes: number): boolean {
    const flood = this.#guard.onWindowUpdate();
    if (flood !== undefined) return this.#connection.onFlood(flood);
    return streamId === 0
      ? this.#connection.onConnectionWindow(bytes)
      : this.#connection.onStreamWindow(streamId, bytes);
  }
}
