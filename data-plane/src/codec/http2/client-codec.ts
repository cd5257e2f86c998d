import type { Connection } from '../../transport/connection.ts';
import type {
  ClientCodec,
  ClientCodecCallbacks,
  HttpProtocol,
  RequestEncoder,
  ResponseDecoder,
} from '../codec.ts';
import type { HeaderMap } from '../header-map.ts';
import {
  firstWindowBytes,
  Http2ClientStream,
  type ClientStreamOwner,
  type ConnectSupport,
} from './client-stream.ts';
import { toUpgradeAnswer } from './extended-connect.ts';
import type { HeaderList, ListKind } from './header-list.ts';
import { Http2Connection } from './http2-connection.ts';
import type { Http2Stream } from './http2-stream.ts';
import type { Http2Options } from './options.ts';
import {
  cancel,
  clientPreface,
  maxStreamId,
  noError,
  protocolError,
  refusedStream,
  settingEnablePush,
  streamClosed,
} from './protocol.ts';

/** More 1xx in front of one answer help nobody; each costs whoever it is passed on to. */
const maxInformationalCount = 100;

/** `options` come from `createHttp2Options`; `bufferLimitBytes` bounds what requests make the connection keep. */
export function createHttp2ClientCodec(
  connection: Connection,
  callbacks: ClientCodecCallbacks,
  options: Http2Options,
  bufferLimitBytes: number,
  firstStreamId = 1,
): Http2ClientCodec {
  return new Http2ClientCodec(connection, callbacks, options, bufferLimitBytes, firstStreamId);
}

/** HTTP/2 for the upstream half: many requests at a time. */
export class Http2ClientCodec extends Http2Connection implements ClientCodec, ClientStreamOwner {
  readonly protocol: HttpProtocol = 'HTTP/2';
  connectSupport: ConnectSupport = 'unknown';
  readonly #callbacks: ClientCodecCallbacks;
  /** Streams whose head was not written yet: they have no number. */
  #unopened: Http2ClientStream[] = [];
  #nextStreamId: number;
  #isGoingAway = false;

  constructor(
    connection: Connection,
    callbacks: ClientCodecCallbacks,
    options: Http2Options,
    bufferLimitBytes: number,
    firstStreamId: number,
  ) {
    super(connection, options, bufferLimitBytes, false);
    this.#callbacks = callbacks;
    this.#nextStreamId = firstStreamId;
    this.outbound.writeText(clientPreface);
    this.writeSettings(firstWindowBytes, [[settingEnablePush, 0]]);
  }

  override get activeStreamCount(): number {
    return this.streams.size + this.#unopened.length;
  }

