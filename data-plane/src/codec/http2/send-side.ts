import type { Connection } from '../../transport/connection.ts';
import type { HeaderMap } from '../header-map.ts';
import { encodeFields } from './encode-fields.ts';
import { FloodGuard } from './flood-guard.ts';
import { FlowWindow } from './flow-window.ts';
import { HpackEncoder } from './hpack/hpack-encoder.ts';
import type { Http2Stream, StreamOwner } from './http2-stream.ts';
import type { Http2Options } from './options.ts';
import { Outbound } from './outbound.ts';
import { defaultWindowBytes, frameHeaderBytes } from './protocol.ts';
import { SendScheduler } from './send-scheduler.ts';
import { StreamTable } from './stream-table.ts';

/** A stream is given at least so much to keep, however many there are. */
const minStreamBufferBytes = 16 * 1024;

/**
 * What a connection writes for its streams. What all streams keep for sending is bounded by the connection's buffer
 * limit: a stream may keep as much as is left of it, so that one gets half and n get an equal n-th of nearly all.
 */
export abstract class SendSide implements StreamOwner {
  isWriteBlocked = false;
  readonly options: Http2Options;
  protected readonly outbound: Outbound;
  protected readonly streams = new StreamTable<Http2Stream>();
  protected readonly guard: FloodGuard;
  protected readonly scheduler = new SendScheduler(new FlowWindow(defaultWindowBytes));
  protected readonly encoder: HpackEncoder;
  readonly #bufferLimitBytes: number;
  #queuedBytes = 0;
  readonly #isBlocked = (): boolean => this.isWriteBlocked;

  protected constructor(connection: Connection, options: Http2Options, bufferLimitBytes: number) {
    connection.shareWrites?.();
    this.options = options;
    this.#bufferLimitBytes = bufferLimitBytes;
    this.outbound = new Outbound(connection, options);
    this.guard = new FloodGuard(options);
    this.encoder = new HpackEncoder(options.headerTableBytes);
  }

  onAboveWriteHighWatermark(): void {
    this.isWriteBlocked = true;
    for (const stream of this.streams.toArray()) stream.checkWatermark();
  }

  onBelowWriteLowWatermark(): void {
    this.isWriteBlocked = false;
    this.scheduler.flush(this.#isBlocked);
    for (const stream of this.streams.toArray()) stream.checkWatermark();
  }

  get streamBufferBytes(): number {
    if (this.#bufferLimitBytes === 0) return Infinity;
    return Math.max(minStreamBufferBytes, this.#bufferLimitBytes - this.#queuedBytes);
  }

  countQueued(changeBytes: number): void {
    this.#queuedBytes += changeBytes;
    this.options.stats.add('pending_send_bytes', changeBytes);
  }

  sendLimitOf(stream: Http2Stream): number {
    return this.isWriteBlocked ? 0 : this.scheduler.limitOf(stream);
  }

  send(stream: Http2Stream): void {
    this.scheduler.send(stream, this.#isBlocked);
  }

  sendHeaders(stream: Http2Stream, headers: HeaderMap, endStream: boolean): number {
    const { encoder } = this;
    encoder.begin(frameHeaderBytes);
    stream.decompressedHeaderBytesWritten += encodeFields(headers, encoder);
    return this.outbound.headers(stream.id, encoder, endStream);
  }

  sendData(stream: Http2Stream, bytes: Buffer, start: number, end: number, endStream: boolean): number {
    this.guard.sentDataFrameCount++;
    stream.sendWindow.take(end - start);
    this.scheduler.window.take(end - start);
    return this.outbound.data(stream.id, bytes, start, end, endStream);
  }

  sendWindowUpdate(streamId: number, bytes: number): void {
    this.outbound.windowUpdate(streamId, bytes);
  }

  abstract sendReset(stream: Http2Stream, code: number): void;
  abstract onLocalEnd(stream: Http2Stream): void;

  protected flush(): void {
    if (!this.isWriteBlocked) this.scheduler.flush(this.#isBlocked);
  }
}
