import type { Connection } from '../../transport/connection.ts';
import type { Flood } from './flood-guard.ts';
import type { HpackEncoder } from './hpack/hpack-encoder.ts';
import { maxWrittenFrameBytes, type Http2Options } from './options.ts';
import {
  flagAck,
  flagEndHeaders,
  flagEndStream,
  frameContinuation,
  frameData,
  frameGoAway,
  frameHeaderBytes,
  frameHeaders,
  framePing,
  frameRstStream,
  frameSettings,
  frameWindowUpdate,
  shortFrameBytes,
} from './protocol.ts';
import { WaitingFrames } from './waiting-frames.ts';

/**
 * Frames → bytes of one connection. The connection gathers what one turn writes. Frames are counted until the socket
 * has taken them: a peer that asks and never reads would have us keep them all. One that reads slowly never finds the
 * buffer empty, and is no flood.
 */
export class Outbound {
  readonly #connection: Connection;
  readonly #options: Http2Options;
  readonly #head = Buffer.alloc(frameHeaderBytes);
  readonly #waiting = new WaitingFrames();
  /** Of these, such as answer the peer's own: acknowledgements and resets. */
  readonly #waitingControl = new WaitingFrames();

  constructor(connection: Connection, options: Http2Options) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Called before each read: what one read makes us write is bounded by its length. */
  checkFlood(): Flood | undefined {
    if (this.#waiting.count === 0) return undefined;
    this.#forgetSent();
    if (this.#waitingControl.count > this.#options.maxOutboundControlFrames) return 'outbound_control_flood';
    return this.#waiting.count > this.#options.maxOutboundFrames ? 'outbound_flood' : undefined;
  }

  writeText(text: string): void {
    this.#connection.write(text);
  }

  /** `settings`: pairs of number and value. */
  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    let payload = '';
    for (const [id, value] of settings) payload += uint16(id) + uint32(value);
    this.#write(frameSettings, 0, 0, payload);
  }

  settingsAck(): void {
    this.#control(frameSettings, flagAck, 0, '');
  }

  /** `opaque`: eight bytes. */
  pingAck(opaque: string): void {
    this.#control(framePing, flagAck, 0, opaque);
  }

  ping(opaque: string): void {
    this.#write(framePing, 0, 0, opaque);
  }

  /** Returns the bytes on the wire. */
  rstStream(streamId: number, code: number): number {
    this.#options.stats.count('tx_reset');
    this.#control(frameRstStream, 0, streamId, uint32(code));
    return shortFrameBytes;
  }

  goAway(lastStreamId: number, code: number, debug: string): void {
    this.#options.stats.count('goaway_sent');
    const payload = uint32(lastStreamId) + uint32(code) + debug;
    this.#write(frameGoAway, 0, 0, payload);
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.#write(frameWindowUpdate, 0, streamId, uint32(bytes));
  }

  /**
   * The block that `encoder` has written behind room for a frame's header, in as many frames as it needs. Returns the
   * bytes on the wire.
   */
  headers(streamId: number, encoder: HpackEncoder, endStream: boolean): number {
    const { buffer, end } = encoder;
    const endFlag = endStream ? flagEndStream : 0;
    const blockBytes = end - frameHeaderBytes;
    if (blockBytes <= maxWrittenFrameBytes) {
      writeFrameHead(buffer, 0, blockBytes, frameHeaders, flagEndHeaders | endFlag, streamId);
      this.#connection.writeCopy(buffer, 0, end);
      this.#onWritten();
      return end;
    }
    let written = 0;
    for (let at = frameHeaderBytes; at < end; at += maxWrittenFrameBytes) {
      const partEnd = Math.min(end, at + maxWrittenFrameBytes);
      const isFirst = at === frameHeaderBytes;
      const flags = (isFirst ? endFlag : 0) | (partEnd === end ? flagEndHeaders : 0);
      this.#frameHead(partEnd - at, isFirst ? frameHeaders : frameContinuation, flags, streamId);
      this.#connection.writeCopy(buffer, at, partEnd);
      this.#onWritten();
      written += frameHeaderBytes + partEnd - at;
    }
    return written;
  }

  /** Content in one frame; it is copied. Returns the bytes on the wire. */
  data(streamId: number, bytes: Buffer, start: number, end: number, endStream: boolean): number {
    this.#frameHead(end - start, frameData, endStream ? flagEndStream : 0, streamId);
    if (end > start) this.#connection.writeCopy(bytes, start, end);
    this.#onWritten();
    return frameHeaderBytes + end - start;
  }

  #frameHead(length: number, type: number, flags: number, streamId: number): void {
    writeFrameHead(this.#head, 0, length, type, flags, streamId);
    this.#connection.writeCopy(this.#head, 0, frameHeaderBytes);
  }

  /** `payload`: latin1. Rare frames, and short ones. */
  #write(type: number, flags: number, streamId: number, payload: string): void {
    this.#frameHead(payload.length, type, flags, streamId);
    if (payload !== '') this.#connection.write(payload);
    this.#onWritten();
  }

  #control(type: number, flags: number, streamId: number, payload: string): void {
    this.#write(type, flags, streamId, payload);
    this.#waitingControl.add(this.#connection.bytesWritten);
  }

  #onWritten(): void {
    this.#waiting.add(this.#connection.bytesWritten);
    // A peer that only reads lets nobody look.
    if (this.#waiting.count > this.#options.maxOutboundFrames) this.#forgetSent();
  }

  #forgetSent(): void {
    const sentBytes = this.#connection.bytesWritten - this.#connection.writeBufferedBytes;
    this.#waiting.onSent(sentBytes);
    this.#waitingControl.onSent(sentBytes);
  }
}

function writeFrameHead(
  target: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  target[at] = length >>> 16;
  target[at + 1] = length >>> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + 4] = flags;
  target[at + 5] = streamId >>> 24;
  target[at + 6] = streamId >>> 16;
  target[at + 7] = streamId >>> 8;
  target[at + 8] = streamId;
}

function uint16(value: number): string {
  return String.fromCharCode(value >>> 8, value & 0xff);
}

function uint32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}
