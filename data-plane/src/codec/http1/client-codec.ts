import type { Connection } from '../../transport/connection.ts';
import type {
  ClientCodec,
  ClientCodecCallbacks,
  CodecError,
  HttpProtocol,
  RequestEncoder,
  ResponseDecoder,
} from '../codec.ts';
import type { HeaderMap } from '../header-map.ts';
import { ChunkedDecoder, type BodySink } from './chunked-decoder.ts';
import { Http1ClientStream, type ClientStreamOwner } from './client-stream.ts';
import { responseErrors } from './codec-errors.ts';
import { rememberNameCases } from './header-key-format.ts';
import { failed, needsMore } from './head-parser.ts';
import type { Http1ClientOptions } from './options.ts';
import {
  answerChunked,
  answerLength,
  answerNone,
  answerRaw,
  answerUntilClose,
  type ResponseParser,
} from './response-parser.ts';
import type { TrailerParser } from './trailer-parser.ts';

/** What the next byte is. */
const inHead = 0;
const inLength = 1;
const inChunked = 2;
const inUntilClose = 3;
const inTunnel = 4;
const stopped = 5;

const noBytes = Buffer.alloc(0);

/** `options` come from `createHttp1ClientOptions`. The owner feeds the connection's events to the codec. */
export function createHttp1ClientCodec(
  connection: Connection,
  callbacks: ClientCodecCallbacks,
  options: Http1ClientOptions,
): ClientCodec {
  return new Http1ClientCodec(connection, callbacks, options);
}

/**
 * HTTP/1.1 for the upstream half: one request at a time. Whatever leaves doubt about where an answer ends makes the
 * connection unusable for the next one, and bytes that nobody asked for are an error.
 */
class Http1ClientCodec implements ClientCodec, ClientStreamOwner, BodySink {
  readonly protocol: HttpProtocol = 'HTTP/1.1';
  readonly streamCapacity = 1;
  announcedIdleTimeoutMs = 0;
  readonly #connection: Connection;
  readonly #callbacks: ClientCodecCallbacks;
  readonly #options: Http1ClientOptions;
  #state = inHead;
  #parser: ResponseParser | undefined;
  #stream: Http1ClientStream | undefined;
  /** Its answer is complete, and the last of it kept until it is known whether more bytes stand behind it. */
  #answered: Http1ClientStream | undefined;
  #lastHeaders: HeaderMap | undefined;
  #lastPart: Buffer = noBytes;
  #lastTrailers: HeaderMap | undefined;
  #remainingBytes = 0;
  #isPersistent = true;
  #chunked: ChunkedDecoder | undefined;
  /** Trailers that are of one hop. */
  #nominated: readonly string[] = [];
  #trailerParser: TrailerParser | undefined;
  #isAboveHighWatermark = false;

  constructor(connection: Connection, callbacks: ClientCodecCallbacks, options: Http1ClientOptions) {
    this.#connection = connection;
    this.#callbacks = callbacks;
    this.#options = options;
  }

