import { HeaderMap } from '../header-map.ts';
import { isFieldValueByte } from '../http1/byte-tables.ts';
import { noLength, parseContentLength } from '../http1/message-fields.ts';
import { forbiddenTrailers } from '../http1/trailer-parser.ts';
import { fieldOverheadBytes, fieldSize } from './hpack/dynamic-table.ts';
import type { RememberedList } from './block-memory.ts';
import type { FieldSink } from './hpack/hpack-decoder.ts';
import { completeRequest } from './request-head.ts';

/** `request` and `response` begin with their pseudo-headers, trailers have none (RFC 9113, 8.3). */
export type ListKind = 'request' | 'response' | 'trailers';

/** Of one hop in HTTP/1.1, and malformed here (RFC 9113, 8.2.2). */
const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

const pseudoHeaders: Readonly<Record<Exclude<ListKind, 'trailers'>, ReadonlySet<string>>> = {
  request: new Set([':method', ':scheme', ':authority', ':path', ':protocol']),
  response: new Set([':status']),
};

/** Those that mean something here. */
const specialFields: ReadonlySet<string> = new Set(['te', 'content-length', 'cookie']);

/** What was found out about a name, and the last value of it that was good: both come again and again. */
interface KnownName {
  readonly malformed: string | undefined;
  readonly isPlain: boolean;
  goodValue: string;
}

/** A peer can make up names; more are looked at anew each time. */
const maxKnownNames = 128;
const maxKnownNameBytes = 64;

const colon = 0x3a;

/**
 * Collects the fields of one block, and says what makes them a malformed message (RFC 9113, 8.1.1). All fields come,
 * whatever is wrong with them, since the table of the connection follows them; once something is wrong or too large,
 * nothing more is kept. What it holds is good until the next `begin`; the header map is the receiver's.
 */
export class HeaderList implements FieldSink {
  headers = new HeaderMap();
  /** Why the message is malformed; undefined: it is not, so far. */
  malformed: string | undefined = undefined;
  /** More bytes or fields than are allowed. */
  isTooLarge = false;
  /** Of `content-length`, or `noLength`. */
  contentLength = noLength;
  /** The block and the head of its first frame: Envoy leaves out those of CONTINUATION. */
  frameBytes = 0;
  readonly #allowsConnect: boolean;
  #kind: ListKind = 'request';
  #sizeBytes = 0;
  #fieldCount = 0;
  #hasRegularField = false;
  /** Crumbs of `cookie` are one field again in the header map (RFC 9113, 8.2.3). */
  #cookie: string | undefined;
  #neverIndexed: Set<string> | undefined;
  readonly #known = new Map<string, KnownName>();
  #maxBytes = 0;
  #maxFields = 0;

  constructor(allowsConnect: boolean) {
    this.#allowsConnect = allowsConnect;
  }

  /** Names and values. */
  get fieldBytes(): number {
    return this.#sizeBytes - this.#fieldCount * fieldOverheadBytes;
  }

  /** Takes what is known of a block that came before. */
  repeat({ headers, contentLength, fieldBytes }: RememberedList): void {
    this.headers = headers.clone();
    this.malformed = undefined;
    this.isTooLarge = false;
    this.contentLength = contentLength;
    this.#sizeBytes = fieldBytes;
    this.#fieldCount = 0;
  }

  begin(kind: ListKind, maxBytes: number, maxFields: number): void {
    this.headers = new HeaderMap();
    this.malformed = undefined;
    this.isTooLarge = false;
    this.contentLength = noLength;
    this.#kind = kind;
    this.#sizeBytes = 0;
    this.#fieldCount = 0;
    this.#hasRegularField = false;
    this.#cookie = undefined;
    this.#neverIndexed = undefined;
    this.#maxBytes = maxBytes;
    this.#maxFields = maxFields;
  }

