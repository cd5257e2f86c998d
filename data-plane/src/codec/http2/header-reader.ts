import { BlockMemory } from './block-memory.ts';
import { HeaderBlock } from './header-block.ts';
import { HeaderList, type ListKind } from './header-list.ts';
import { HpackDecoder, type HpackError } from './hpack/hpack-decoder.ts';
import type { Http2Options } from './options.ts';
import {
  enhanceYourCalm,
  flagEndHeaders,
  flagEndStream,
  flagPadded,
  flagPriority,
  frameHeaderBytes,
  frameSizeError,
  protocolError,
} from './protocol.ts';

/** A table that is larger than this is ours to announce; until the peer has heard of ours it may use so much. */
const initialTableBytes = 4096;
const noBytes = Buffer.alloc(0);

/** A rule that a frame broke. */
export interface FrameError {
  readonly code: number;
  readonly detail: string;
}

const cutPadding: FrameError = { code: frameSizeError, detail: 'padded without a pad length' };
const cutPriority: FrameError = { code: frameSizeError, detail: 'a priority that is cut off' };
const dependsOnItself: FrameError = { code: protocolError, detail: 'a stream that depends on itself' };
const tooMuchPadding: FrameError = { code: protocolError, detail: 'more padding than payload' };
const noBlock: FrameError = { code: protocolError, detail: 'CONTINUATION of nothing' };
const tooLarge: FrameError = { code: enhanceYourCalm, detail: 'a header block that is too large' };

/** HEADERS and CONTINUATION → header lists, one block after the other (RFC 9113, 4.3). */
export class HeaderReader {
  /** The fields of the block that was decoded last. */
  readonly list: HeaderList;
  /** Of the block that is complete or being read. */
  streamId = 0;
  endStream = false;
  /** CONTINUATION must follow. */
  isOpen = false;
  /** The last frame held nothing of a block, and did not end one. */
  wasEmpty = false;
  readonly #options: Http2Options;
  readonly #decoder: HpackDecoder;
  readonly #blocks = new BlockMemory();
  readonly #block: HeaderBlock;
  /** The complete block, until it is decoded. */
  #bytes: Buffer = noBytes;
  #start = 0;
  #end = 0;

  constructor(options: Http2Options) {
    this.#options = options;
    this.list = new HeaderList(options.allowsConnect);
    this.#decoder = new HpackDecoder(options.names, initialTableBytes);
    this.#decoder.setAllowedTableSize(Math.max(initialTableBytes, options.headerTableBytes));
    this.#block = new HeaderBlock(options.maxHeaderListBytes);
  }

  /** The peer knows our SETTINGS_HEADER_TABLE_SIZE. */
  onSettingsAck(): void {
    this.#decoder.setAllowedTableSize(this.#options.headerTableBytes);
  }

  readHeaders(
    flags: number,
    streamId: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): FrameError | undefined {
    let start = from;
    let end = to;
    this.list.frameBytes = frameHeaderBytes + to - from;
    if ((flags & flagPadded) !== 0) {
      if (start === end) return cutPadding;
      end -= bytes[start++] as number;
    }
    if ((flags & flagPriority) !== 0) {
      if (to - start < 5) return cutPriority;
      if ((bytes.readUInt32BE(start) & 0x7fffffff) === streamId) return dependsOnItself;
      start += 5;
    }
    if (end < start) return tooMuchPadding;
    this.streamId = streamId;
    this.endStream = (flags & flagEndStream) !== 0;
    const isWhole = (flags & flagEndHeaders) !== 0;
    this.#setPiece(isWhole, bytes, start, end);
    if (isWhole) return undefined;
    return this.#block.append(bytes, start, end) ? undefined : tooLarge;
  }

  readContinuation(flags: number, bytes: Buffer, start: number, end: number): FrameError | undefined {
    if (!this.isOpen) return noBlock;
    this.list.frameBytes += end - start;
    if (!this.#block.append(bytes, start, end)) return tooLarge;
    const isWhole = (flags & flagEndHeaders) !== 0;
    this.#setPiece(isWhole, bytes, start, end);
    if (!isWhole) return undefined;
    this.#bytes = this.#block.take();
    this.#start = 0;
    this.#end = this.#bytes.length;
    return undefined;
  }

  /** Decodes the complete block into `list`. */
  decode(kind: ListKind): HpackError | undefined {
    const bytes = this.#bytes;
    const start = this.#start;
    const end = this.#end;
    const blocks = this.#blocks;
    const decoder = this.#decoder;
    const { list } = this;
    this.#bytes = noBytes;
    const known = blocks.find(kind, bytes, start, end, decoder.tableVersion);
    if (known !== undefined) {
      list.repeat(known);
      return undefined;
    }
    list.begin(kind, this.#options.maxHeaderListBytes, this.#options.maxFieldCount);
    const error = decoder.decode(bytes, start, end, list);
    if (error !== undefined) return error;
    list.end();
    if (list.malformed === undefined && !list.isTooLarge) {
      blocks.note(kind, bytes, start, end, decoder.tableVersion, list);
    }
    return undefined;
  }

  #setPiece(isLast: boolean, bytes: Buffer, start: number, end: number): void {
    this.isOpen = !isLast;
    this.wasEmpty = start === end && !isLast;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }
}
