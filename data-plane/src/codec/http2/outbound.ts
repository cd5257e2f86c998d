import type { Connection } from '../../transport/connection.ts';
import type { Flood } from './flood-guard.ts';
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
} from './protocol.ts';

/**
 * Frames → bytes of one connection. The connection gathers what one turn writes. Frames are counted until the socket
 * has taken them: a peer that asks and never reads would have us keep them all.
 */
export class Outbound {
  readonly #connection: Connection;
  readonly #options: Http2Options;
  #waitingFrames = 0;
  /** Of these, such as answer the peer's own: acknowledgements and resets. */
  #waitingControlFrames = 0;

  constructor(connection: Connection, options: Http2Options) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Called before each read: what one read makes us write is bounded by its length. */
  checkFlood(): Flood | undefined {
    if (this.#waitingFrames === 0) return undefined;
    if (this.#connection.writeBufferedBytes === 0) {
      this.#waitingFrames = 0;
      this.#waitingControlFrames = 0;
      return undefined;
    }
    if (this.#waitingControlFrames > this.#options.maxOutboundControlFrames) return 'outbound_control_flood';
    return this.#waitingFrames > this.#options.maxOutboundFrames ? 'outbound_flood' : undefined;
  }

  writeText(text: string): void {
    this.#connection.write(text);
  }

  /** `settings`: pairs of number and value. */
  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    let payload = '';
    for (const [id, value] of settings) payload += uint16(id) + uint32(value);
    this.#write(frameHead(payload.length, frameSettings, 0, 0) + payload);
  }

  settingsAck(): void {
    this.#control(frameHead(0, frameSettings, flagAck, 0));
  }

  /** `opaque`: eight bytes. */
  pingAck(opaque: string): void {
    this.#control(frameHead(8, framePing, flagAck, 0) + opaque);
  }

  ping(opaque: string): void {
    this.#write(frameHead(8, framePing, 0, 0) + opaque);
  }

  rstStream(streamId: number, code: number): void {
    this.#options.stats.count('tx_reset');
    this.#control(frameHead(4, frameRstStream, 0, streamId) + uint32(code));
  }

  goAway(lastStreamId: number, code: number, debug: string): void {
    this.#options.stats.count('goaway_sent');
    const payload = uint32(lastStreamId) + uint32(code) + debug;
    this.#write(frameHead(payload.length, frameGoAway, 0, 0) + payload);
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.#write(frameHead(4, frameWindowUpdate, 0, streamId) + uint32(bytes));
  }

  /** A whole header block, in as many frames as it needs. Returns the bytes on the wire. */
  headers(streamId: number, block: Buffer, endStream: boolean): number {
    const text = block.toString('latin1');
    const endFlag = endStream ? flagEndStream : 0;
    if (text.length <= maxWrittenFrameBytes) {
      this.#write(frameHead(text.length, frameHeaders, flagEndHeaders | endFlag, streamId) + text);
      return frameHeaderBytes + text.length;
    }
    let written = 0;
    for (let at = 0; at < text.length; at += maxWrittenFrameBytes) {
      const part = text.slice(at, at + maxWrittenFrameBytes);
      const isLast = at + maxWrittenFrameBytes >= text.length;
      const type = at === 0 ? frameHeaders : frameContinuation;
      const flags = (at === 0 ? endFlag : 0) | (isLast ? flagEndHeaders : 0);
      this.#write(frameHead(part.length, type, flags, streamId) + part);
      written += frameHeaderBytes + part.length;
    }
    return written;
  }

  /** `chunk` may be lent; it is the connection's from here on. Returns the bytes on the wire. */
  data(streamId: number, chunk: Buffer, endStream: boolean): number {
    this.#write(frameHead(chunk.length, frameData, endStream ? flagEndStream : 0, streamId));
    if (chunk.length > 0) this.#connection.write(chunk);
    return frameHeaderBytes + chunk.length;
  }

  #write(frame: string): void {
    this.#waitingFrames++;
    this.#connection.write(frame);
  }

  #control(frame: string): void {
    this.#waitingControlFrames++;
    this.#write(frame);
  }
}

function frameHead(length: number, type: number, flags: number, streamId: number): string {
  return String.fromCharCode(
    length >>> 16,
    (length >>> 8) & 0xff,
    length & 0xff,
    type,
    flags,
    streamId >>> 24,
    (streamId >>> 16) & 0xff,
    (streamId >>> 8) & 0xff,
    streamId & 0xff,
  );
}

function uint16(value: number): string {
  return String.fromCharCode(value >>> 8, value & 0xff);
}

function uint32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}
