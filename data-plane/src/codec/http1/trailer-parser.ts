import type { CodecError } from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import type { FieldErrors } from './codec-errors.ts';
import {
  contentLengthField,
  hostField,
  plainField,
  transferEncodingField,
  type FieldNameTable,
} from './field-name.ts';
import { HeadParser } from './head-parser.ts';

/**
 * Fields that a trailer section may not carry, because they frame, route or authenticate a message or tell how to
 * read it (RFC 9110 6.5.1), besides those of `FieldName.kind`.
 */
export const forbiddenTrailers: ReadonlySet<string> = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'set-cookie',
  'trailer',
  'www-authenticate',
]);

/** The trailer section of a chunked body: a head without a start line. */
export class TrailerParser extends HeadParser {
  /** Names that `Connection` of this message gave to fields of one hop (RFC 9110 7.6.1). */
  nominated: readonly string[] = [];
  readonly #malformed: CodecError;

  constructor(table: FieldNameTable, errors: FieldErrors) {
    super(table, errors);
    this.#malformed = errors.malformed;
  }

  protected override parseStartLine(_bytes: Buffer, position: number): number {
    return position;
  }

  /**
   * The fields that may stand there; the others are dropped. Undefined when none is left, or when `error` is set:
   * framing in a trailer section is an attempt at being read in two ways.
   */
  finish(): HeaderMap | undefined {
    let trailers: HeaderMap | undefined;
    for (let index = 0; index < this.fieldCount; index++) {
      const name = this.names[index];
      if (name === undefined) break;
      const { kind } = name;
      if (kind === contentLengthField || kind === transferEncodingField || kind === hostField) {
        this.error = this.#malformed;
        return undefined;
      }
      if (kind !== plainField || forbiddenTrailers.has(name.text) || this.nominated.includes(name.text))
        continue;
      const value = this.text.substring(this.valueStarts[index] as number, this.valueEnds[index]);
      trailers ??= new HeaderMap();
      trailers.addUnchecked(name.text, value);
    }
    return trailers;
  }
}
