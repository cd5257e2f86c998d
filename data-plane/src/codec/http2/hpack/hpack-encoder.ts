import { DynamicTable, fieldSize } from './dynamic-table.ts';
import { huffmanLength, writeHuffman } from './huffman.ts';
import { staticFields } from './static-table.ts';

/** Values of these are secrets or guessable ones: never in a table that an attacker could probe (RFC 7541, 7.1.3). */
const neverIndexed: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization']);
/** Short cookies can be guessed through the size of what is compressed. */
const minIndexedCookieBytes = 20;
/** Differ from message to message, so that an entry would only push others out. */
const rarelyRepeated: ReadonlySet<string> = new Set([
  ':path',
  'age',
  'content-length',
  'etag',
  'if-modified-since',
  'if-none-match',
  'location',
  'set-cookie',
  'x-request-id',
  'x-envoy-upstream-service-time',
]);
/** An entry larger than this part of the table is not worth those that it pushes out. */
const maxEntryShare = 0.5;

/** index of the first static entry of a name, and of each whole field. */
const staticNames = new Map<string, number>();
const staticWhole = new Map<string, ReadonlyMap<string, number>>();
staticFields.forEach(({ name, value }, at) => {
  if (!staticNames.has(name)) staticNames.set(name, at + 1);
  if (value === '') return;
  const values = new Map(staticWhole.get(name) ?? []);
  values.set(value, at + 1);
  staticWhole.set(name, values);
});

/** Where a field was put last: number in the order of additions. */
interface Remembered {
  /** Value → number of the addition. */
  readonly byValue: Map<string, number>;
  last: number;
}

/**
 * Fields → header blocks, for one direction of one connection (RFC 7541). Writes into a buffer that grows; `take`
 * hands out what was written since the last `begin`.
 */
export class HpackEncoder {
  readonly #table: DynamicTable;
  readonly #remembered = new Map<string, Remembered>();
  #buffer = Buffer.allocUnsafeSlow(1024);
  #start = 0;
  #length = 0;
  /** The least and the last table size since the last block; undefined: it has not changed. */
  #pendingLeastBytes: number | undefined;
  /** What we use at most, whatever the peer allows. */
  readonly #ownLimitBytes: number;

  constructor(tableBytes = 4096) {
    this.#ownLimitBytes = tableBytes;
    // Until the peer's SETTINGS say otherwise, 4,096 are allowed (RFC 9113, 6.5.2).
    this.#table = new DynamicTable(Math.min(tableBytes, 4096));
  }

