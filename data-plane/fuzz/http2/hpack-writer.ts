import { huffmanLength, writeHuffman } from '../../src/codec/http2/hpack/huffman.ts';
import { staticFields } from '../../src/codec/http2/hpack/static-table.ts';
import type { FieldPart } from './part.ts';

const patterns = {
  incremental: [0x40, 0x3f],
  without: [0x00, 0x0f],
  never: [0x10, 0x0f],
} as const;

/**
 * Header blocks as they are asked for, wasteful ones too: the simplest writer that keeps the table (RFC 7541). Our own
 * encoder would write only what it writes.
 */
export class HpackWriter {
  #entries: (readonly [name: string, value: string])[] = [];
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  field({ name, value, how, isHuffman }: FieldPart): Buffer {
    const known = this.#indexOf((entry) => entry[0] === name && entry[1] === value);
    if (how === 'indexed' && known > 0) return integer(0x80, 0x7f, known);
    const representation = how === 'indexed' ? 'incremental' : how;
    const [pattern, mask] = patterns[representation];
    const nameIndex = this.#indexOf((entry) => entry[0] === name);
    if (representation === 'incremental') this.#add(name, value);
    const head = integer(pattern, mask, Math.max(0, nameIndex));
    const text = string(value, isHuffman);
    return Buffer.concat(nameIndex > 0 ? [head, text] : [head, string(name, isHuffman), text]);
  }

  tableSize(bytes: number): Buffer {
    this.#maxBytes = bytes;
    this.#evict();
    return integer(0x20, 0x1f, bytes);
  }

  /** 0: nowhere. */
  #indexOf(matches: (entry: readonly [string, string]) => boolean): number {
    const fixed = staticFields.findIndex(({ name, value }) => matches([name, value]));
    if (fixed >= 0) return fixed + 1;
    const at = this.#entries.findIndex(matches);
    return at < 0 ? 0 : staticFields.length + 1 + at;
  }

  #add(name: string, value: string): void {
    this.#entries.unshift([name, value]);
    this.#evict();
  }

  #evict(): void {
    const sizeOf = ([name, value]: readonly [string, string]): number => name.length + value.length + 32;
    let bytes = this.#entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    while (bytes > this.#maxBytes) {
      const oldest = this.#entries.pop();
      if (oldest === undefined) return;
      bytes -= sizeOf(oldest);
    }
  }
}

export function integer(pattern: number, mask: number, value: number): Buffer {
  if (value < mask) return Buffer.from([pattern | value]);
  const bytes = [pattern | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function string(text: string, isHuffman: boolean): Buffer {
  if (!isHuffman) return Buffer.concat([integer(0, 0x7f, text.length), Buffer.from(text, 'latin1')]);
  const code = Buffer.alloc(huffmanLength(text));
  writeHuffman(code, 0, text);
  return Buffer.concat([integer(0x80, 0x7f, code.length), code]);
}
