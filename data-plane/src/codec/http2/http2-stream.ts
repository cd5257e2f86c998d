import type { StreamCallbacks, StreamEncoder, StreamResetReason } from '../codec.ts';
import type { HeaderMap } from '../header-map.ts';
import { FlowWindow, ReceiveWindow } from './flow-window.ts';
import type { HeaderList } from './header-list.ts';
import type { Http2Options } from './options.ts';
import { cancel, shortFrameBytes } from './protocol.ts';
import { SendQueue } from './send-queue.ts';

/** The connection, as its streams see it. */
export interface StreamOwner {
  /** Bytes that all streams keep; each stream counts its own in and out. */
  countQueued(changeBytes: number): void;
  /** How much one stream may keep, as things are now; see `Http2Connection`. */
  readonly streamBufferBytes: number;
  readonly isWriteBlocked: boolean;
  /** Content that the stream may send in one frame now; 0: none. */
  sendLimitOf(stream: Http2Stream): number;
  /** The stream has something that waits: it goes out as far as windows and the socket allow. */
  send(stream: Http2Stream): void;
  /** Writes a header block; returns its bytes on the wire. */
  sendHeaders(stream: Http2Stream, headers: HeaderMap, endStream: boolean): number;
  /** Writes at most one frame, and takes it off both windows; returns its bytes on the wire. The content is copied. */
  sendData(stream: Http2Stream, bytes: Buffer, start: number, end: number, endStream: boolean): number;
  readonly options: Pick<Http2Options, 'chunks'>;
  sendWindowUpdate(streamId: number, bytes: number): void;
  /** Resets the stream at the peer and forgets it. */
  sendReset(stream: Http2Stream, code: number): void;
  /** END_STREAM was written. */
  onLocalEnd(stream: Http2Stream): void;
}

interface QueuedHead {
  readonly headers: HeaderMap;
  readonly endStream: boolean;
}

const noCallbacks: StreamCallbacks = {
  onResetStream: () => undefined,
  onAboveWriteHighWatermark: () => undefined,
  onBelowWriteLowWatermark: () => undefined,
};
const noBytes = Buffer.alloc(0);
const noHeads: QueuedHead[] = [];

/**
 * What both halves have of a stream: windows, what waits to be sent, and the two ends (RFC 9113, 5.1). What can go out
 * goes out at once, without a copy; what waits is copied, so that it pins nothing but itself. Heads wait too while the
 * socket takes nothing, so that a peer that never reads has us keep no more than its streams may.
 */
export abstract class Http2Stream implements StreamEncoder {
  /** 0: not open yet. */
  id: number;
  bytesRead = 0;
  bytesWritten = 0;
  headerBytesRead = 0;
  headerBytesWritten = 0;
  decompressedHeaderBytesRead = 0;
  decompressedHeaderBytesWritten = 0;
  /** The head of our message was given, written or not. */
  hasHead = false;
  /** END_STREAM was written. */
  isLocalEnded = false;
  /** END_STREAM came. */
  isRemoteEnded = false;
  /** Its window has grown in this read. */
  isWindowOpened = false;
  /** No event follows and no call does anything. */
  isEnded = false;
  /** Both sides agreed on raw bytes (CONNECT): each direction ends by itself. */
  isTunnel = false;
  readonly sendWindow: FlowWindow;
  /** Content that the peer's message has, as it announced; −1 without. */
  expectedBytes = -1;
  protected readonly owner: StreamOwner;
  readonly #receiveWindowBytes: number;
  /** There when something was received: most requests have no content. */
  #receiveWindow: ReceiveWindow | undefined;
  #callbacks: StreamCallbacks = noCallbacks;
  #receivedBytes = 0;
  #readDisableCount = 0;
  /** Received while reading is disabled: given back when it is not any more. */
  #heldBytes = 0;
  /** Most streams never have anything that waits. */
  #heads = noHeads;
  #queue: SendQueue | undefined;
  #queueBytes = 0;
  #isEndQueued = false;
  #trailers: HeaderMap | undefined;
  #isAboveHighWatermark = false;

  constructor(owner: StreamOwner, id: number, sendWindowBytes: number, receiveWindowBytes: number) {
    this.owner = owner;
    this.id = id;
    this.sendWindow = new FlowWindow(sendWindowBytes);
    this.#receiveWindowBytes = receiveWindowBytes;
  }

