import type { CodecError } from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { isValidHost } from './authority.ts';
import { carriageReturn, isTargetByte, lineFeed, lowerCaseToken, numberSign, space } from './byte-tables.ts';
import { requestErrors } from './codec-errors.ts';
import type { FieldNameTable } from './field-name.ts';
import { HeadParser, needsMore } from './head-parser.ts';
import { MessageFields, classifyTransferEncoding, codingChunked, codingUnknown } from './message-fields.ts';
import { parseRequestTarget, type TargetParts } from './request-target.ts';

export interface RequestRules {
  /** `:scheme` of requests whose target does not name one. */
  readonly scheme: 'http' | 'https';
  readonly acceptHttp10: boolean;
  /** Host of an HTTP/1.0 request without one; empty for none. */
  readonly defaultHostForHttp10: string;
  readonly allowCustomMethods: boolean;
  /** Content-Length beside chunked is dropped, and the connection ends with the answer (RFC 9112 6.1); else 400. */
  readonly allowChunkedLength: boolean;
}

/** As Envoy's parser; anything else is 400 unless custom methods are allowed. */
const knownMethods: ReadonlySet<string> = new Set(
  `ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH
  NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND
  UNLINK UNLOCK UNSUBSCRIBE`.split(/\s+/),
);
/** Of nobody's request: it stands in front of HTTP/2 (RFC 9113, 3.4). */
const methodOfPreface = 'PRI';
const maxMethodBytes = 64;
const version11 = 'HTTP/1.1\r\n';

/** Body of a request (RFC 9112 6.3). */
export const bodyNone = 0;
export const bodyLength = 1;
export const bodyChunked = 2;

/** A request head: bytes → header map, framing and what the connection must know. */
export class RequestParser extends HeadParser {
  method = '';
  isHttp10 = false;
  framing = bodyNone;
  contentLength = 0;
  /** The client asked for it, or is not asked (HTTP/1.0). */
  shouldClose = false;
  isConnect = false;
  /** A protocol change is asked for, and what it needs is there. */
  isUpgrade = false;
  readonly #fields = new MessageFields();
  readonly #target: TargetParts = { scheme: '', authority: '', path: '' };
  #rules: RequestRules | undefined;
  #targetStart = 0;
  #targetEnd = 0;

  constructor(table: FieldNameTable) {
    super(table, requestErrors);
  }

  /** Names that `Connection` gave to fields of one hop; they hold for trailers too. */
  get nominated(): readonly string[] {
    return this.#fields.nominated;
  }

  setRules(rules: RequestRules): void {
    this.#rules = rules;
  }

  override reset(): void {
    super.reset();
    this.#fields.reset();
    this.method = '';
    this.isHttp10 = false;
    this.framing = bodyNone;
    this.contentLength = 0;
    this.shouldClose = false;
    this.isConnect = false;
    this.isUpgrade = false;
  }

