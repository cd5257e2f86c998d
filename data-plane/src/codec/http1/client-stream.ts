import type { Connection } from '../../transport/connection.ts';
import type { RequestEncoder, ResponseDecoder } from '../codec.ts';
import type { HeaderMap } from '../header-map.ts';
import { Http1Stream, writeChunked, writeHeld } from './http1-stream.ts';
import type { Http1ClientOptions } from './options.ts';

/** What a stream needs of its codec. */
export interface ClientStreamOwner {
  /** The request is written. */
  onRequestComplete(stream: Http1ClientStream): void;
  onGivenUp(stream: Http1ClientStream): void;
}

/** Methods whose requests say nothing about a body that they do not have (RFC 9110 8.6). */
const methodsWithoutContent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'TRACE', 'CONNECT']);
/** A method, a target or a host that would not end where it is meant to. */
const unwritable = /[^\x21-\x7e]/;

/** One request and the decoder of its answer. */
export class Http1ClientStream extends Http1Stream implements RequestEncoder {
  method = '';
  /** The protocols that the request asks for; empty for none. */
  upgrade = '';
  /** The request said that the connection closes. */
  hasSaidClose = false;
  readonly decoder: ResponseDecoder;
  readonly #owner: ClientStreamOwner;

  constructor(
    owner: ClientStreamOwner,
    connection: Connection,
    options: Http1ClientOptions,
    decoder: ResponseDecoder,
  ) {
    super(connection, options);
    this.#owner = owner;
    this.decoder = decoder;
  }

  get isUpgrade(): boolean {
    return this.upgrade !== '';
  }

  encodeHeaders(headers: HeaderMap, endStream: boolean): void {
    if (this.isEnded || this.hasSentHead) return;
    const reader = this.options.workspace.fieldReader;
    const fields = reader.read(headers);
    const { method, authority, upgrade } = reader;
    const isConnect = method === 'CONNECT';
    const target = isConnect ? authority : reader.path;
    if (method === '' || target === '' || unwritable.test(target) || unwritable.test(authority + method)) {
      this.#giveUp('http1.unwritable_request_head');
      return;
    }
    this.method = method;
    this.hasSentHead = true;
    this.hasSaidClose = reader.hasClose;
    this.upgrade = upgrade;
    let framing = '';
    if (isConnect || this.isUpgrade) {
      this.writeMode = writeHeld;
      if (this.isUpgrade) framing = `connection: upgrade\r\nupgrade: ${upgrade}\r\n`;
    } else {
      framing = this.#decideFraming(reader.contentLength, endStream);
    }
    if (reader.hasClose) framing += 'connection: close\r\n';
    const startLine = `${method} ${target} HTTP/1.1\r\n`;
    this.writeHead(`${startLine}host: ${authority}\r\n${fields}${framing}\r\n`, startLine.length, headers);
    if (!endStream) return;
    this.isEncodeComplete = true;
    this.#owner.onRequestComplete(this);
  }

  protected override onReset(): void {
    this.#owner.onGivenUp(this);
  }

  protected override onBadLength(): void {
    this.#giveUp('http1.content_length_mismatch');
  }

  protected override onEncodeComplete(): void {
    this.#owner.onRequestComplete(this);
  }

  #giveUp(detail: string): void {
    this.failStream('local-reset', detail);
    this.#owner.onGivenUp(this);
  }

  #decideFraming(contentLength: number, endStream: boolean): string {
    if (endStream) {
      return methodsWithoutContent.has(this.method) && contentLength !== 0 ? '' : 'content-length: 0\r\n';
    }
    if (contentLength >= 0) {
      this.setLength(contentLength);
      return `content-length: ${contentLength}\r\n`;
    }
    this.writeMode = writeChunked;
    return 'transfer-encoding: chunked\r\n';
  }
}
