import type { HeaderMap } from '../header-map.ts';
import { hasListToken, noLength, parseContentLength } from './message-fields.ts';

/**
 * Header map → what an encoder needs of it. Framing and connection fields are never written from the map: they are
 * read here, and the encoder decides. One object for all encoders of a worker; the result holds until the next call.
 */
export class FieldReader {
  method = '';
  path = '';
  authority = '';
  status = '';
  /** Bytes, `noLength`, or `invalidLength` (also when it is there twice). */
  contentLength = noLength;
  hasClose = false;
  upgrade = '';

  /** The text of all fields that are written as they are, each with its CRLF. */
  read(headers: HeaderMap): string {
    this.method = '';
    this.path = '';
    this.authority = '';
    this.status = '';
    this.contentLength = noLength;
    this.hasClose = false;
    this.upgrade = '';
    let text = '';
    const { size } = headers;
    for (let index = 0; index < size; index++) {
      const name = headers.nameAt(index);
      if (isCarried(name)) text += `${name}: ${headers.valueAt(index)}\r\n`;
      else this.#take(name, headers.valueAt(index));
    }
    return text;
  }

  #take(name: string, value: string): void {
    switch (name) {
      case ':method':
        this.method = value;
        break;
      case ':path':
        this.path = value;
        break;
      case ':authority':
        this.authority = value;
        break;
      case ':status':
        this.status = value;
        break;
      case 'content-length':
        this.contentLength = this.contentLength === noLength ? parseContentLength(value) : -2;
        break;
      case 'connection':
        if (hasListToken(value, 'close')) this.hasClose = true;
        break;
      case 'upgrade':
        this.upgrade = value;
        break;
      default:
      // `:scheme`, `host`, `keep-alive`, `proxy-connection`, `transfer-encoding` are of another hop.
    }
  }
}

/** By length first, so that most names cost one comparison. */
function isCarried(name: string): boolean {
  switch (name.length) {
    case 4:
      return name !== 'host';
    case 5:
    case 10:
      return name.charCodeAt(0) !== 0x3a && name !== 'connection' && name !== 'keep-alive';
    case 7:
      return name !== 'upgrade' && name.charCodeAt(0) !== 0x3a;
    case 14:
      return name !== 'content-length';
    case 16:
      return name !== 'proxy-connection';
    case 17:
      return name !== 'transfer-encoding';
    default:
      return name.charCodeAt(0) !== 0x3a;
  }
}
