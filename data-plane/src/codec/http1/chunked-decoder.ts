import type { CodecError } from '../codec.ts';
import type { HeaderMap } from '../header-map.ts';
import {
  carriageReturn,
  hexDigitPlusOne,
  isFieldValueByte,
  lineFeed,
  semicolon,
  space,
  tab,
} from './byte-tables.ts';
import { failed, needsMore } from './head-parser.ts';
import type { TrailerParser } from './trailer-parser.ts';

/** Who receives a body. Each may end the stream, or the whole codec, from within. */
export interface BodySink {
  /** Not empty; lent until the call returns. False stops the decoder: nothing more is wanted. */
  onBodyData(part: Buffer): boolean;
  /** Last call. */
  onBodyEnd(trailers: HeaderMap | undefined): void;
  createTrailerParser(): TrailerParser;
}

const atSize = 0;
const inSize = 1;
const beforeExtension = 2;
const inExtension = 3;
const atSizeLineFeed = 4;
const inData = 5;
const atDataReturn = 6;
const atDataLineFeed = 7;
const inTrailers = 8;

/** 2^52 has 13 hexadecimal digits; more digits than that are a trick. */
const maxSizeDigits = 13;

/**
 * The chunked coding (RFC 9112 7.1), strictly: digits only, CRLF after size and data, nothing between. Extensions are
 * skipped up to a limit for the whole body, since each chunk could carry one.
 */
export class ChunkedDecoder {
  error: CodecError | undefined = undefined;
  readonly #sink: BodySink;
  readonly #malformed: CodecError;
  readonly #maxExtensionBytes: number;
  #state = atSize;
  #size = 0;
  #sizeDigitCount = 0;
  #extensionBytes = 0;
  #trailers: TrailerParser | undefined;

  constructor(sink: BodySink, malformed: CodecError, maxExtensionBytes: number) {
    this.#sink = sink;
    this.#malformed = malformed;
    this.#maxExtensionBytes = maxExtensionBytes;
  }

  /** Before each body. */
  begin(): void {
    this.error = undefined;
    this.#state = atSize;
    this.#size = 0;
    this.#sizeDigitCount = 0;
    this.#extensionBytes = 0;
    this.#trailers = undefined;
  }

  /** The position behind what was used: the end of the chunk, or of the body; `failed` with `error` set. */
  execute(chunk: Buffer, from: number): number {
    let position = from;
    const end = chunk.length;
    while (position < end) {
      if (this.#state === inData) {
        const partEnd = Math.min(end, position + this.#size);
        this.#size -= partEnd - position;
        if (this.#size === 0) this.#state = atDataReturn;
        const part = position === 0 && partEnd === end ? chunk : chunk.subarray(position, partEnd);
        position = partEnd;
        if (!this.#sink.onBodyData(part)) return position;
        continue;
      }
      if (this.#state === inTrailers) return this.#readTrailers(chunk, position);
      if (!this.#readFraming(chunk[position] as number)) {
        this.error = this.#malformed;
        return failed;
      }
      position++;
    }
    return position;
  }

  /** One byte of the lines around the data. */
  #readFraming(byte: number): boolean {
    switch (this.#state) {
      case atSize:
      case inSize:
        return this.#readSize(byte);
      case beforeExtension:
        // Bad white space is allowed before an extension only (RFC 9112 7.1.1).
        if (byte === semicolon) this.#state = inExtension;
        return (byte === semicolon || byte === space || byte === tab) && this.#countExtension();
      case inExtension:
        if (byte === carriageReturn) {
          this.#state = atSizeLineFeed;
          return true;
        }
        return isFieldValueByte[byte] === 1 && this.#countExtension();
      case atSizeLineFeed:
        this.#state = this.#size === 0 ? inTrailers : inData;
        return byte === lineFeed;
      case atDataReturn:
        this.#state = atDataLineFeed;
        return byte === carriageReturn;
      case atDataLineFeed:
        this.#state = atSize;
        this.#sizeDigitCount = 0;
        return byte === lineFeed;
      default:
        return false;
    }
  }

  #readSize(byte: number): boolean {
    const digit = hexDigitPlusOne[byte] as number;
    if (digit !== 0) {
      this.#state = inSize;
      this.#size = this.#size * 16 + digit - 1;
      return ++this.#sizeDigitCount <= maxSizeDigits;
    }
    if (this.#state === atSize) return false;
    if (byte === carriageReturn) {
      this.#state = atSizeLineFeed;
      return true;
    }
    this.#state = byte === semicolon ? inExtension : beforeExtension;
    return (byte === semicolon || byte === space || byte === tab) && this.#countExtension();
  }

  #countExtension(): boolean {
    return ++this.#extensionBytes <= this.#maxExtensionBytes;
  }

  #readTrailers(chunk: Buffer, position: number): number {
    // Nearly always there are none.
    if (
      this.#trailers === undefined &&
      position + 1 < chunk.length &&
      chunk[position] === carriageReturn &&
      chunk[position + 1] === lineFeed
    ) {
      this.#sink.onBodyEnd(undefined);
      return position + 2;
    }
    const parser = (this.#trailers ??= this.#sink.createTrailerParser());
    const next = parser.execute(chunk, position);
    if (next === needsMore) return chunk.length;
    if (next === failed) {
      this.error = parser.error ?? this.#malformed;
      return failed;
    }
    const trailers = parser.finish();
    if (parser.error !== undefined) {
      this.error = parser.error;
      return failed;
    }
    this.#trailers = undefined;
    this.#sink.onBodyEnd(trailers);
    return next;
  }
}
