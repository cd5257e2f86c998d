import {
  clientPreface,
  defaultMaxFrameBytes,
  flagPadded,
  frameContinuation,
  frameData,
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
} from './protocol.ts';

/** Receives frames. Every call returns whether reading goes on: `false` once the connection is given up. */
export interface FrameHandler {
  /** DATA begins. `payloadBytes` is what flow control counts: padding included. */
  onDataFrame(streamId: number, flags: number, payloadBytes: number): boolean;
  /** Content of that frame, in one piece or several, lent until the call returns; not called for an empty frame. */
  onDataPart(chunk: Buffer, isLast: boolean): boolean;
  /** The DATA frame is complete. */
  onDataFrameEnd(): boolean;
  /**
   * Any other frame: `bytes[start, end)` is its payload, lent. Its length fits its type. Of a type that nobody knows the
   * payload is dropped: such a frame is ignored (RFC 9113, 4.1), but may not stand within a header block.
   */
  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean;
  /** The bytes are no frames. `code` is one of the RFC's error codes. */
  onFramingError(code: number, detail: string): void;
}

const inPreface = 0;
const inFrameHeader = 1;
const inPadLength = 2;
const inDataContent = 3;
const inPadding = 4;
const inPayload = 5;
/** Of a type that we do not know; ignored as RFC 9113, 4.1 asks. */
const inSkipped = 6;
const stopped = 7;

const preface = Buffer.from(clientPreface, 'latin1');