  onField(name: string, value: string, isNeverIndexed: boolean): void {
    this.#sizeBytes += fieldSize(name, value);
    this.#fieldCount++;
    if (this.#sizeBytes > this.#maxBytes || this.#fieldCount > this.#maxFields) this.isTooLarge = true;
    if (this.isTooLarge || this.malformed !== undefined) return;
    if (name.charCodeAt(0) === colon) this.malformed = this.#addPseudo(name, value);
    else this.malformed = this.#addRegular(name, value);
    if (isNeverIndexed) (this.#neverIndexed ??= new Set()).add(name);
  }

  /** After the last field. */
  end(): void {
    if (this.#cookie !== undefined) this.headers.addUnchecked('cookie', this.#cookie);
    this.headers.neverIndexed = this.#neverIndexed;
    if (this.malformed !== undefined || this.isTooLarge) return;
    if (this.#kind === 'request') this.malformed = completeRequest(this.headers, this.#allowsConnect);
    if (this.#kind === 'response' && !/^[1-5]\d\d$/.test(this.headers.get(':status') ?? '')) {
      this.malformed = 'a :status that is none';
    }
  }

  #addPseudo(name: string, value: string): string | undefined {
    if (this.#kind === 'trailers') return 'a pseudo-header in trailers';
    if (this.#hasRegularField) return 'a pseudo-header behind fields';
    if (!pseudoHeaders[this.#kind].has(name)) return 'an unknown pseudo-header';
    if (this.headers.has(name)) return `a second ${name}`;
    if (!isFieldValue(value)) return `bytes in ${name} that no field has`;
    this.headers.addUnchecked(name, value);
    return undefined;
  }

  #addRegular(name: string, value: string): string | undefined {
    this.#hasRegularField = true;
    const known = this.#known.get(name) ?? this.#meet(name);
    if (known.malformed !== undefined) return known.malformed;
    if (value !== known.goodValue) {
      if (!isFieldValue(value)) return `bytes in ${name} that no field has`;
      known.goodValue = value;
    }
    if (known.isPlain && this.#kind !== 'trailers') {
      this.headers.addUnchecked(name, value);
      return undefined;
    }
    if (name === 'te' && value.toLowerCase() !== 'trailers') return 'a TE beside trailers';
    if (this.#kind === 'trailers') return this.#addTrailer(name, value);
    if (name === 'content-length') {
      if (this.contentLength !== noLength) return 'a second content-length';
      this.contentLength = parseContentLength(value);
      if (this.contentLength < 0) return 'a content-length that is none';
      this.headers.addUnchecked(name, String(this.contentLength));
    } else if (name === 'cookie') {
      // An empty crumb would leave white space at an end, and that is no value.
      if (!this.#cookie) this.#cookie = value;
      else if (value !== '') this.#cookie = `${this.#cookie}; ${value}`;
    } else {
      this.headers.addUnchecked(name, value);
    }
    return undefined;
  }

  #meet(name: string): KnownName {
    let malformed: string | undefined;
    if (!isLowerCaseToken(name)) malformed = 'a field name that is none';
    else if (connectionFields.has(name)) malformed = `the field ${name}`;
    const known: KnownName = { malformed, isPlain: !specialFields.has(name), goodValue: '' };
    if (this.#known.size < maxKnownNames && name.length <= maxKnownNameBytes) this.#known.set(name, known);
    return known;
  }

  /** As HTTP/1.1 has it: framing is an attempt at being read in two ways, what cannot stand there is dropped. */
  #addTrailer(name: string, value: string): string | undefined {
    if (name === 'content-length' || name === 'host') return `the field ${name} in trailers`;
    if (name !== 'te' && !forbiddenTrailers.has(name)) this.headers.addUnchecked(name, value);
    return undefined;
  }
}

/** RFC 9110, 5.6.2, without upper case (RFC 9113, 8.2.1). */
function isLowerCaseToken(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name);
}

/** No control characters, no white space at either end (RFC 9113, 8.2.1). */
function isFieldValue(value: string): boolean {
  const { length } = value;
  if (length === 0) return true;
  for (let at = 0; at < length; at++) {
    if (isFieldValueByte[value.charCodeAt(at)] !== 1) return false;
  }
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(length - 1));
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