  /** Something waits for a window or for the socket. */
  get hasQueue(): boolean {
    return (
      !this.isEnded &&
      (this.#heads.length > 0 || this.#queueBytes > 0 || (this.#isEndQueued && !this.isLocalEnded))
    );
  }

  /** False: the stream may not begin yet, whatever waits. */
  get canSendHead(): boolean {
    return true;
  }

  setCallbacks(callbacks: StreamCallbacks): void {
    this.#callbacks = callbacks;
    this.checkWatermark();
  }

  encodeData(chunk: Buffer, endStream: boolean): void {
    if (!this.#canEncode()) return;
    const hadQueue = this.hasQueue;
    if (endStream) this.#isEndQueued = true;
    const restBytes = hadQueue ? chunk : this.#sendNow(chunk);
    if (restBytes.length > 0) {
      (this.#queue ??= new SendQueue(this.owner.options.chunks)).push(restBytes);
      this.#count(restBytes.length);
    }
    if (this.hasQueue) this.owner.send(this);
    if (endStream && this.hasQueue) this.onEndWaits();
    this.checkWatermark();
  }

  encodeTrailers(trailers: HeaderMap): void {
    if (!this.#canEncode()) return;
    if (trailers.size > 0) this.#trailers = trailers;
    this.#isEndQueued = true;
    this.owner.send(this);
    if (this.hasQueue) this.onEndWaits();
  }

  resetStream(): void {
    this.resetWith(cancel);
  }

  readDisable(disable: boolean): void {
    if (this.isEnded) return;
    this.#readDisableCount += disable ? 1 : -1;
    if (this.#readDisableCount > 0 || this.#heldBytes === 0) return;
    const heldBytes = this.#heldBytes;
    this.#heldBytes = 0;
    this.onConsumed(heldBytes);
  }

  /** Ends the stream without an event; the peer is told. */
  resetWith(code: number): void {
    if (this.isEnded) return;
    this.complete();
    this.owner.sendReset(this, code);
  }

  /** What is to be written cannot be: the stream ends with an event, and the peer is told. */
  protected refuse(reason: StreamResetReason, detail: string, code: number): void {
    const callbacks = this.#callbacks;
    this.resetWith(code);
    callbacks.onResetStream(reason, detail);
  }

  /** Ends the stream with an event; the peer is not told. */
  fail(reason: StreamResetReason, detail: string): void {
    if (this.isEnded) return;
    const callbacks = this.#callbacks;
    this.complete();
    callbacks.onResetStream(reason, detail);
  }

  /** Ends the stream without an event, and without a word to the peer. */
  complete(): void {
    this.isEnded = true;
    this.#callbacks = noCallbacks;
    this.#heads = noHeads;
    this.#queue?.clear();
    this.#trailers = undefined;
    this.#count(-this.#queueBytes);
  }

  /** A block came. */
  countHead({ frameBytes, fieldBytes }: HeaderList): void {
    this.bytesRead += frameBytes;
    this.headerBytesRead += frameBytes;
    this.decompressedHeaderBytesRead += fieldBytes;
  }

  /** DATA came: false when it is more than the stream's window. */
  receive(payloadBytes: number): boolean {
    return this.#openedWindow().receive(payloadBytes);
  }

  /** Content came: false when it is more than was announced. */
  countContent(contentBytes: number): boolean {
    this.#receivedBytes += contentBytes;
    return this.expectedBytes < 0 || this.#receivedBytes <= this.expectedBytes;
  }

  /** At the end of the message: its content is as long as announced (RFC 9113, 8.1.1). */
  get hasExpectedLength(): boolean {
    return this.expectedBytes < 0 || this.#receivedBytes === this.expectedBytes;
  }

  /** What was received was handed on: the peer may send as much again, unless reading is disabled. */
  onConsumed(payloadBytes: number): void {
    if (this.isEnded || this.isRemoteEnded) return;
    if (this.#readDisableCount > 0) {
      this.#heldBytes += payloadBytes;
      return;
    }
    if (this.#receiveWindow?.consume(payloadBytes) === true) this.#grant(this.#receiveWindow);
  }

  /** The peer has much to send: its window opens before it is used up. */
  openWindow(): void {
    if (this.#readDisableCount === 0) this.#grant(this.#openedWindow());
  }

  /** Sends one frame of what waits, with at most `limitBytes` of content. False: nothing can go out. */
  sendFrame(limitBytes: number): boolean {
    const head = this.#heads.shift();
    if (head !== undefined) {
      this.#writeHead(head.headers, head.endStream);
      return true;
    }
    const queue = this.#queue;
    if (queue === undefined || queue.isEmpty) return this.#sendEnd();
    if (limitBytes <= 0) return false;
    const { first, start } = queue;
    const end = queue.endWithin(limitBytes);
    this.#count(start - end);
    this.#writeData(first, start, end, queue.isLastAt(end));
    queue.drop(end);
    return true;
  }

  /** Looks again at what waits; called when the queue, its share or the socket changed. */
  checkWatermark(): void {
    if (this.isEnded || this.#callbacks === noCallbacks) return;
    const limitBytes = this.owner.streamBufferBytes;
    const isBlocked = this.owner.isWriteBlocked;
    if (!this.#isAboveHighWatermark) {
      if (!isBlocked && this.#queueBytes <= limitBytes) return;
      this.#isAboveHighWatermark = true;
      this.#callbacks.onAboveWriteHighWatermark();
    } else if (!isBlocked && this.#queueBytes * 2 <= limitBytes) {
      this.#isAboveHighWatermark = false;
      this.#callbacks.onBelowWriteLowWatermark();
    }
  }

  /** The message was given whole, and cannot go out yet. */
  protected onEndWaits(): void {
    // A client's is subject to whatever waits for its answer.
  }

  /** `isLast`: the head of the message, not a 1xx. */
  protected encodeHead(headers: HeaderMap, endStream: boolean, isLast: boolean): void {
    if (isLast) this.hasHead = true;
    if (this.#heads.length === 0 && this.canSendHead && !this.owner.isWriteBlocked) {
      this.#writeHead(headers, endStream);
      return;
    }
    if (this.#heads === noHeads) this.#heads = [];
    this.#heads.push({ headers, endStream });
    this.owner.send(this);
    if (endStream && this.hasQueue) this.onEndWaits();
  }

  /** How large the window of what is received is to be, as things are now. */
  protected get receiveWindowBytes(): number {
    return this.#receiveWindowBytes;
  }

  /** What the receiver of the content may keep of it now, as far as that is known. */
  protected get receiverRoomBytes(): number {
    return this.#callbacks.roomBytes ?? Infinity;
  }

  #openedWindow(): ReceiveWindow {
    return (this.#receiveWindow ??= new ReceiveWindow(this.#receiveWindowBytes));
  }

  #grant(window: ReceiveWindow): void {
    const grantedBytes = window.grant(this.receiveWindowBytes);
    if (grantedBytes === 0) return;
    this.bytesWritten += shortFrameBytes;
    this.owner.sendWindowUpdate(this.id, grantedBytes);
  }

  #canEncode(): boolean {
    return !this.isEnded && this.hasHead && !this.isLocalEnded && !this.#isEndQueued;
  }

  /** Sends what may go out now; returns the rest. */
  #sendNow(chunk: Buffer): Buffer {
    let at = 0;
    while (at < chunk.length) {
      const limitBytes = this.owner.sendLimitOf(this);
      if (limitBytes === 0) return at === 0 ? chunk : chunk.subarray(at);
      const end = Math.min(chunk.length, at + limitBytes);
      this.#writeData(chunk, at, end, end === chunk.length);
      at = end;
    }
    return noBytes;
  }

  #writeHead(headers: HeaderMap, endStream: boolean): void {
    if (endStream) this.isLocalEnded = true;
    const frameBytes = this.owner.sendHeaders(this, headers, endStream);
    this.bytesWritten += frameBytes;
    this.headerBytesWritten += frameBytes;
    if (endStream) this.owner.onLocalEnd(this);
  }

  /** `isAll`: nothing waits behind it. */
  #writeData(bytes: Buffer, start: number, end: number, isAll: boolean): void {
    const isEnd = isAll && this.#isEndQueued && this.#trailers === undefined;
    if (isEnd) this.isLocalEnded = true;
    this.bytesWritten += this.owner.sendData(this, bytes, start, end, isEnd);
    if (isEnd) this.owner.onLocalEnd(this);
  }

  #sendEnd(): boolean {
    if (this.isLocalEnded || !this.#isEndQueued) return false;
    if (this.#trailers === undefined) this.#writeData(noBytes, 0, 0, true);
    else this.#writeHead(this.#trailers, true);
    return true;
  }

  #count(changeBytes: number): void {
    if (changeBytes === 0) return;
    this.#queueBytes += changeBytes;
    this.owner.countQueued(changeBytes);
  }
}