  get tableBytes(): number {
    return this.#table.sizeBytes;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setPeerLimit(bytes: number): void {
    const limitBytes = Math.min(bytes, this.#ownLimitBytes);
    if (limitBytes === this.#table.maxBytes) return;
    this.#pendingLeastBytes = Math.min(limitBytes, this.#pendingLeastBytes ?? limitBytes);
    this.#table.resize(limitBytes);
  }

  /** Starts a block. `headroomBytes` are left free in front of it, for whatever frames it. */
  begin(headroomBytes = 0): void {
    this.#start = headroomBytes;
    this.#length = headroomBytes;
    const leastBytes = this.#pendingLeastBytes;
    if (leastBytes === undefined) return;
    this.#pendingLeastBytes = undefined;
    if (leastBytes < this.#table.maxBytes) this.#writeInteger(0x20, 0x1f, leastBytes);
    this.#writeInteger(0x20, 0x1f, this.#table.maxBytes);
  }

  /** `name` is lower case; both are latin1. `isNeverIndexed`: as it came (RFC 7541, 6.2.3). */
  add(name: string, value: string, isNeverIndexed = false): void {
    const whole = staticWhole.get(name)?.get(value);
    if (whole !== undefined && !isNeverIndexed) {
      this.#writeInteger(0x80, 0x7f, whole);
      return;
    }
    if (
      isNeverIndexed ||
      neverIndexed.has(name) ||
      (name === 'cookie' && value.length < minIndexedCookieBytes)
    ) {
      this.#writeLiteral(0x10, 0x0f, name, value);
      return;
    }
    const at = this.#find(name, value);
    if (at >= 0) {
      this.#writeInteger(0x80, 0x7f, staticFields.length + 1 + at);
    } else if (rarelyRepeated.has(name) || fieldSize(name, value) > this.#table.maxBytes * maxEntryShare) {
      this.#writeLiteral(0x00, 0x0f, name, value);
    } else {
      this.#writeLiteral(0x40, 0x3f, name, value);
      this.#remember(name, value);
    }
  }

  /** The block; it is overwritten by the next one. */
  take(): Buffer {
    return this.#buffer.subarray(this.#start, this.#length);
  }

  /** What is written into, headroom and block: until `end`, and good until the next call. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  get end(): number {
    return this.#length;
  }

  /** Place in the dynamic table, 0 the newest; −1: not there any more. */
  #find(name: string, value: string): number {
    const number = this.#remembered.get(name)?.byValue.get(value);
    return number === undefined ? -1 : this.#placeOf(number);
  }

  #placeOf(number: number): number {
    const place = (this.#table.addedCount - 1 - number) & 0x7fffffff;
    return place < this.#table.count ? place : -1;
  }

  #remember(name: string, value: string): void {
    const number = this.#table.addedCount;
    this.#table.add(name, value);
    let remembered = this.#remembered.get(name);
    if (remembered === undefined) {
      // Names come from messages; those that left the table are forgotten before they become many.
      if (this.#remembered.size > 2 * this.#table.count + 16) this.#forgetEvicted();
      remembered = { byValue: new Map(), last: number };
      this.#remembered.set(name, remembered);
    }
    if (remembered.byValue.size > this.#table.count + 16) forget(remembered.byValue, this.#isEvicted);
    remembered.byValue.set(value, number);
    remembered.last = number;
  }

  #forgetEvicted(): void {
    for (const [name, { byValue }] of this.#remembered) {
      forget(byValue, this.#isEvicted);
      if (byValue.size === 0) this.#remembered.delete(name);
    }
  }

  readonly #isEvicted = (number: number): boolean => this.#placeOf(number) < 0;

  #writeLiteral(pattern: number, mask: number, name: string, value: string): void {
    const index = this.#nameIndex(name);
    this.#writeInteger(pattern, mask, index);
    if (index === 0) this.#writeString(name);
    this.#writeString(value);
  }

  #nameIndex(name: string): number {
    const fixed = staticNames.get(name);
    if (fixed !== undefined) return fixed;
    const remembered = this.#remembered.get(name);
    const place = remembered === undefined ? -1 : this.#placeOf(remembered.last);
    return place < 0 ? 0 : staticFields.length + 1 + place;
  }

  #writeInteger(pattern: number, mask: number, value: number): void {
    this.#reserve(6);
    if (value < mask) {
      this.#buffer[this.#length++] = pattern | value;
      return;
    }
    this.#buffer[this.#length++] = pattern | mask;
    let rest = value - mask;
    for (; rest >= 0x80; rest >>>= 7) this.#buffer[this.#length++] = (rest & 0x7f) | 0x80;
    this.#buffer[this.#length++] = rest;
  }

  #writeString(text: string): void {
    const huffmanBytes = huffmanLength(text);
    if (huffmanBytes < text.length) {
      this.#writeInteger(0x80, 0x7f, huffmanBytes);
      this.#reserve(huffmanBytes);
      this.#length = writeHuffman(this.#buffer, this.#length, text);
    } else {
      this.#writeInteger(0x00, 0x7f, text.length);
      this.#reserve(text.length);
      this.#length += this.#buffer.write(text, this.#length, 'latin1');
    }
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

function forget(byValue: Map<string, number>, isEvicted: (number: number) => boolean): void {
  for (const [value, number] of byValue) if (isEvicted(number)) byValue.delete(value);
}
