import type { Connection } from '../../transport/connection.ts';
import type { ResponseEncoder } from '../codec.ts';
import type { HeaderMap } from '../header-map.ts';
import { Http1Stream, writeChunked, writeRaw, writeUntilClose } from './http1-stream.ts';
import type { Http1ServerOptions } from './options.ts';
import { toStatusLine } from './reason-phrases.ts';

/** What a stream needs of its codec. */
export interface ServerStreamOwner {
  /** The connection will close after this answer, as far as is known now. */
  shouldCloseAfter(stream: Http1ServerStream): boolean;
  onTunnel(stream: Http1ServerStream): void;
  /** The answer is written. */
  onAnswered(stream: Http1ServerStream): void;
  /** The stream was given up; an answer that was begun stays incomplete. */
  onGivenUp(stream: Http1ServerStream): void;
}

/** One request and the encoder of its answer. */
export class Http1ServerStream extends Http1Stream implements ResponseEncoder {
  readonly isHead: boolean;
  readonly isConnect: boolean;
  readonly isUpgrade: boolean;
  readonly isHttp10: boolean;
  /** The connection closes after this answer. */
  shouldClose: boolean;
  isTunnel = false;
  readonly #owner: ServerStreamOwner;

  constructor(
    owner: ServerStreamOwner,
    connection: Connection,
    options: Http1ServerOptions,
    method: string,
    isHttp10: boolean,
    isUpgrade: boolean,
    shouldClose: boolean,
  ) {
    super(connection, options);
    this.#owner = owner;
    this.isHead = method === 'HEAD';
    this.isConnect = method === 'CONNECT';
    this.isHttp10 = isHttp10;
    this.isUpgrade = isUpgrade;
    this.shouldClose = shouldClose;
  }

  /** The answer ends where the connection ends, so that only a reset shows that it is incomplete. */
  get isCloseDelimited(): boolean {
    return this.writeMode === writeUntilClose;
  }

  encodeInformational(headers: HeaderMap): void {
    // HTTP/1.0 does not know them (RFC 9110 15.2).
    if (this.isEnded || this.hasSentHead || this.isHttp10) return;
    const reader = this.options.workspace.fieldReader;
    const fields = reader.read(headers);
    const statusLine = toStatusLine(reader.status);
    if (statusLine === undefined || reader.status === '101' || reader.status.charCodeAt(0) !== 0x31) return;
    this.writeHead(`${statusLine}${fields}\r\n`, statusLine.length, headers);
  }

  encodeHeaders(headers: HeaderMap, endStream: boolean): void {
    if (this.isEnded || this.hasSentHead) return;
    const reader = this.options.workspace.fieldReader;
    const fields = reader.read(headers);
    const { status } = reader;
    const statusLine = toStatusLine(status);
    const isInformational = status.charCodeAt(0) === 0x31;
    if (statusLine === undefined || (isInformational && (status !== '101' || !this.isUpgrade))) {
      this.#giveUp('http1.unwritable_status');
      return;
    }
    this.hasSentHead = true;
    if (reader.hasClose) this.shouldClose = true;
    if (status === '101' || (this.isConnect && status.charCodeAt(0) === 0x32)) {
      this.#startTunnel(statusLine, fields, reader.upgrade, headers);
      if (endStream) this.encodeData(noBytes, true);
      return;
    }
    const framing = this.#decideFraming(status, reader.contentLength, endStream);
    const isRequestCut = endStream && !this.isDecodeComplete && !this.isUpgrade;
    if (this.isConnect || isRequestCut || this.#owner.shouldCloseAfter(this)) this.shouldClose = true;
    if (this.isHttp10 && (framing === '' || this.isCloseDelimited)) this.shouldClose = true;
    const end = this.shouldClose
      ? 'connection: close\r\n\r\n'
      : this.isHttp10
        ? 'connection: keep-alive\r\n\r\n'
        : '\r\n';
    this.writeHead(statusLine + fields + framing + end, statusLine.length, headers);
    if (!endStream) return;
    this.isEncodeComplete = true;
    this.#owner.onAnswered(this);
  }

  protected override onReset(): void {
    this.#owner.onGivenUp(this);
  }

  protected override onBadLength(): void {
    this.#giveUp('http1.content_length_mismatch');
  }

  protected override onEncodeComplete(): void {
    if (this.isCloseDelimited) this.shouldClose = true;
    this.#owner.onAnswered(this);
  }

  #giveUp(detail: string): void {
    this.failStream('local-reset', detail);
    this.#owner.onGivenUp(this);
  }

  #startTunnel(statusLine: string, fields: string, upgrade: string, headers: HeaderMap): void {
    this.isTunnel = true;
    this.shouldClose = true;
    this.writeMode = writeRaw;
    const switching = upgrade === '' ? '' : `connection: upgrade\r\nupgrade: ${upgrade}\r\n`;
    const head = `${statusLine}${fields}${this.isConnect ? '' : switching}\r\n`;
    this.writeHead(head, statusLine.length, headers);
    this.#owner.onTunnel(this);
  }

  /** The framing fields of the answer (RFC 9112 6); sets how the body is written. */
  #decideFraming(status: string, contentLength: number, endStream: boolean): string {
    if (status === '204') return '';
    if (this.isHead || status === '304') {
      return contentLength >= 0 ? `content-length: ${contentLength}\r\n` : '';
    }
    // 205 has no content, whatever was given (RFC 9110 15.3.6).
    if (endStream || status === '205') return 'content-length: 0\r\n';
    if (contentLength >= 0) {
      this.setLength(contentLength);
      return `content-length: ${contentLength}\r\n`;
    }
    if (this.isHttp10) {
      this.writeMode = writeUntilClose;
      return '';
    }
    this.writeMode = writeChunked;
    return 'transfer-encoding: chunked\r\n';
  }
}

const noBytes = Buffer.alloc(0);
