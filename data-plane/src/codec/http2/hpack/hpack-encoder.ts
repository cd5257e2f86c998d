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
/** Names without an entry that are remembered all the same. */
const maxIdleNames = 64;
/** Is no value: it could not be written. */
const noValue = '\n';
/** An entry larger than this part of the table is not worth those that it pushes out. */
const maxEntryShare = 0.5;

interface StaticName {
  /** Index of the first static entry with that name; 0: none. */
  index: number;
  /** Value → index, of entries that have one. */
  readonly byValue: Map<string, number>;
}

const staticNames = new Map<string, StaticName>();
staticFields.forEach(({ name, value }, at) => {
  let known = staticNames.get(name);
  if (known === undefined) staticNames.set(name, (known = { index: at + 1, byValue: new Map() }));
  if (value !== '') known.byValue.set(value, at + 1);
});

/** All that an encoder knows of a name, so that a field costs one look-up. */
interface KnownName {
  readonly staticIndex: number;
  readonly staticValues: ReadonlyMap<string, number> | undefined;
  readonly isSecret: boolean;
  readonly isCookie: boolean;
  readonly isRarelyRepeated: boolean;
  /** Value → number of the addition, of what was put into the table. */
  byValue: Map<string, number> | undefined;
  /** The last one of them. */
  lastValue: string;
  lastNumber: number;
  /** The last value that the static table has, and where. */
  lastStaticValue: string;
  lastStaticIndex: number;
}

/**
 * Fields → header blocks, for one direction of one connection (RFC 7541). Writes into a buffer that grows.
 */
export class HpackEncoder {
  readonly #table: DynamicTable;
  readonly #known = new Map<string, KnownName>();
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
    const known = this.#known.get(name) ?? this.#meet(name);
    if (isNeverIndexed || known.isSecret || (known.isCookie && value.length < minIndexedCookieBytes)) {
      this.#writeLiteral(0x10, 0x0f, known, name);
      this.#writeString(value);
      return;
    }
    const index = this.#indexOf(known, value);
    if (index > 0) {
      this.#writeInteger(0x80, 0x7f, index);
    } else if (
      (known.isRarelyRepeated && this.#hasName(known)) ||
      fieldSize(name, value) > this.#table.maxBytes * maxEntryShare
    ) {
      this.#writeLiteral(0x00, 0x0f, known, name);
      this.#writePlain(value);
    } else {
      this.#writeLiteral(0x40, 0x3f, known, name);
      this.#writeString(value);
      this.#remember(known, name, value);
    }
  }

  /** What was written since the last `begin`; it is overwritten by the next block. */
  get block(): Buffer {
    return this.#buffer.subarray(this.#start, this.#length);
  }

  /** What is written into, headroom and block: until `end`, and good until the next call. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  get end(): number {
    return this.#length;
  }

  /** Of the whole field, in either table; 0: nowhere. */
  #indexOf(known: KnownName, value: string): number {
    if (value === known.lastStaticValue) return known.lastStaticIndex;
    if (value === known.lastValue) return this.#dynamicIndex(known.lastNumber);
    const fixed = known.staticValues?.get(value);
    if (fixed !== undefined) {
      known.lastStaticValue = value;
      known.lastStaticIndex = fixed;
      return fixed;
    }
    const number = known.byValue?.get(value);
    return number === undefined ? 0 : this.#dynamicIndex(number);
  }

  /** Of an entry of the dynamic table; 0: it has left it. */
  #dynamicIndex(number: number): number {
    const place = (this.#table.addedCount - 1 - number) & 0x7fffffff;
    return place < this.#table.count ? staticFields.length + 1 + place : 0;
  }

  #meet(name: string): KnownName {
    // Names come from messages; those that left the table are forgotten before they become many.
    if (this.#known.size > 2 * this.#table.count + maxIdleNames) this.#forgetEvicted();
    const fixed = staticNames.get(name);
    const known: KnownName = {
      staticIndex: fixed?.index ?? 0,
      staticValues: fixed?.byValue,
      isSecret: neverIndexed.has(name),
      isCookie: name === 'cookie',
      isRarelyRepeated: rarelyRepeated.has(name),
      byValue: undefined,
      lastValue: noValue,
      lastNumber: 0,
      lastStaticValue: noValue,
      lastStaticIndex: 0,
    };
    this.#known.set(name, known);
    return known;
  }

  #remember(known: KnownName, name: string, value: string): void {
    const number = this.#table.addedCount;
    this.#table.add(name, value);
    known.byValue ??= new Map();
    if (known.byValue.size > this.#table.count + 16) this.#forgetValues(known.byValue);
    known.byValue.set(value, number);
    known.lastValue = value;
    known.lastNumber = number;
  }

  #forgetEvicted(): void {
    for (const [name, { byValue }] of this.#known) {
      if (byValue !== undefined) this.#forgetValues(byValue);
      if (byValue === undefined || byValue.size === 0) this.#known.delete(name);
    }
  }

  #forgetValues(byValue: Map<string, number>): void {
    for (const [value, number] of byValue) if (this.#dynamicIndex(number) === 0) byValue.delete(value);
  }

  #writeLiteral(pattern: number, mask: number, known: KnownName, name: string): void {
    const index = known.staticIndex > 0 ? known.staticIndex : this.#nameIndex(known);
    this.#writeInteger(pattern, mask, index);
    if (index === 0) this.#writeString(name);
  }

  /** In either table: what comes with another value each time needs its name there only. */
  #hasName(known: KnownName): boolean {
    return known.staticIndex > 0 || this.#nameIndex(known) > 0;
  }

  #nameIndex(known: KnownName): number {
    return known.lastValue === noValue ? 0 : this.#dynamicIndex(known.lastNumber);
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
      this.#writePlain(text);
    }
  }

  /** Of what comes once, Huffman code would save a few bytes at a tenth of all that a small request costs. */
  #writePlain(text: string): void {
    this.#writeInteger(0x00, 0x7f, text.length);
    this.#reserve(text.length);
    this.#length += this.#buffer.write(text, this.#length, 'latin1');
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