  get activeStreamCount(): number {
    return this.#stream === undefined ? 0 : 1;
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    const stream = new Http1ClientStream(this, this.#connection, this.#options, decoder);
    if (this.#stream !== undefined || this.#state === stopped) stream.markEnded();
    else this.#stream = stream;
    stream.startsAboveHighWatermark = this.#isAboveHighWatermark;
    return stream;
  }

  dispatch(chunk: Buffer): void {
    if (this.#stream !== undefined) this.#stream.bytesRead += chunk.length;
    let position = 0;
    while (position < chunk.length) {
      switch (this.#state) {
        case inHead:
          position = this.#readHead(chunk, position);
          break;
        case inLength:
          position = this.#readLength(chunk, position);
          break;
        case inChunked:
          position = this.#readChunked(chunk, position);
          break;
        case inUntilClose:
        case inTunnel:
          this.#stream?.decoder.decodeData(position === 0 ? chunk : chunk.subarray(position), false);
          return;
        default:
          return;
      }
      if (this.#answered !== undefined) this.#endAnswer(this.#answered, position < chunk.length);
    }
  }

  onEnd(): void {
    const stream = this.#stream;
    if (this.#state === inUntilClose && stream !== undefined) {
      this.#completeAnswer(stream);
      this.#endAnswer(stream, false);
    } else if (this.#state === inTunnel && stream !== undefined) {
      stream.isDecodeComplete = true;
      stream.decoder.decodeData(noBytes, true);
      this.#endTunnelIfComplete(stream);
    } else {
      this.#cut('connection closed by the server');
    }
  }

  onClose(detail: string): void {
    this.#cut(detail);
  }

  onAboveWriteHighWatermark(): void {
    this.#isAboveHighWatermark = true;
    this.#stream?.notifyWatermark(true);
  }

  onBelowWriteLowWatermark(): void {
    this.#isAboveHighWatermark = false;
    this.#stream?.notifyWatermark(false);
  }

  onRequestComplete(stream: Http1ClientStream): void {
    if (this.#state === inTunnel) this.#endTunnelIfComplete(stream);
  }

  onGivenUp(stream: Http1ClientStream): void {
    if (stream !== this.#stream) return;
    this.#stop();
    this.#callbacks.onStreamEnd(false);
  }

  onBodyData(part: Buffer): boolean {
    this.#stream?.decoder.decodeData(part, false);
    return this.#state === inChunked;
  }

  onBodyEnd(trailers: HeaderMap | undefined): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    if (this.#trailerParser !== undefined) stream.countTrailers(this.#trailerParser);
    this.#trailerParser = undefined;
    this.#completeAnswer(stream);
    if (this.#options.enableTrailers) this.#lastTrailers = trailers;
  }

  createTrailerParser(): TrailerParser {
    const parser = this.#options.workspace.createTrailerParser(false);
    parser.begin(this.#options);
    parser.nominated = this.#nominated;
    this.#trailerParser = parser;
    return parser;
  }

  #readHead(chunk: Buffer, position: number): number {
    const stream = this.#stream;
    if (stream === undefined || !stream.hasSentHead) return this.#refuse(responseErrors.unsolicited, chunk);
    const { workspace } = this.#options;
    let parser = this.#parser;
    if (parser === undefined) {
      parser = workspace.acquireResponseParser();
      parser.begin(this.#options);
      this.#parser = parser;
    }
    const next = parser.execute(chunk, position);
    if (next === needsMore) return chunk.length;
    const headers = next === failed ? undefined : parser.finish(stream.method, stream.upgrade);
    this.#parser = undefined;
    if (headers === undefined) {
      const error = parser.error ?? responseErrors.malformed;
      workspace.releaseResponseParser(parser);
      return this.#refuse(error, chunk);
    }
    this.#begin(stream, parser, headers);
    return next;
  }

  #begin(stream: Http1ClientStream, parser: ResponseParser, headers: HeaderMap): void {
    const { status, framing, contentLength, isPersistent } = parser;
    stream.countHead(parser.fieldBytes);
    const { headerKeyFormat } = this.#options;
    if (headerKeyFormat?.remembersCase === true) {
      headers.nameCases = rememberNameCases(parser, headerKeyFormat);
    }
    this.#nominated = parser.nominated;
    if (parser.keepAliveSeconds > 0) this.announcedIdleTimeoutMs = parser.keepAliveSeconds * 1_000;
    this.#options.workspace.releaseResponseParser(parser);
    if (status < 200 && status !== 101) {
      if (!isPersistent) this.#isPersistent = false;
      stream.decoder.decodeInformational(headers);
      return;
    }
    if (!isPersistent || stream.hasSaidClose || stream.isUpgrade) this.#isPersistent = false;
    switch (framing) {
      case answerNone:
        this.#completeAnswer(stream);
        if (!this.#isPersistent) this.#callbacks.onGoAway();
        this.#lastHeaders = headers;
        return;
      case answerLength:
        this.#state = inLength;
        this.#remainingBytes = contentLength;
        break;
      case answerChunked:
        this.#state = inChunked;
        this.#chunked ??= new ChunkedDecoder(
          this,
          responseErrors.malformed,
          this.#options.maxChunkExtensionBytes,
        );
        this.#chunked.begin();
        break;
      case answerUntilClose:
        this.#state = inUntilClose;
        break;
      case answerRaw:
        this.#state = inTunnel;
        stream.openTunnel();
        break;
      default:
        throw new RangeError(`framing ${framing}`);
    }
    if (!this.#isPersistent) this.#callbacks.onGoAway();
    stream.decoder.decodeHeaders(headers, false);
  }

  #readLength(chunk: Buffer, from: number): number {
    const stream = this.#stream;
    if (stream === undefined) return chunk.length;
    const end = Math.min(chunk.length, from + this.#remainingBytes);
    const part = from === 0 && end === chunk.length ? chunk : chunk.subarray(from, end);
    this.#remainingBytes -= end - from;
    if (this.#remainingBytes > 0) {
      stream.decoder.decodeData(part, false);
      return end;
    }
    this.#completeAnswer(stream);
    this.#lastPart = part;
    return end;
  }

  #readChunked(chunk: Buffer, position: number): number {
    const chunked = this.#chunked;
    if (chunked === undefined) return chunk.length;
    const next = chunked.execute(chunk, position);
    return next === failed ? this.#refuse(chunked.error ?? responseErrors.malformed, chunk) : next;
  }

  /** Before the decoder learns of the end: then a reset has nothing to reset any more. */
  #completeAnswer(stream: Http1ClientStream): void {
    stream.isDecodeComplete = true;
    stream.markEnded();
    this.#answered = stream;
    this.#stream = undefined;
    this.#state = this.#isPersistent && stream.isEncodeComplete ? inHead : stopped;
  }

  /**
   * The pool hears of it before the decoder, which may ask for the next stream at once: of a client that pipelines, in
   * this very call. Bytes behind the answer would be read as the next one's: such a connection gets no next request.
   */
  #endAnswer({ decoder }: Http1ClientStream, hasMoreBytes: boolean): void {
    const headers = this.#lastHeaders;
    const part = this.#lastPart;
    const trailers = this.#lastTrailers;
    this.#answered = undefined;
    this.#lastHeaders = undefined;
    this.#lastPart = noBytes;
    this.#lastTrailers = undefined;
    const wasReusable = this.#state === inHead;
    if (hasMoreBytes) this.#state = stopped;
    this.#callbacks.onStreamEnd(wasReusable && !hasMoreBytes);
    if (headers !== undefined) decoder.decodeHeaders(headers, true);
    else if (trailers !== undefined) decoder.decodeTrailers(trailers);
    else decoder.decodeData(part, true);
    if (wasReusable && hasMoreBytes) this.#callbacks.onProtocolError(responseErrors.unsolicited);
  }

  #endTunnelIfComplete(stream: Http1ClientStream): void {
    if (stream !== this.#stream || !stream.isEncodeComplete || !stream.isDecodeComplete) return;
    stream.markEnded();
    this.#stop();
    this.#callbacks.onStreamEnd(false);
  }

  #stop(): void {
    this.#stream = undefined;
    this.#state = stopped;
    if (this.#parser !== undefined) this.#options.workspace.releaseResponseParser(this.#parser);
    this.#parser = undefined;
  }

  #refuse(error: CodecError, chunk: Buffer): number {
    const stream = this.#stream;
    this.#stop();
    stream?.failStream('protocol-error', error.details);
    this.#callbacks.onProtocolError(error);
    return chunk.length;
  }

  /** The connection ended. In the middle of a body that says where it ends, the answer is broken (Envoy: UPE). */
  #cut(detail: string): void {
    const stream = this.#stream;
    const isBroken = this.#state === inLength || this.#state === inChunked;
    this.#stop();
    if (stream === undefined) return;
    stream.failStream(isBroken ? 'protocol-error' : 'connection-termination', detail);
    this.#callbacks.onStreamEnd(false);
  }
}
