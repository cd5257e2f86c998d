import type { HeaderMap } from '../header-map.ts';
import { space, tab } from './byte-tables.ts';
import {
  connectionField,
  contentLengthField,
  hopByHopField,
  hostField,
  keepAliveField,
  plainField,
  teField,
  transferEncodingField,
  upgradeField,
} from './field-name.ts';
import type { HeadParser } from './head-parser.ts';

/** No content-length, or one that is no number. */
export const noLength = -1;
export const invalidLength = -2;

/** What no peer may have removed by naming it in `Connection` (Envoy refuses the same, except framing). */
const protectedFields: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);

const noNames: readonly string[] = [];

/**
 * The fields of a message that mean something to its framing or its connection, taken out of the others while those
 * go into the header map. Fields of one hop are not carried (RFC 9110 7.6.1): what a peer needs of them is written
 * anew. One object serves all messages of a parser.
 */
export class MessageFields {
  hostCount = 0;
  host = '';
  lengthCount = 0;
  /** Bytes, or `noLength`, or `invalidLength`. */
  contentLength = noLength;
  /** All codings, joined by commas; empty for none. */
  transferEncoding = '';
  hasTransferEncoding = false;
  upgrade = '';
  hasClose = false;
  hasKeepAlive = false;
  /** What `Keep-Alive: timeout` says: how long the peer keeps an idle connection, in seconds; 0 without it. */
  keepAliveSeconds = 0;
  hasUpgradeOption = false;
  /** `Connection` names a field that no peer may have removed. */
  hasNominatedProtected = false;
  /** Other fields that `Connection` names: trailers of these names are of one hop too. */
  nominated: readonly string[] = noNames;
  #connection = '';
  #hasTeTrailers = false;

  reset(): void {
    this.hostCount = 0;
    this.host = '';
    this.lengthCount = 0;
    this.contentLength = noLength;
    this.transferEncoding = '';
    this.hasTransferEncoding = false;
    this.upgrade = '';
    this.hasClose = false;
    this.hasKeepAlive = false;
    this.keepAliveSeconds = 0;
    this.hasUpgradeOption = false;
    this.hasNominatedProtected = false;
    this.nominated = noNames;
    this.#connection = '';
    this.#hasTeTrailers = false;
  }

  /** Sorts the fields of a complete head: plain ones into `headers`, the others into this object. */
  collect(head: HeadParser, headers: HeaderMap): void {
    const { text, names, valueStarts, valueEnds, fieldCount } = head;
    for (let index = 0; index < fieldCount; index++) {
      const name = names[index];
      if (name === undefined) break;
      const value = text.substring(valueStarts[index] as number, valueEnds[index]);
      if (name.kind === plainField) headers.addUnchecked(name.text, value);
      else this.#take(name.kind, value, headers);
    }
    if (this.#connection !== '') this.#applyConnection(headers);
    if (this.#hasTeTrailers) headers.addUnchecked('te', 'trailers');
  }

  #take(kind: number, value: string, headers: HeaderMap): void {
    switch (kind) {
      case hostField:
        this.hostCount++;
        this.host = value;
        break;
      case contentLengthField:
        this.lengthCount++;
        this.contentLength = parseContentLength(value);
        if (this.contentLength >= 0) headers.addUnchecked('content-length', String(this.contentLength));
        break;
      case transferEncodingField:
        this.transferEncoding = this.hasTransferEncoding ? `${this.transferEncoding},${value}` : value;
        this.hasTransferEncoding = true;
        break;
      case connectionField:
        this.#connection = this.#connection === '' ? value : `${this.#connection},${value}`;
        break;
      case upgradeField:
        this.upgrade = this.upgrade === '' ? value : `${this.upgrade}, ${value}`;
        break;
      case teField:
        if (hasListToken(value, 'trailers')) this.#hasTeTrailers = true;
        break;
      case keepAliveField:
        this.keepAliveSeconds = parseKeepAlive(value);
        break;
      case hopByHopField:
        break;
      default:
        throw new RangeError(`field kind ${kind}`);
    }
  }

  #applyConnection(headers: HeaderMap): void {
    const connection = this.#connection;
    if (connection === 'close') this.hasClose = true;
    else if (connection === 'keep-alive') this.hasKeepAlive = true;
    else for (const option of connection.split(',')) this.#applyOption(toMember(option), headers);
  }

  #applyOption(option: string, headers: HeaderMap): void {
    if (option === 'close') this.hasClose = true;
    else if (option === 'keep-alive') this.hasKeepAlive = true;
    else if (option === 'upgrade') this.hasUpgradeOption = true;
    // TE asks to be nominated (RFC 9110 10.1.4), and what it says to us is written anew.
    else if (option === '' || option === 'te') return;
    else if (protectedFields.has(option) || option.startsWith(':')) this.hasNominatedProtected = true;
    else {
      headers.remove(option);
      this.nominated = [...this.nominated, option];
    }
  }
}

/** `timeout=5, max=100` (RFC 2068, 19.7.1.1): the seconds, or 0. Whatever else stands there is a hint that is not taken. */
function parseKeepAlive(value: string): number {
  const seconds = /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i.exec(value)?.[1];
  return seconds === undefined ? 0 : Number(seconds);
}

/** 1*DIGIT below 10^15; nothing else: no sign, no list, no space. */
export function parseContentLength(value: string): number {
  if (value.length === 0) return invalidLength;
  let length = 0;
  for (let at = 0; at < value.length; at++) {
    const digit = value.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return invalidLength;
    length = length * 10 + digit;
    if (length >= 1e15) return invalidLength;
  }
  return length;
}

/**
 * A member of a list in lower case, without the white space around it: SP and HTAB. What `String.trim` takes for
 * white space besides, a no-break space above all, is a part of the member, and makes it another one.
 */
export function toMember(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpace(text.charCodeAt(start))) start++;
  while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end).toLowerCase();
}

function isWhiteSpace(code: number): boolean {
  return code === space || code === tab;
}

/** `token` (lower case) is a member of the comma-separated list. */
export function hasListToken(list: string, token: string): boolean {
  if (list === token) return true;
  for (const member of list.split(',')) {
    if (toMember(member) === token) return true;
  }
  return false;
}

export const codingChunked = 0;
export const codingUnknown = 1;
export const codingNotChunkedLast = 2;

/** Transfer codings that we can take apart: `chunked`, once (RFC 9112 6.1). Empty members are none (RFC 9110 5.6.1). */
export function classifyTransferEncoding(transferEncoding: string): number {
  if (transferEncoding === 'chunked') return codingChunked;
  const codings = transferEncoding
    .split(',')
    .map(toMember)
    .filter((coding) => coding !== '');
  if (codings.at(-1) !== 'chunked') return codingNotChunkedLast;
  if (codings.length === 1) return codingChunked;
  return codings.indexOf('chunked') < codings.length - 1 ? codingNotChunkedLast : codingUnknown;
}
