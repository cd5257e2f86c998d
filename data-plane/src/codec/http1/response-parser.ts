import type { CodecError } from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { carriageReturn, isFieldValueByte, lineFeed, space } from './byte-tables.ts';
import { responseErrors } from './codec-errors.ts';
import type { FieldNameTable } from './field-name.ts';
import { HeadParser, needsMore } from './head-parser.ts';
import {
  MessageFields,
  classifyTransferEncoding,
  codingChunked,
  hasListToken,
  toMember,
} from './message-fields.ts';

/** Body of an answer (RFC 9112 6.3). */
export const answerNone = 0;
export const answerLength = 1;
export const answerChunked = 2;
export const answerUntilClose = 3;
/** After 101, or 2xx to CONNECT: the bytes are no HTTP any more. */
export const answerRaw = 4;

const versionStart = 'HTTP/1.';

/** A response head: bytes → header map, framing and whether the connection lasts. */
export class ResponseParser extends HeadParser {
  status = 0;
  framing = answerNone;
  contentLength = 0;
  /** The connection may be used again when the answer is complete. */
  isPersistent = false;
  /** See `MessageFields`; 0 without one. */
  keepAliveSeconds = 0;
  readonly #fields = new MessageFields();
  #isHttp10 = false;

  constructor(table: FieldNameTable) {
    super(table, responseErrors);
  }

  /** Names that `Connection` gave to fields of one hop; they hold for trailers too. */
  get nominated(): readonly string[] {
    return this.#fields.nominated;
  }

  override reset(): void {
    super.reset();
    this.#fields.reset();
    this.status = 0;
    this.framing = answerNone;
    this.contentLength = 0;
    this.isPersistent = false;
    this.keepAliveSeconds = 0;
    this.#isHttp10 = false;
  }

  protected override parseStartLine(bytes: Buffer, from: number, end: number): number {
    let position = from;
    for (let at = 0; at < versionStart.length; at++, position++) {
      if (position === end) return needsMore;
      if (bytes[position] !== versionStart.charCodeAt(at)) return this.fail(responseErrors.malformed);
    }
    // minor SP status: five bytes.
    if (position + 5 > end) return needsMore;
    const minor = (bytes[position] as number) - 0x30;
    if (minor < 0 || minor > 9 || bytes[position + 1] !== space) return this.fail(responseErrors.malformed);
    this.#isHttp10 = minor === 0;
    this.status = 0;
    for (position += 2; position < from + versionStart.length + 5; position++) {
      const digit = (bytes[position] as number) - 0x30;
      if (digit < 0 || digit > 9) return this.fail(responseErrors.malformed);
      this.status = this.status * 10 + digit;
    }
    // 600 and above are invalid, and to be taken as a server error (RFC 9110 15): 502 is one.
    if (this.status < 100 || this.status > 599) return this.fail(responseErrors.malformed);
    if (position === end) return needsMore;
    // The space before an empty reason phrase is required, and often left out.
    if (bytes[position] === space) {
      while (position < end && isFieldValueByte[bytes[position] as number] === 1) position++;
    }
    if (position + 1 >= end) {
      const isBroken = position < end && bytes[position] !== carriageReturn;
      return isBroken ? this.fail(responseErrors.malformed) : needsMore;
    }
    if (bytes[position] !== carriageReturn || bytes[position + 1] !== lineFeed) {
      return this.fail(responseErrors.malformed);
    }
    return position + 2;
  }

  /**
   * Interprets the complete head as the answer to a request of `method`. `upgrade`: the protocols that it asked for,
   * empty for none. The header map is the answer's; undefined means `error` is set.
   */
  finish(method: string, upgrade: string): HeaderMap | undefined {
    const headers = new HeaderMap();
    headers.addUnchecked(':status', statusText(this.status));
    const fields = this.#fields;
    fields.collect(this, headers);
    this.keepAliveSeconds = fields.keepAliveSeconds;
    for (let index = 0; index < fields.hostCount; index++) headers.addUnchecked('host', fields.host);
    this.error = this.#decideFraming(method, upgrade);
    if (this.error !== undefined) return undefined;
    if (this.status === 101) {
      headers.addUnchecked('connection', 'upgrade');
      headers.addUnchecked('upgrade', fields.upgrade);
    }
    return headers;
  }

  #decideFraming(method: string, upgrade: string): CodecError | undefined {
    const fields = this.#fields;
    const { status } = this;
    if (fields.lengthCount > 0 && (fields.lengthCount > 1 || fields.contentLength < 0)) {
      return responseErrors.malformed;
    }
    if (fields.hasTransferEncoding && fields.lengthCount > 0) return responseErrors.lengthAndChunked;
    if (fields.hasTransferEncoding && this.#isHttp10) return responseErrors.transferEncodingNotAllowed;
    this.isPersistent = !fields.hasClose && (!this.#isHttp10 || fields.hasKeepAlive);
    if (status === 101) {
      this.framing = answerRaw;
      this.isPersistent = false;
      return isOffered(fields.upgrade, upgrade) ? undefined : responseErrors.unasked101;
    }
    const isTunnel = method === 'CONNECT' && status >= 200 && status < 300;
    if (status < 200 || status === 204 || isTunnel) return this.#takeBodiless(isTunnel);
    if (method === 'HEAD' || status === 304) return undefined;
    return this.#decideBody();
  }

  /** A body that is announced where none can be may follow all the same: such a connection is not used again. */
  #takeBodiless(isTunnel: boolean): undefined {
    const fields = this.#fields;
    if (fields.hasTransferEncoding || fields.contentLength > 0) this.isPersistent = false;
    if (isTunnel) {
      this.framing = answerRaw;
      this.isPersistent = false;
    }
    return undefined;
  }

  #decideBody(): CodecError | undefined {
    const fields = this.#fields;
    if (fields.hasTransferEncoding) {
      const coding = classifyTransferEncoding(fields.transferEncoding);
      if (coding !== codingChunked) return responseErrors.unknownCoding;
      this.framing = answerChunked;
    } else if (fields.lengthCount > 0) {
      this.framing = fields.contentLength === 0 ? answerNone : answerLength;
      this.contentLength = fields.contentLength;
    } else {
      this.framing = answerUntilClose;
      this.isPersistent = false;
    }
    return undefined;
  }
}

/** A server switches to what the client asked for, and to nothing else (RFC 9110 7.8). */
function isOffered(chosen: string, offer: string): boolean {
  return (
    chosen !== '' &&
    offer !== '' &&
    chosen.split(',').every((protocol) => hasListToken(offer, toMember(protocol)))
  );
}

const statusTexts: readonly string[] = Array.from({ length: 600 }, (_, status) => String(status));

function statusText(status: number): string {
  return statusTexts[status] ?? '';
}
