import { lowerCaseToken } from '../../http1/byte-tables.ts';
import { emptyNameHash, hashNameByte, type FieldNameTable } from '../../http1/field-name.ts';
import { DynamicTable } from './dynamic-table.ts';
import { readHuffman } from './huffman.ts';
import { staticFields } from './static-table.ts';

/** Receives the fields of a block in order. */
export interface FieldSink {
  /**
   * `name` is as it was sent, upper case included; it is interned when it is in lower case. `isNeverIndexed`: whoever
   * passes the field on must not index it either (RFC 7541, 6.2.3).
   */
  onField(name: string, value: string, isNeverIndexed: boolean): void;
}

/** Why a block is not HPACK; the connection is lost with it (COMPRESSION_ERROR). */
export type HpackError =
  | 'cut-off'
  | 'integer-overflow'
  | 'no-such-index'
  | 'bad-huffman'
  | 'table-size-too-large'
  | 'table-size-not-first'
  | 'table-size-missing';

/** More would be a number that no block can mean; five further bytes of an integer hold 35 bits. */
const maxInteger = 2 ** 31 - 1;

/**
 * Header blocks → fields, for one direction of one connection (RFC 7541). Field names come out interned, values as
 * latin1. The table follows every block, also one whose fields nobody wants: they must all be decoded.
 */
export class HpackDecoder {
  readonly #names: FieldNameTable;
  readonly #table: DynamicTable;
  /** What the peer may set its table to: our SETTINGS_HEADER_TABLE_SIZE. */
  #allowedTableBytes: number;
  /** Our limit went below what the peer uses: its next block must begin with a size update. */
  #needsSizeUpdate = false;
  #settingCount = 0;
  #scratch = Buffer.allocUnsafeSlow(512);
  #error: HpackError | undefined;
  #position = 0;
  #end = 0;

  constructor(names: FieldNameTable, tableBytes = 4096) {
    this.#names = names;
    this.#table = new DynamicTable(tableBytes);
    this.#allowedTableBytes = tableBytes;
  }

  get tableBytes(): number {
    return this.#table.sizeBytes;
  }

  /** Another one, as soon as a block may mean something else than before. */
  get tableVersion(): number {
    return this.#table.changeCount + this.#settingCount;
  }

  /** The peer has acknowledged this SETTINGS_HEADER_TABLE_SIZE. */
  setAllowedTableSize(bytes: number): void {
    this.#allowedTableBytes = bytes;
    this.#settingCount++;
    if (bytes < this.#table.maxBytes) this.#needsSizeUpdate = true;
  }

  /** Decodes the complete block `block[start, end)`. Undefined: it was good. */
  decode(block: Buffer, start: number, end: number, sink: FieldSink): HpackError | undefined {
    this.#error = undefined;
    this.#position = start;
    this.#end = end;
    this.#readSizeUpdates(block);
    while (this.#position < end && !this.#hasFailed()) {
      const first = block[this.#position] as number;
      if (first >= 0x80) {
        this.#readIndexed(block, sink);
      } else if (first >= 0x40) {
        this.#readLiteral(block, 0x3f, first, sink);
      } else if (first >= 0x20) {
        this.#error = 'table-size-not-first';
      } else {
        this.#readLiteral(block, 0x0f, first, sink);
      }
    }
    return this.#error;
  }

  #readSizeUpdates(block: Buffer): void {
    while (this.#position < this.#end && ((block[this.#position] as number) & 0xe0) === 0x20) {
      const bytes = this.#readInteger(block, 0x1f);
      if (this.#hasFailed()) return;
      if (bytes > this.#allowedTableBytes) {
        this.#error = 'table-size-too-large';
        return;
      }
      this.#table.resize(bytes);
      this.#needsSizeUpdate = false;
    }
    if (this.#needsSizeUpdate) this.#error = 'table-size-missing';
  }

  #readIndexed(block: Buffer, sink: FieldSink): void {
    const index = this.#readInteger(block, 0x7f);
    if (this.#hasFailed()) return;
    const fixed = staticFields[index - 1];
    if (fixed !== undefined) {
      sink.onField(fixed.name, fixed.value, false);
      return;
    }
    const at = index - staticFields.length - 1;
    if (at < 0 || at >= this.#table.count) this.#error = 'no-such-index';
    else sink.onField(this.#table.nameAt(at), this.#table.valueAt(at), false);
  }

  #readLiteral(block: Buffer, indexMask: number, pattern: number, sink: FieldSink): void {
    const index = this.#readInteger(block, indexMask);
    if (this.#hasFailed()) return;
    const name = index === 0 ? this.#readString(block, true) : this.#nameOf(index);
    if (this.#hasFailed()) return;
    const value = this.#readString(block, false);
    if (this.#hasFailed()) return;
    if (pattern >= 0x40) this.#table.add(name, value);
    sink.onField(name, value, (pattern & 0xf0) === 0x10);
  }

  #nameOf(index: number): string {
    const fixed = staticFields[index - 1];
    if (fixed !== undefined) return fixed.name;
    const at = index - staticFields.length - 1;
    if (at < this.#table.count) return this.#table.nameAt(at);
    this.#error = 'no-such-index';
    return '';
  }

  /** RFC 7541, 5.1. 0 with `#error` set when it is cut off or too large. */
  #readInteger(block: Buffer, mask: number): number {
    let value = (block[this.#position++] as number) & mask;
    if (value < mask) return value;
    for (let factor = 1; ; factor *= 128) {
      if (this.#position === this.#end) return this.#fail('cut-off');
      const byte = block[this.#position++] as number;
      value += (byte & 0x7f) * factor;
      if (value > maxInteger || factor > maxInteger) return this.#fail('integer-overflow');
      if (byte < 0x80) return value;
    }
  }

  /** RFC 7541, 5.2. */
  #readString(block: Buffer, isName: boolean): string {
    if (this.#position === this.#end) return this.#failText('cut-off');
    const isHuffman = (block[this.#position] as number) >= 0x80;
    const length = this.#readInteger(block, 0x7f);
    if (this.#hasFailed()) return '';
    const start = this.#position;
    if (length > this.#end - start) return this.#failText('cut-off');
    this.#position += length;
    if (!isHuffman) {
      return isName ? this.#internName(block, start, start + length) : latin1(block, start, start + length);
    }
    const scratch = this.#scratchFor(length);
    const decodedLength = readHuffman(block, start, start + length, scratch);
    if (decodedLength < 0) return this.#failText('bad-huffman');
    return isName ? this.#internName(scratch, 0, decodedLength) : latin1(scratch, 0, decodedLength);
  }

  /** What is no lower-case token (a pseudo-header, or a mistake) comes as it is. */
  #internName(bytes: Buffer, start: number, end: number): string {
    let hash = emptyNameHash;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (lowerCaseToken[byte] !== byte) return latin1(bytes, start, end);
      hash = hashNameByte(hash, byte);
    }
    return start === end ? '' : this.#names.lookup(bytes, start, end, hash).text;
  }

  #scratchFor(huffmanBytes: number): Buffer {
    const neededBytes = Math.ceil((huffmanBytes * 8) / 5);
    if (neededBytes > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(neededBytes);
    return this.#scratch;
  }

  /** A call, since every reading step may have set it. */
  #hasFailed(): boolean {
    return this.#error !== undefined;
  }

  #fail(error: HpackError): 0 {
    this.#error = error;
    return 0;
  }

  #failText(error: HpackError): '' {
    this.#error = error;
    return '';
  }
}

function latin1(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, end);
}