/**
 * Bytes → frames (RFC 9113, 4). DATA is handed on as it comes, without a copy; other frames are whole, and are copied
 * only when a read cut them. Lengths and stream ids that contradict a frame's type are errors here, so that handlers
 * need not look.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  #state: number;
  #prefaceOffset = 0;
  /** Frame header that a read cut. */
  readonly #head = Buffer.alloc(frameHeaderBytes);
  #headBytes = 0;
  #length = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Content of DATA, or what is to be skipped. */
  #leftBytes = 0;
  #paddingBytes = 0;
  /** Payload that a read cut. */
  #kept: Buffer | undefined;
  #keptBytes = 0;

  /** `expectsPreface`: of a server. */
  constructor(handler: FrameHandler, expectsPreface: boolean) {
    this.#handler = handler;
    this.#state = expectsPreface ? inPreface : inFrameHeader;
  }

  /** Nothing is read any more. */
  stop(): void {
    this.#state = stopped;
    this.#kept = undefined;
  }

  dispatch(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length) {
      switch (this.#state) {
        case inPreface:
          position = this.#readPreface(chunk, position);
          break;
        case inFrameHeader:
          position = this.#readFrameHeader(chunk, position);
          break;
        case inPadLength:
          position = this.#readPadLength(chunk, position);
          break;
        case inDataContent:
          position = this.#readDataContent(chunk, position);
          break;
        case inPadding:
        case inSkipped:
          position = this.#skip(chunk, position);
          break;
        case inPayload:
          position = this.#readPayload(chunk, position);
          break;
        default:
          return;
      }
    }
  }

  #readPreface(chunk: Buffer, from: number): number {
    let position = from;
    while (position < chunk.length && this.#prefaceOffset < preface.length) {
      if (chunk[position++] !== preface[this.#prefaceOffset++]) {
        this.#fail(protocolError, 'bad connection preface');
        return chunk.length;
      }
    }
    if (this.#prefaceOffset === preface.length) this.#state = inFrameHeader;
    return position;
  }

  #readFrameHeader(chunk: Buffer, from: number): number {
    let position = from;
    if (this.#headBytes === 0 && chunk.length - from >= frameHeaderBytes) {
      position += frameHeaderBytes;
      this.#beginFrame(chunk, from);
      return position;
    }
    while (position < chunk.length && this.#headBytes < frameHeaderBytes) {
      this.#head[this.#headBytes++] = chunk[position++] as number;
    }
    if (this.#headBytes === frameHeaderBytes) {
      this.#headBytes = 0;
      this.#beginFrame(this.#head, 0);
    }
    return position;
  }

  #beginFrame(head: Buffer, at: number): void {
    const length = ((head[at] as number) << 16) | ((head[at + 1] as number) << 8) | (head[at + 2] as number);
    const type = head[at + 3] as number;
    this.#length = length;
    this.#type = type;
    this.#flags = head[at + 4] as number;
    this.#streamId =
      (((head[at + 5] as number) & 0x7f) << 24) |
      ((head[at + 6] as number) << 16) |
      ((head[at + 7] as number) << 8) |
      (head[at + 8] as number);
    if (length > defaultMaxFrameBytes) {
      this.#fail(frameSizeError, `a frame of ${length} bytes`);
      return;
    }
    if (type === frameData) {
      this.#beginData();
      return;
    }
    const error = this.#checkFrame();
    if (error !== undefined) {
      this.#fail(error.code, error.detail);
    } else if (type > frameContinuation) {
      this.#leftBytes = length;
      this.#state = length > 0 ? inSkipped : inFrameHeader;
      this.#deliver(noBytes, 0, 0);
    } else if (length === 0) {
      this.#state = inFrameHeader;
      this.#deliver(noBytes, 0, 0);
    } else {
      this.#state = inPayload;
    }
  }

  #beginData(): void {
    if (this.#streamId === 0) {
      this.#fail(misplaced.code, misplaced.detail);
      return;
    }
    if (!this.#handler.onDataFrame(this.#streamId, this.#flags, this.#length)) {
      this.stop();
      return;
    }
    this.#paddingBytes = 0;
    if ((this.#flags & flagPadded) !== 0) {
      if (this.#length === 0) this.#fail(frameSizeError, 'padded without a pad length');
      else this.#state = inPadLength;
      return;
    }
    this.#leftBytes = this.#length;
    this.#state = inDataContent;
    if (this.#leftBytes === 0) this.#endData();
  }

  #readPadLength(chunk: Buffer, position: number): number {
    this.#paddingBytes = chunk[position] as number;
    this.#leftBytes = this.#length - 1 - this.#paddingBytes;
    if (this.#leftBytes < 0) this.#fail(protocolError, 'more padding than payload');
    else if (this.#leftBytes > 0) this.#state = inDataContent;
    else this.#endContent();
    return position + 1;
  }

  #readDataContent(chunk: Buffer, position: number): number {
    const end = Math.min(chunk.length, position + this.#leftBytes);
    this.#leftBytes -= end - position;
    const part = position === 0 && end === chunk.length ? chunk : chunk.subarray(position, end);
    if (!this.#handler.onDataPart(part, this.#leftBytes === 0)) this.stop();
    else if (this.#leftBytes === 0) this.#endContent();
    return end;
  }

  #endContent(): void {
    if (this.#paddingBytes === 0) {
      this.#endData();
      return;
    }
    this.#leftBytes = this.#paddingBytes;
    this.#state = inPadding;
  }

  #endData(): void {
    this.#state = inFrameHeader;
    if (!this.#handler.onDataFrameEnd()) this.stop();
  }

  #skip(chunk: Buffer, position: number): number {
    const end = Math.min(chunk.length, position + this.#leftBytes);
    this.#leftBytes -= end - position;
    if (this.#leftBytes === 0) {
      if (this.#state === inPadding) this.#endData();
      else this.#state = inFrameHeader;
    }
    return end;
  }

  #readPayload(chunk: Buffer, position: number): number {
    if (this.#kept === undefined && chunk.length - position >= this.#length) {
      this.#state = inFrameHeader;
      this.#deliver(chunk, position, position + this.#length);
      return position + this.#length;
    }
    const kept = (this.#kept ??= Buffer.allocUnsafe(this.#length));
    const end = Math.min(chunk.length, position + this.#length - this.#keptBytes);
    chunk.copy(kept, this.#keptBytes, position, end);
    this.#keptBytes += end - position;
    if (this.#keptBytes === this.#length) {
      this.#kept = undefined;
      this.#keptBytes = 0;
      this.#state = inFrameHeader;
      this.#deliver(kept, 0, this.#length);
    }
    return end;
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    if (!this.#handler.onFrame(this.#type, this.#flags, this.#streamId, bytes, start, end)) this.stop();
  }

  #fail(code: number, detail: string): void {
    this.stop();
    this.#handler.onFramingError(code, detail);
  }

  /** What a frame's type demands of its length and its stream id (RFC 9113, 6). */
  #checkFrame(): { readonly code: number; readonly detail: string } | undefined {
    const isOnStream = this.#streamId !== 0;
    switch (this.#type) {
      case frameHeaders:
      case frameContinuation:
      case framePushPromise:
        return isOnStream ? undefined : misplaced;
      case framePriority:
      case frameRstStream:
        if (!isOnStream) return misplaced;
        // A PRIORITY of another length is an error of its stream only; the handler sees the length.
        return this.#type === framePriority || this.#length === 4 ? undefined : badLength;
      case frameSettings:
        if (isOnStream) return misplaced;
        return this.#length % 6 !== 0 || ((this.#flags & 1) !== 0 && this.#length > 0)
          ? badLength
          : undefined;
      case framePing:
        if (isOnStream) return misplaced;
        return this.#length === 8 ? undefined : badLength;
      case frameGoAway:
        if (isOnStream) return misplaced;
        return this.#length >= 8 ? undefined : badLength;
      case frameWindowUpdate:
        return this.#length === 4 ? undefined : badLength;
      default:
        return undefined;
    }
  }
}

const noBytes = Buffer.alloc(0);
const misplaced = { code: protocolError, detail: 'a frame on a stream that its type cannot have' };
const badLength = { code: frameSizeError, detail: 'a frame of a length that its type cannot have' };
