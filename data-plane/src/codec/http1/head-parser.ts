import type { CodecError } from '../codec.ts';
import {
  carriageReturn,
  colon,
  isFieldValueByte,
  lineFeed,
  lowerCaseToken,
  space,
  tab,
} from './byte-tables.ts';
import type { FieldErrors } from './codec-errors.ts';
import { emptyNameHash, hashNameByte, type FieldName, type FieldNameTable } from './field-name.ts';

/** Results of `execute` and of the line parsers that are no position. */
export const needsMore = -1;
export const failed = -2;

export interface HeadLimits {
  readonly maxHeadBytes: number;
  readonly maxFieldCount: number;
}

const noBytes = Buffer.alloc(0);
const firstKeptBytes = 1024;

/**
 * A start line and field lines up to the empty line, in one pass over the bytes, strictly: CRLF ends a line, names
 * are tokens directly before their colon, values have no control characters, nothing is folded (RFC 9112 2.2, 5).
 *
 * A head that is not complete is copied and waits. What was parsed stays parsed: only the line that was cut is read
 * again, and only when its end is there, so a head sent byte by byte costs no more than twice one sent whole.
 *
 * Used for one head at a time and then `reset`; the same object serves many connections of a worker.
 */
export abstract class HeadParser {
  /** After `failed`. */
  error: CodecError | undefined = undefined;
  /** After completion: the whole head in latin1; the offsets below point into it. */
  text = '';
  fieldCount = 0;
  /** Names and values with colons and line ends, white space not. */
  fieldBytes = 0;
  readonly names: FieldName[] = [];
  readonly valueStarts: number[] = [];
  readonly valueEnds: number[] = [];
  readonly #table: FieldNameTable;
  readonly #errors: FieldErrors;
  #maxHeadBytes = 0;
  #maxFieldCount = 0;
  #hasStartLine = false;
  /** Start of the line that is to be parsed next, from the start of the head. */
  #lineOffset = 0;
  #kept: Buffer = noBytes;
  #keptBytes = 0;

  constructor(table: FieldNameTable, errors: FieldErrors) {
    this.#table = table;
    this.#errors = errors;
  }

  begin(limits: HeadLimits): void {
    this.#maxHeadBytes = limits.maxHeadBytes;
    this.#maxFieldCount = limits.maxFieldCount;
  }

  reset(): void {
    this.error = undefined;
    this.text = '';
    this.fieldCount = 0;
    this.fieldBytes = 0;
    this.#hasStartLine = false;
    this.#lineOffset = 0;
    this.#kept = noBytes;
    this.#keptBytes = 0;
  }

  /** Parses from `position`; the position behind the head, or `needsMore` (all bytes are taken), or `failed`. */
  execute(chunk: Buffer, position: number): number {
    if (this.#keptBytes === 0) {
      const next = this.#scan(chunk, position, chunk.length);
      if (next === needsMore) this.#keep(chunk, position);
      return next;
    }
    const bytesBefore = this.#keptBytes;
    this.#keep(chunk, position);
    if (chunk.indexOf(lineFeed, position) < 0) return this.#checkSize(this.#keptBytes);
    const next = this.#scan(this.#kept, 0, this.#keptBytes);
    return next < 0 ? next : position + next - bytesBefore;
  }

  /**
   * Parses the start line at `position`; returns the position behind it, or `needsMore`, or `failed` with
   * `error` set. `headStart` is what offsets into `text` count from.
   */
  protected abstract parseStartLine(bytes: Buffer, position: number, end: number, headStart: number): number;

  protected fail(error: CodecError): number {
    this.error = error;
    return failed;
  }

  #scan(bytes: Buffer, headStart: number, end: number): number {
    let position = headStart + this.#lineOffset;
    if (!this.#hasStartLine) {
      position = this.parseStartLine(bytes, position, end, headStart);
      if (position === needsMore) return this.#checkSize(end - headStart);
      if (position === failed) return failed;
      if (this.#checkSize(position - headStart) === failed) return failed;
      this.#hasStartLine = true;
    }
    let fieldCount = this.fieldCount;
    let lineStart = position;
    while (position < end) {
      lineStart = position;
      // Name.
      let hash = emptyNameHash;
      let lower = lowerCaseToken[bytes[position] as number] as number;
      while (lower !== 0) {
        hash = hashNameByte(hash, lower);
        if (++position === end) return this.#pause(fieldCount, lineStart, headStart, end);
        lower = lowerCaseToken[bytes[position] as number] as number;
      }
      if (position === lineStart) {
        if (bytes[position] !== carriageReturn) return this.fail(this.#errors.malformed);
        if (++position === end) break;
        if (bytes[position] !== lineFeed) return this.fail(this.#errors.malformed);
        return this.#complete(bytes, headStart, position + 1, fieldCount);
      }
      if (bytes[position] !== colon) return this.fail(this.#errors.malformed);
      const nameEnd = position;
      const name = this.#table.lookup(bytes, lineStart, nameEnd, hash);
      // Value.
      position++;
      while (position < end && (bytes[position] === space || bytes[position] === tab)) position++;
      const valueStart = position;
      while (position < end && isFieldValueByte[bytes[position] as number] === 1) position++;
      if (position === end) break;
      if (bytes[position] !== carriageReturn) return this.fail(this.#errors.malformed);
      let valueEnd = position;
      if (++position === end) break;
      if (bytes[position] !== lineFeed) return this.fail(this.#errors.malformed);
      position++;
      while (valueEnd > valueStart && (bytes[valueEnd - 1] === space || bytes[valueEnd - 1] === tab)) {
        valueEnd--;
      }
      if (fieldCount === this.#maxFieldCount) return this.fail(this.#errors.tooManyFields);
      this.names[fieldCount] = name;
      this.valueStarts[fieldCount] = valueStart - headStart;
      this.valueEnds[fieldCount] = valueEnd - headStart;
      this.fieldBytes += nameEnd - lineStart + valueEnd - valueStart + 3;
      fieldCount++;
      lineStart = position;
    }
    return this.#pause(fieldCount, lineStart, headStart, end);
  }

  #pause(fieldCount: number, lineStart: number, headStart: number, end: number): number {
    this.fieldCount = fieldCount;
    this.#lineOffset = lineStart - headStart;
    return this.#checkSize(end - headStart);
  }

  #complete(bytes: Buffer, headStart: number, headEnd: number, fieldCount: number): number {
    if (this.#checkSize(headEnd - headStart) === failed) return failed;
    this.fieldCount = fieldCount;
    this.text = bytes.toString('latin1', headStart, headEnd);
    return headEnd;
  }

  #checkSize(headBytes: number): number {
    if (headBytes <= this.#maxHeadBytes) return needsMore;
    return this.fail(this.#hasStartLine ? this.#errors.headTooLarge : this.#errors.startLineTooLong);
  }

  #keep(chunk: Buffer, position: number): void {
    const neededBytes = this.#keptBytes + chunk.length - position;
    if (neededBytes > this.#kept.length) {
      const grown = Buffer.allocUnsafe(Math.max(firstKeptBytes, neededBytes, this.#kept.length * 2));
      this.#kept.copy(grown, 0, 0, this.#keptBytes);
      this.#kept = grown;
    }
    chunk.copy(this.#kept, this.#keptBytes, position);
    this.#keptBytes = neededBytes;
  }
}
