import type { HeaderMap } from '../header-map.ts';
import type { HeaderList, ListKind } from './header-list.ts';

/** Longer ones spell out values, which seldom come again. */
const maxBlockBytes = 128;
/** Of names and values: what the memory of one connection holds is bounded by 8 times that. */
const maxListBytes = 4096;
/** A power of two. */
const slotCount = 8;

/** What a block means, as long as the table is as it was. */
export interface RememberedList {
  readonly kind: ListKind;
  readonly bytes: Buffer;
  /** Nobody changes it: whoever receives it gets a copy. */
  readonly headers: HeaderMap;
  readonly contentLength: number;
  readonly fieldBytes: number;
}

/**
 * The blocks of one connection that come again and again: the same bytes mean the same fields while the table of the
 * connection does not change. Then it is a comparison of a few bytes and a copy of the fields, instead of decoding and
 * checking each. A block is kept when it came twice in a row at its place, so that those that come once cost nothing but
 * a hash. Messages that were refused are never kept.
 */
export class BlockMemory {
  #slots: (RememberedList | undefined)[] = [];
  /** Of the last block at each place that was not kept. */
  #hashes: number[] = [];
  #tableVersion = -1;
  #slot = 0;
  #hash = 0;

  /** `tableVersion`: changes with every change of the table. */
  find(
    kind: ListKind,
    bytes: Buffer,
    start: number,
    end: number,
    tableVersion: number,
  ): RememberedList | undefined {
    this.#slot = -1;
    if (end - start > maxBlockBytes) return undefined;
    if (tableVersion !== this.#tableVersion) this.#forget(tableVersion);
    let hash = end - start;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
    this.#hash = hash;
    this.#slot = (hash ^ (hash >>> 16)) & (slotCount - 1);
    const known = this.#slots[this.#slot];
    return known?.kind === kind && isSame(known.bytes, bytes, start, end) ? known : undefined;
  }

  /** The block that was not found was good, and this is what it means; `tableVersion` is that behind it. */
  note(
    kind: ListKind,
    bytes: Buffer,
    start: number,
    end: number,
    tableVersion: number,
    list: HeaderList,
  ): void {
    const slot = this.#slot;
    if (slot < 0 || tableVersion !== this.#tableVersion || list.fieldBytes > maxListBytes) return;
    if (this.#hashes[slot] !== this.#hash) {
      this.#hashes[slot] = this.#hash;
      return;
    }
    const { headers, contentLength, fieldBytes } = list;
    this.#slots[slot] = {
      kind,
      bytes: Buffer.from(bytes.subarray(start, end)),
      headers: headers.clone(),
      contentLength,
      fieldBytes,
    };
  }

  /** What it holds may have left the table, and would be kept for nothing. */
  #forget(tableVersion: number): void {
    this.#tableVersion = tableVersion;
    this.#slots = [];
    this.#hashes = [];
  }
}

function isSame(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = start; at < end; at++) if (known[at - start] !== bytes[at]) return false;
  return true;
}