  protected override parseStartLine(bytes: Buffer, from: number, end: number, headStart: number): number {
    let position = from;
    // A client may send empty lines before a request (RFC 9112 2.2); they count towards the size of the head.
    while (position < end && bytes[position] === carriageReturn) {
      if (position + 1 === end) return needsMore;
      if (bytes[position + 1] !== lineFeed) return this.fail(requestErrors.malformed);
      position += 2;
    }
    const methodStart = position;
    while (position < end && lowerCaseToken[bytes[position] as number] !== 0) position++;
    if (position - methodStart > maxMethodBytes) return this.fail(requestErrors.malformed);
    if (position === end) return needsMore;
    if (bytes[position] !== space || position === methodStart) return this.fail(requestErrors.malformed);
    this.method = toMethod(bytes, methodStart, position);
    if (!this.#isAllowed(this.method)) return this.fail(requestErrors.malformed);
    position++;
    const targetStart = position;
    while (position < end && isTargetByte[bytes[position] as number] === 1) position++;
    if (position === end) return needsMore;
    const stopByte = bytes[position];
    if (stopByte === numberSign) return this.fail(requestErrors.fragment);
    if (position === targetStart) return this.fail(requestErrors.malformed);
    if (stopByte === carriageReturn) return this.#endWithoutVersion(bytes, targetStart, position, end);
    if (stopByte !== space) return this.fail(requestErrors.malformed);
    this.#targetStart = targetStart - headStart;
    this.#targetEnd = position - headStart;
    return this.#parseVersion(bytes, position + 1, end);
  }

  /** Interprets the complete head. `headers` is then the request's; undefined means `error` is set. */
  finish(): HeaderMap | undefined {
    const rules = this.#rules;
    if (rules === undefined) return undefined;
    const headers = new HeaderMap();
    const fields = this.#fields;
    const target = this.text.substring(this.#targetStart, this.#targetEnd);
    this.error = parseRequestTarget(this.method, target, this.#target);
    if (this.error !== undefined) return undefined;
    const { path, authority, scheme } = this.#target;
    headers.addUnchecked(':method', this.method);
    if (path !== '') headers.addUnchecked(':path', path);
    // Host is known only after the fields; its place is kept.
    const authorityIndex = headers.size;
    headers.addUnchecked(':authority', authority);
    headers.addUnchecked(':scheme', scheme === '' ? rules.scheme : scheme);
    fields.collect(this, headers);
    this.error = this.#checkHost(rules) ?? this.#checkFraming(rules, headers);
    if (this.error !== undefined) return undefined;
    // The target's authority replaces Host (RFC 9112 3.2.2); they need not be equal.
    if (authority === '') headers.setUncheckedAt(authorityIndex, fields.host);
    this.shouldClose = fields.hasClose || (this.isHttp10 && !this.#isKeptOfHttp10(authority));
    this.isConnect = this.method === 'CONNECT';
    this.#applyUpgrade(headers);
    return headers;
  }

  /**
   * HTTP/1.0 clients ask for it (RFC 9112 9.3). One that took us for its proxy, as the absolute form shows, must not
   * have it (there), since its `Connection` may have been meant for somebody else (appendix C.2.2).
   */
  #isKeptOfHttp10(targetAuthority: string): boolean {
    return this.#fields.hasKeepAlive && targetAuthority === '';
  }

  #isAllowed(method: string): boolean {
    if (method === 'GET' || knownMethods.has(method)) return true;
    return (this.#rules?.allowCustomMethods ?? false) && method !== methodOfPreface;
  }

  #parseVersion(bytes: Buffer, from: number, end: number): number {
    let position = from;
    for (let at = 0; at < version11.length; at++, position++) {
      if (position === end) return needsMore;
      const byte = bytes[position] as number;
      if (byte === version11.charCodeAt(at)) continue;
      const isDigit = byte >= 0x30 && byte <= 0x39;
      if ((at !== 5 && at !== 7) || !isDigit) return this.fail(requestErrors.malformed);
      const error = this.#checkVersion(at === 5 ? byte - 0x30 : 1, at === 7 ? byte - 0x30 : 1);
      if (error !== undefined) return this.fail(error);
    }
    return position;
  }

  #checkVersion(major: number, minor: number): CodecError | undefined {
    if (major > 1) return requestErrors.unknownVersion;
    if (major === 0 || minor > 1 || !(this.#rules?.acceptHttp10 ?? false)) return requestErrors.lowVersion;
    this.isHttp10 = true;
    return undefined;
  }

  /** `GET /path` and a line end is HTTP/0.9; anything else without a version is nothing. */
  #endWithoutVersion(bytes: Buffer, targetStart: number, position: number, end: number): number {
    if (position + 1 === end) return needsMore;
    const isSimple = bytes[targetStart] === 0x2f && bytes[position + 1] === lineFeed;
    return this.fail(isSimple ? requestErrors.lowVersion : requestErrors.malformed);
  }

  #checkHost(rules: RequestRules): CodecError | undefined {
    const fields = this.#fields;
    if (fields.hostCount === 0 && this.isHttp10 && rules.defaultHostForHttp10 !== '') {
      fields.host = rules.defaultHostForHttp10;
    } else if (fields.hostCount === 0) {
      return requestErrors.missingHost;
    }
    return fields.hostCount > 1 || !isValidHost(fields.host) ? requestErrors.malformed : undefined;
  }

  #checkFraming(rules: RequestRules, headers: HeaderMap): CodecError | undefined {
    const fields = this.#fields;
    if (fields.hasNominatedProtected) return requestErrors.nominatedField;
    if (fields.lengthCount > 0 && (fields.lengthCount > 1 || fields.contentLength < 0)) {
      return requestErrors.malformed;
    }
    if (fields.hasTransferEncoding) {
      if (fields.lengthCount > 0 && !rules.allowChunkedLength) return requestErrors.lengthAndChunked;
      if (this.isHttp10) return requestErrors.transferEncodingNotAllowed;
      const coding = classifyTransferEncoding(fields.transferEncoding);
      if (coding === codingUnknown) return requestErrors.unknownCoding;
      if (coding !== codingChunked) return requestErrors.chunkedNotLast;
      this.framing = bodyChunked;
      if (fields.lengthCount > 0) {
        headers.remove('content-length');
        fields.hasClose = true;
      }
    } else if (fields.contentLength > 0) {
      this.framing = bodyLength;
      this.contentLength = fields.contentLength;
    }
    return this.method === 'CONNECT' && this.framing !== bodyNone ? requestErrors.bodyDisallowed : undefined;
  }

  /**
   * An upgrade is taken up only where both ends would read the bytes behind it alike: with Connection: upgrade, over
   * HTTP/1.1, without a body. Otherwise, and for h2c alone, the fields are left out, as a server may (RFC 9110 7.8). A
   * list is one wish as it stands, which a configuration names or not.
   */
  #applyUpgrade(headers: HeaderMap): void {
    const fields = this.#fields;
    if (fields.upgrade === '' || !fields.hasUpgradeOption || this.isHttp10 || this.isConnect) return;
    if (this.framing !== bodyNone || fields.upgrade.toLowerCase() === 'h2c') return;
    this.isUpgrade = true;
    headers.addUnchecked('connection', 'upgrade');
    headers.addUnchecked('upgrade', fields.upgrade);
  }
}

function toMethod(bytes: Buffer, start: number, end: number): string {
  if (end - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54) {
    return 'GET';
  }
  return bytes.toString('latin1', start, end);
}
