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

/** Chunks smaller than that are passed on together with others of the same read. */
const gatheredPartBytes = 512;
const gatherBytes = 16 * 1024;
/** What stands behind the only chunk of a body: its line end, and the last chunk. */
const loneTailBytes = 16;
const noBytes = Buffer.alloc(0);

/**
 * The chunked coding (RFC 9112 7.1), strictly: digits only, CRLF after size and data, nothing between. Extensions are
 * skipped up to a limit for the whole body, since each chunk could carry one. Small chunks are gathered, or a body in
 * chunks of one byte would cost a hundred times what it brings.
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
  /** Data of small chunks that stand in one read. */
  #gathered = noBytes;
  #gatheredBytes = 0;

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
        const isGathered = partEnd - position < gatheredPartBytes && end - partEnd > loneTailBytes;
        const isWanted = isGathered
          ? this.#gather(chunk, position, partEnd)
          : this.#passGathered() &&
            this.#sink.onBodyData(
              position === 0 && partEnd === end ? chunk : chunk.subarray(position, partEnd),
            );
        position = partEnd;
        if (!isWanted) return position;
        continue;
      }
      if (this.#state === inTrailers) {
        return this.#passGathered() ? this.#readTrailers(chunk, position) : position;
      }
      if (!this.#readFraming(chunk[position] as number)) {
        this.#passGathered();
        this.error = this.#malformed;
        return failed;
      }
      position++;
    }
    this.#passGathered();
    return position;
  }

  /** False: nothing more is wanted. */
  #gather(chunk: Buffer, from: number, to: number): boolean {
    if (this.#gatheredBytes + to - from > this.#gathered.length) {
      if (!this.#passGathered()) return false;
      // New each time: whoever gets it may keep it until it was sent.
      this.#gathered = Buffer.allocUnsafeSlow(Math.min(gatherBytes, chunk.length - from));
    }
    // Most are of a few bytes only, and a call for each is what makes them costly.
    if (to - from > 16) chunk.copy(this.#gathered, this.#gatheredBytes, from, to);
    else
      for (let at = from; at < to; at++)
        this.#gathered[this.#gatheredBytes + at - from] = chunk[at] as number;
    this.#gatheredBytes += to - from;
    return true;
  }

  #passGathered(): boolean {
    if (this.#gatheredBytes === 0) return true;
    const part = this.#gathered.subarray(0, this.#gatheredBytes);
    this.#gathered = noBytes;
    this.#gatheredBytes = 0;
    return this.#sink.onBodyData(part);
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
