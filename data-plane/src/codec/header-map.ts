import { HeddleError } from '@heddle/shared/errors/heddle-error';

/** What ends a line or is not latin1 (the low byte of U+010A is a line feed) would write a field nobody added. */
const unwritableValue = /[^\t\x20-\x7e\x80-\xff]/;

/** Names as a peer wrote them, for whoever passes the message on. */
export interface NameCases {
  /** Lower-case name → as it was sent. */
  readonly originals: ReadonlyMap<string, string>;
  /** Other names begin their words with capitals. */
  readonly isProperCase: boolean;
}

/**
 * Header fields in order of arrival: one flat structure for HTTP/1.1, HTTP/2, filters and routing. Names are
 * lower-case and interned by the codecs, so that a look-up is a walk over a short array that compares pointers.
 * Values are latin1 strings without surrounding white space. A field sent twice is two entries.
 *
 * Encoders write values as they are, so a value that is no field value (RFC 9110, 5.5: control characters,
 * characters above U+00FF) is refused where it is put in: HeddleError `internal`. Text from a configuration goes in
 * as its UTF-8 bytes in latin1.
 */
export class HeaderMap {
  /** name, value, name, value, … */
  readonly #entries: string[] = [];
  /** Only where a codec was told to remember; it says how names are written, and nothing else. */
  nameCases: NameCases | undefined = undefined;
  /** Names of fields that came never-indexed over HTTP/2, and go out so (RFC 7541, 6.2.3). */
  neverIndexed: ReadonlySet<string> | undefined = undefined;

  static of(fields: Readonly<Record<string, string>>): HeaderMap {
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(fields)) headers.add(name, value);
    return headers;
  }

  get size(): number {
    return this.#entries.length >> 1;
  }

  nameAt(index: number): string {
    return this.#entries[index << 1] ?? '';
  }

  valueAt(index: number): string {
    return this.#entries[(index << 1) + 1] ?? '';
  }

  setValueAt(index: number, value: string): void {
    checkValue(value);
    this.#entries[(index << 1) + 1] = value;
  }

  /** `setValueAt` for codecs, which have checked every byte of the value already. */
  setUncheckedAt(index: number, value: string): void {
    this.#entries[(index << 1) + 1] = value;
  }

  /** First value of that name. `name` is lower-case here and below. */
  get(name: string): string | undefined {
    const entries = this.#entries;
    for (let at = 0; at < entries.length; at += 2) {
      if (entries[at] === name) return entries[at + 1];
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  getAll(name: string): string[] {
    const values: string[] = [];
    const entries = this.#entries;
    for (let at = 0; at < entries.length; at += 2) {
      if (entries[at] === name) values.push(entries[at + 1] ?? '');
    }
    return values;
  }

  /** Appends a field, whether or not the name is there. */
  add(name: string, value: string): void {
    checkValue(value);
    this.#entries.push(name, value);
  }

  /** `add` for codecs, which have checked every byte of the value already. */
  addUnchecked(name: string, value: string): void {
    this.#entries.push(name, value);
  }

  /** Replaces the first field of that name and removes its others; appends when there was none. */
  set(name: string, value: string): void {
    checkValue(value);
    this.setUnchecked(name, value);
  }

  /** `set` for values that were made here of digits and letters. */
  setUnchecked(name: string, value: string): void {
    const entries = this.#entries;
    for (let at = 0; at < entries.length; at += 2) {
      if (entries[at] === name) {
        entries[at + 1] = value;
        this.#removeFrom(at + 2, name);
        return;
      }
    }
    entries.push(name, value);
  }

  /** Removes every field of that name; says whether there was one. */
  remove(name: string): boolean {
    return this.#removeFrom(0, name);
  }

  clear(): void {
    this.#entries.length = 0;
  }

  clone(): HeaderMap {
    const copy = new HeaderMap();
    for (const entry of this.#entries) copy.#entries.push(entry);
    copy.nameCases = this.nameCases;
    copy.neverIndexed = this.neverIndexed;
    return copy;
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (let index = 0; index < this.size; index++) yield [this.nameAt(index), this.valueAt(index)];
  }

  #removeFrom(start: number, name: string): boolean {
    const entries = this.#entries;
    let kept = start;
    for (let at = start; at < entries.length; at += 2) {
      if (entries[at] === name) continue;
      if (kept !== at) {
        entries[kept] = entries[at] ?? '';
        entries[kept + 1] = entries[at + 1] ?? '';
      }
      kept += 2;
    }
    if (kept === entries.length) return false;
    entries.length = kept;
    return true;
  }
}

function checkValue(value: string): void {
  if (unwritableValue.test(value)) {
    throw new HeddleError('internal', 'a header value has a control character or one that is not latin1');
  }
}
