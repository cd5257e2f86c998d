import type { Connection } from '../../transport/connection.ts';
import type { StreamCallbacks, StreamEncoder, StreamResetReason } from '../codec.ts';
import type { HeaderMap } from '../header-map.ts';
import { formatNames } from './header-key-format.ts';
import type { Http1Options } from './options.ts';
import type { TrailerParser } from './trailer-parser.ts';

/** How a body is written. */
export const writeNothing = 0;
export const writeLength = 1;
export const writeChunked = 2;
/** Up to the end of the connection: HTTP/1.0 answers. */
export const writeUntilClose = 3;
/** A tunnel. */
export const writeRaw = 4;
/** A tunnel that is asked for and not granted yet: bytes wait. */
export const writeHeld = 5;

const noCallbacks: StreamCallbacks = {
  onResetStream: () => undefined,
  onAboveWriteHighWatermark: () => undefined,
  onBelowWriteLowWatermark: () => undefined,
};

/** The writing side of one exchange, as both halves have it. One object for each request; nothing else is made. */
export abstract class Http1Stream implements StreamEncoder {
  bytesRead = 0;
  bytesWritten = 0;
  headerBytesRead = 0;
  headerBytesWritten = 0;
  decompressedHeaderBytesRead = 0;
  decompressedHeaderBytesWritten = 0;
  /** The message of this side was written completely. */
  isEncodeComplete = false;
  /** The message of the peer was read completely. */
  isDecodeComplete = false;
  /** No event follows and no call does anything. */
  isEnded = false;
  hasSentHead = false;
  /** The connection was above its mark when the stream began. */
  startsAboveHighWatermark = false;
  protected writeMode = writeNothing;
  protected readonly connection: Connection;
  protected readonly options: Http1Options;
  #callbacks: StreamCallbacks = noCallbacks;
  #remainingBytes = 0;
  #readDisableCount = 0;
  #held: Buffer[] | undefined;

  constructor(connection: Connection, options: Http1Options) {
    this.connection = connection;
    this.options = options;
  }

  /** A head came, informational ones too; `fieldBytes` as its parser says. An empty one has an end as well. */
  countHead(fieldBytes: number): void {
    this.headerBytesRead += fieldBytes === 0 ? 3 : fieldBytes;
    this.decompressedHeaderBytesRead += this.headerBytesRead;
  }

  /** Trailers that are handed on. */
  countTrailers({ fieldBytes }: TrailerParser): void {
    if (this.options.enableTrailers) this.headerBytesRead += fieldBytes;
  }

  setCallbacks(callbacks: StreamCallbacks): void {
    this.#callbacks = callbacks;
    if (this.startsAboveHighWatermark) callbacks.onAboveWriteHighWatermark();
    this.startsAboveHighWatermark = false;
  }

  encodeData(chunk: Buffer, endStream: boolean): void {
    if (this.isEnded || this.isEncodeComplete || !this.hasSentHead) return;
    if (chunk.length > 0 && !this.#writeBody(chunk)) return;
    if (endStream) this.#endBody('0\r\n\r\n');
  }

  encodeTrailers(trailers: HeaderMap): void {
    if (this.isEnded || this.isEncodeComplete || !this.hasSentHead) return;
    const text = this.options.enableTrailers ? this.options.workspace.fieldReader.read(trailers) : '';
    if (this.writeMode === writeChunked) this.#countWritten(text.length);
    this.#endBody(`0\r\n${text}\r\n`);
  }

  readDisable(disable: boolean): void {
    if (this.isEnded) return;
    this.#readDisableCount += disable ? 1 : -1;
    this.connection.readDisable(disable);
  }

  resetStream(): void {
    if (this.isEnded) return;
    this.markEnded();
    this.onReset();
  }

  /** Ends the stream with an event. */
  failStream(reason: StreamResetReason, detail: string): void {
    if (this.isEnded) return;
    this.markEnded();
    const callbacks = this.#callbacks;
    this.#callbacks = noCallbacks;
    callbacks.onResetStream(reason, detail);
  }

  markEnded(): void {
    this.isEnded = true;
    this.#held = undefined;
    for (; this.#readDisableCount > 0; this.#readDisableCount--) this.connection.readDisable(false);
  }

  notifyWatermark(isAbove: boolean): void {
    this.startsAboveHighWatermark = isAbove && this.#callbacks === noCallbacks;
    if (isAbove) this.#callbacks.onAboveWriteHighWatermark();
    else this.#callbacks.onBelowWriteLowWatermark();
  }

  /** From a tunnel asked for to a tunnel: what waited goes out. */
  openTunnel(): void {
    this.writeMode = writeRaw;
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const chunk of held) this.writeBuffer(chunk);
  }

  /** A head, with the names of its fields as they are wanted. `startLineBytes`: up to its fields. */
  protected writeHead(head: string, startLineBytes: number, headers: HeaderMap): void {
    this.#countWritten(head.length - startLineBytes - 2);
    const { nameCases } = headers;
    const { headerKeyFormat } = this.options;
    const isPlain = nameCases === undefined && headerKeyFormat === undefined;
    this.writeText(isPlain ? head : formatNames(head, nameCases, headerKeyFormat));
  }

  protected writeText(text: string): void {
    this.bytesWritten += text.length;
    this.connection.write(text);
  }

  protected writeBuffer(chunk: Buffer): void {
    this.bytesWritten += chunk.length;
    this.connection.write(chunk);
  }

  protected setLength(lengthBytes: number): void {
    this.writeMode = writeLength;
    this.#remainingBytes = lengthBytes;
  }

  /** `resetStream` was called: the connection is of no further use. */
  protected abstract onReset(): void;
  /** What was written does not fit what the head announced. */
  protected abstract onBadLength(): void;
  protected abstract onEncodeComplete(): void;

  #countWritten(fieldBytes: number): void {
    this.headerBytesWritten += fieldBytes;
    this.decompressedHeaderBytesWritten += fieldBytes;
  }

  #writeBody(chunk: Buffer): boolean {
    switch (this.writeMode) {
      case writeChunked:
        this.writeText(`${chunk.length.toString(16)}\r\n`);
        this.writeBuffer(chunk);
        this.writeText('\r\n');
        return true;
      case writeLength:
        if (chunk.length > this.#remainingBytes) {
          this.onBadLength();
          return false;
        }
        this.#remainingBytes -= chunk.length;
        this.writeBuffer(chunk);
        return true;
      case writeHeld:
        (this.#held ??= []).push(Buffer.from(chunk));
        return true;
      case writeNothing:
        return true;
      default:
        this.writeBuffer(chunk);
        return true;
    }
  }

  #endBody(lastChunk: string): void {
    if (this.writeMode === writeLength && this.#remainingBytes > 0) {
      this.onBadLength();
      return;
    }
    if (this.writeMode === writeChunked) this.writeText(lastChunk);
    else if (this.writeMode === writeRaw) this.connection.shutdownWrite();
    this.isEncodeComplete = true;
    this.onEncodeComplete();
  }
}
