/** What an entry costs beside its bytes (RFC 7541, 4.1). */
export const fieldOverheadBytes = 32;

/** Bytes of a field as tables and header lists count it. Texts are latin1. */
export function fieldSize(name: string, value: string): number {
  return name.length + value.length + fieldOverheadBytes;
}

/**
 * The dynamic table of one direction of one connection (RFC 7541, 2.3.2): a ring, newest first. Entries leave at the
 * other end when the bytes are more than allowed.
 */
export class DynamicTable {
  /** A power of two, so that positions wrap with a mask. */
  #names: string[] = new Array<string>(16).fill('');
  #values: string[] = new Array<string>(16).fill('');
  /** Entries ever added, modulo 2^31: the newest stands at `#added − 1`. */
  #added = 0;
  #count = 0;
  #changeCount = 0;
  #sizeBytes = 0;
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Additions and new sizes. */
  get changeCount(): number {
    return this.#changeCount;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** How many entries were ever added; an entry's distance from the newest is `addedCount − 1 − its own number`. */
  get addedCount(): number {
    return this.#added;
  }

  /** `index` 0 is the newest; must be below `count`. */
  nameAt(index: number): string {
    return this.#names[this.#slot(index)] as string;
  }

  valueAt(index: number): string {
    return this.#values[this.#slot(index)] as string;
  }

  /** An entry that is larger than the table empties it, and is not an error (RFC 7541, 4.4). */
  add(name: string, value: string): void {
    this.#changeCount++;
    const size = fieldSize(name, value);
    this.#evictTo(this.#maxBytes - size);
    if (size > this.#maxBytes) return;
    if (this.#count === this.#names.length) this.#grow();
    const slot = this.#added & (this.#names.length - 1);
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#added = (this.#added + 1) & 0x7fffffff;
    this.#count++;
    this.#sizeBytes += size;
  }

  resize(maxBytes: number): void {
    this.#changeCount++;
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  #slot(index: number): number {
    return (this.#added - 1 - index) & (this.#names.length - 1);
  }

  #evictTo(limitBytes: number): void {
    while (this.#count > 0 && this.#sizeBytes > limitBytes) {
      const slot = this.#slot(--this.#count);
      this.#sizeBytes -= fieldSize(this.#names[slot] as string, this.#values[slot] as string);
      this.#names[slot] = '';
      this.#values[slot] = '';
    }
  }

  #grow(): void {
    const capacity = this.#names.length * 2;
    const names = new Array<string>(capacity).fill('');
    const values = new Array<string>(capacity).fill('');
    for (let index = 0; index < this.#count; index++) {
      const slot = (this.#added - 1 - index) & (capacity - 1);
      names[slot] = this.nameAt(index);
      values[slot] = this.valueAt(index);
    }
    this.#names = names;
    this.#values = values;
  }
}