  /**
   * How many streams this connection can have at a time, as things are now: what both sides allow, and the numbers
   * that are left. It shrinks to 0 with GOAWAY, and may change with every SETTINGS.
   */
  get streamCapacity(): number {
    if (this.#isGoingAway || this.isGivenUp) return 0;
    const leftIds = Math.floor((maxStreamId - this.#nextStreamId) / 2) + 1;
    const allowed = Math.min(this.options.maxConcurrentStreams, this.peer.maxConcurrentStreams);
    return Math.min(allowed, this.streams.size + leftIds);
  }

  /** Only below `streamCapacity`; otherwise the stream is over before it began. */
  newStream(decoder: ResponseDecoder): RequestEncoder {
    const stream = new Http2ClientStream(this, decoder);
    if (this.activeStreamCount >= this.streamCapacity) {
      stream.complete();
      return stream;
    }
    this.liveness.onNewStream();
    this.#unopened.push(stream);
    return stream;
  }

  onEnd(): void {
    this.onClose('connection closed by the server');
  }

  /** The first head of a stream gives it the next number: numbers must rise on the wire (RFC 9113, 5.1.1). */
  override sendHeaders(stream: Http2Stream, headers: HeaderMap, endStream: boolean): number {
    if (stream instanceof Http2ClientStream && stream.id === 0 && this.#forgetUnopened(stream)) {
      stream.id = this.#nextStreamId;
      this.#nextStreamId += 2;
      stream.sendWindow.add(this.peer.initialWindowBytes);
      this.addStream(stream);
    }
    return super.sendHeaders(stream, headers, endStream);
  }

  override onLocalEnd(stream: Http2Stream): void {
    if (stream.isRemoteEnded) this.completeStream(stream);
  }

  override kindOfHead(streamId: number): ListKind | undefined {
    const stream = this.streams.get(streamId);
    if (stream instanceof Http2ClientStream) return stream.hasReceivedHead ? 'trailers' : 'response';
    if (!this.isIdle(streamId)) return 'response';
    this.giveUp(protocolError, 'HEADERS of an idle stream');
    return undefined;
  }

  override onHead(streamId: number, head: HeaderList, endStream: boolean): boolean {
    const stream = this.streams.get(streamId);
    if (!(stream instanceof Http2ClientStream)) {
      const isLate = this.resets.has(streamId) || this.resets.mayHaveForgotten(streamId);
      return isLate || this.giveUp(streamClosed, 'HEADERS of a stream that is closed');
    }
    if (stream.isRemoteEnded) return this.giveUp(streamClosed, 'HEADERS behind the end of a stream');
    stream.countHead(head);
    if (head.malformed !== undefined) return this.refuseMessage(stream, streamId, head.malformed);
    if (head.isTooLarge) {
      this.options.stats.count('header_overflow');
      return this.failStream(stream, cancel, 'headers_too_large');
    }
    return stream.hasReceivedHead
      ? this.#onTrailers(stream, head, endStream)
      : this.#onAnswer(stream, head, endStream);
  }

  override onGoAwayFrame(lastStreamId: number): boolean {
    if (!this.#isGoingAway) {
      this.#isGoingAway = true;
      this.#callbacks.onGoAway();
    }
    // The server has not looked at these: they may be sent again anywhere.
    for (const stream of [...this.streams.toArray(), ...this.#unopened]) {
      if (stream.id !== 0 && stream.id <= lastStreamId) continue;
      this.failUntold(stream, 'remote-refused-stream', 'GOAWAY of the server');
    }
    return true;
  }

  override isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId >= this.#nextStreamId;
  }

  protected override deliverData(stream: Http2Stream, chunk: Buffer, endStream: boolean): void {
    if (!(stream instanceof Http2ClientStream)) return;
    if (!stream.hasReceivedHead) this.refuseMessage(stream, stream.id, 'DATA before a head');
    else if (chunk.length > 0 || endStream) stream.decoder.decodeData(chunk, endStream);
  }

  protected override onRemoteEnd(stream: Http2Stream): void {
    if (stream.isLocalEnded) this.completeStream(stream);
    // The server is done without the rest of the request.
    else if (!stream.isTunnel) this.cutStream(stream, cancel);
  }

  protected override onStreamGone(): void {
    this.#callbacks.onStreamEnd(this.streamCapacity > 0);
  }

  protected override onRemoteReset(stream: Http2Stream, code: number): boolean {
    // A server that has answered may tell the client to stop sending (RFC 9113, 8.1).
    if (stream.isRemoteEnded && code === noError) {
      stream.complete();
    } else if (code === refusedStream) {
      stream.fail('remote-refused-stream', 'refused by the server');
    } else {
      // A server that says so has seen us break the protocol.
      stream.fail(code === protocolError ? 'protocol-error' : 'remote-reset', 'reset by the server');
    }
    this.onStreamGone();
    return true;
  }

  protected override onStreamError(): boolean {
    return true;
  }

  protected override onGivenUp(detail: string): void {
    this.#callbacks.onProtocolError({ status: 502, details: `http2.${detail}`, body: '' });
  }

  protected override onPeerSettings(): void {
    const { allowsConnect } = this.peer;
    const support = allowsConnect ? 'yes' : 'no';
    if (support !== this.connectSupport) {
      this.connectSupport = support;
      for (const stream of [...this.#unopened]) stream.onConnectSupport();
    }
    this.#callbacks.onStreamCapacityChange?.();
  }

  protected override forget(stream: Http2Stream): void {
    super.forget(stream);
    if (stream instanceof Http2ClientStream && stream.id === 0) this.#forgetUnopened(stream);
  }

  protected override takeStreams(): Http2Stream[] {
    const unopened = this.#unopened;
    this.#unopened = [];
    return [...super.takeStreams(), ...unopened];
  }

  /** Nearly always the newest, and the only one. */
  #forgetUnopened(stream: Http2ClientStream): boolean {
    const unopened = this.#unopened;
    if (unopened[unopened.length - 1] === stream) {
      unopened.pop();
      return true;
    }
    const at = unopened.lastIndexOf(stream);
    if (at >= 0) unopened.splice(at, 1);
    return at >= 0;
  }

  #onAnswer(stream: Http2ClientStream, head: HeaderList, endStream: boolean): boolean {
    const { headers } = head;
    const status = headers.get(':status') ?? '';
    if (status.charCodeAt(0) === 0x31) return this.#onInformational(stream, headers, status, endStream);
    stream.hasReceivedHead = true;
    if (status.charCodeAt(0) === 0x32 && (stream.isConnect || stream.upgrade !== '')) {
      stream.isTunnel = true;
      if (stream.upgrade !== '') toUpgradeAnswer(headers, stream.upgrade, stream.webSocketKey);
    } else if (stream.isHead || status === '304' || status === '204') {
      // What these announce is not what they carry (RFC 9110, 9.3.2).
      stream.expectedBytes = 0;
    } else {
      stream.expectedBytes = head.contentLength;
    }
    if (endStream && !stream.hasExpectedLength) {
      return this.refuseContent(stream, stream.id, 'less than content-length');
    }
    if (endStream) stream.isRemoteEnded = true;
    else if (stream.expectedBytes > firstWindowBytes) stream.openWindow();
    stream.decoder.decodeHeaders(headers, endStream);
    if (endStream && !stream.isEnded) this.onRemoteEnd(stream);
    return true;
  }

  #onInformational(
    stream: Http2ClientStream,
    headers: HeaderMap,
    status: string,
    endStream: boolean,
  ): boolean {
    if (endStream || status === '101') {
      return this.refuseMessage(stream, stream.id, 'a 1xx that ends or switches');
    }
    if (++stream.informationalCount > maxInformationalCount) {
      return this.failStream(stream, cancel, 'too many 1xx');
    }
    stream.decoder.decodeInformational(headers);
    return true;
  }

  #onTrailers(stream: Http2ClientStream, head: HeaderList, endStream: boolean): boolean {
    if (!endStream) return this.refuseMessage(stream, stream.id, 'a second head');
    if (!stream.hasExpectedLength) return this.refuseContent(stream, stream.id, 'less than content-length');
    this.options.stats.count('trailers');
    stream.isRemoteEnded = true;
    stream.decoder.decodeTrailers(head.headers);
    if (!stream.isEnded) this.onRemoteEnd(stream);
    return true;
  }
}
