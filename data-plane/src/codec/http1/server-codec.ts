import type { Connection } from '../../transport/connection.ts';
import type {
  CodecError,
  HttpProtocol,
  RequestDecoder,
  ServerCodec,
  ServerCodecCallbacks,
} from '../codec.ts';
import type { HeaderMap } from '../header-map.ts';
import { ChunkedDecoder, type BodySink } from './chunked-decoder.ts';
import { requestErrors } from './codec-errors.ts';
import { rememberNameCases } from './header-key-format.ts';
import { failed, needsMore } from './head-parser.ts';
import type { Http1ServerOptions } from './options.ts';
import { bodyChunked, bodyNone, type RequestParser } from './request-parser.ts';
import { Http1ServerStream, type ServerStreamOwner } from './server-stream.ts';
import type { TrailerParser } from './trailer-parser.ts';

/** What the next byte is. */
const inHead = 0;
const inLength = 1;
const inChunked = 2;
/** Bytes behind the request wait for its answer. */
const waiting = 3;
const inTunnel = 4;
/** Bytes are dropped. */
const stopped = 5;

const noBytes = Buffer.alloc(0);

/** `options` come from `createHttp1ServerOptions`. The owner feeds the connection's events to the codec. */
export function createHttp1ServerCodec(
  connection: Connection,
  callbacks: ServerCodecCallbacks,
  options: Http1ServerOptions,
): ServerCodec {
  return new Http1ServerCodec(connection, callbacks, options);
}

/**
 * HTTP/1.1 for the downstream half. One request is delivered at a time: bytes behind it wait, at most one read of
 * the socket, which is then paused, so answers are in order by construction.
 */
class Http1ServerCodec implements ServerCodec, ServerStreamOwner, BodySink {
  readonly #connection: Connection;
  readonly #callbacks: ServerCodecCallbacks;
  readonly #options: Http1ServerOptions;
  #state = inHead;
  #protocol: HttpProtocol = 'HTTP/1.1';
  #parser: RequestParser | undefined;
  #stream: Http1ServerStream | undefined;
  #decoder: RequestDecoder | undefined;
  #remainingBytes = 0;
  #chunked: ChunkedDecoder | undefined;
  /** Trailers that are of one hop. */
  #nominated: readonly string[] = [];
  #trailerParser: TrailerParser | undefined;
  /** From the beginning of the message on, until its stream begins. */
  readonly pendingBytes = { bytesRead: 0, headerBytesRead: 0 };
  #held: Buffer | undefined;
  #isProcessing = false;
  #isDraining = false;
  #isAboveHighWatermark = false;

  constructor(connection: Connection, callbacks: ServerCodecCallbacks, options: Http1ServerOptions) {
    this.#connection = connection;
    this.#callbacks = callbacks;
    this.#options = options;
  }

  get protocol(): HttpProtocol {
    return this.#protocol;
  }

  get activeStreamCount(): number {
    return this.#stream === undefined ? 0 : 1;
  }

  dispatch(chunk: Buffer): void {
    if (this.#state === stopped) return;
    if (this.#held !== undefined || this.#isProcessing) this.#hold(chunk, 0, false);
    else this.#process(chunk, false);
  }

  /**
   * In a tunnel one direction ends. Elsewhere the client is gone, whether or not its request was complete: one that still
   * reads looks the same, and the upstream would work for nobody (docs/http1.md).
   */
  onEnd(): void {
    const stream = this.#stream;
    const decoder = this.#decoder;
    if (this.#state === inTunnel && decoder !== undefined && stream !== undefined) {
      stream.isDecodeComplete = true;
      decoder.decodeData(noBytes, true);
      this.#endIfComplete(stream);
      return;
    }
    this.#cut('the client has ended its half');
    // Whoever reads until the end of the connection must not take the FIN for the end of the answer.
    if (stream?.hasSentHead === true && stream.isCloseDelimited) this.#connection.close('abort');
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
    if (this.#stream === undefined && !this.#isProcessing) this.#resume();
  }

  drain(): void {
    this.#isDraining = true;
  }

  shouldCloseAfter(): boolean {
    return this.#isDraining;
  }

  onTunnel(stream: Http1ServerStream): void {
    if (stream !== this.#stream) return;
    this.#state = inTunnel;
    if (!this.#isProcessing) this.#resume();
  }

  onAnswered(stream: Http1ServerStream): void {
    this.#endIfComplete(stream);
  }

  onGivenUp(stream: Http1ServerStream): void {
    if (stream !== this.#stream) return;
    this.#detach();
    this.#stop();
    // Whoever reads until the end of the connection must not take the FIN for the end of the answer.
    this.#connection.close(stream.hasSentHead && stream.isCloseDelimited ? 'abort' : 'flush');
    this.#callbacks.onStreamEnd(true);
  }

  onBodyData(part: Buffer): boolean {
    this.#decoder?.decodeData(part, false);
    return this.#state === inChunked;
  }

  onBodyEnd(trailers: HeaderMap | undefined): void {
    const decoder = this.#decoder;
    if (this.#trailerParser !== undefined) this.#stream?.countTrailers(this.#trailerParser);
    this.#trailerParser = undefined;
    this.#completeRequest();
    if (trailers !== undefined && this.#options.enableTrailers) decoder?.decodeTrailers(trailers);
    else decoder?.decodeData(noBytes, true);
  }

  createTrailerParser(): TrailerParser {
    const parser = this.#options.workspace.createTrailerParser(true);
    parser.begin(this.#options);
    parser.nominated = this.#nominated;
    this.#trailerParser = parser;
    return parser;
  }

  #process(chunk: Buffer, isOwned: boolean): void {
    this.#isProcessing = true;
    (this.#stream ?? this.pendingBytes).bytesRead += chunk.length;
    try {
      let position = 0;
      while (position < chunk.length) {
        switch (this.#state) {
          case inHead:
            // A client that asks and does not read gets no further answers to keep for it.
            if (this.#isAboveHighWatermark) {
              this.#hold(chunk, position, isOwned);
              return;
            }
            position = this.#readHead(chunk, position);
            break;
          case inLength:
            position = this.#readLength(chunk, position);
            break;
          case inChunked:
            position = this.#readChunked(chunk, position);
            break;
          case inTunnel:
            this.#decoder?.decodeData(position === 0 ? chunk : chunk.subarray(position), false);
            return;
          case waiting:
            this.#hold(chunk, position, isOwned);
            return;
          default:
            return;
        }
      }
    } finally {
      this.#isProcessing = false;
    }
  }

  #readHead(chunk: Buffer, position: number): number {
    const { workspace } = this.#options;
    let parser = this.#parser;
    if (parser === undefined) {
      parser = workspace.acquireRequestParser();
      parser.begin(this.#options);
      parser.setRules(this.#options);
      this.#parser = parser;
      this.pendingBytes.bytesRead = chunk.length - position;
    }
    const next = parser.execute(chunk, position);
    if (next === needsMore) {
      this.#callbacks.onHeadPending?.();
      return chunk.length;
    }
    const headers = next === failed ? undefined : parser.finish();
    this.#parser = undefined;
    if (headers === undefined) {
      const error = parser.error ?? requestErrors.malformed;
      this.pendingBytes.headerBytesRead = next === failed ? 0 : parser.fieldBytes;
      workspace.releaseRequestParser(parser);
      this.#refuse(error);
      return chunk.length;
    }
    this.#begin(parser, headers);
    return next;
  }

  #begin(parser: RequestParser, headers: HeaderMap): void {
    const { method, isHttp10, isUpgrade, isConnect, framing, contentLength, shouldClose } = parser;
    const { headerKeyFormat } = this.#options;
    if (headerKeyFormat?.remembersCase === true) {
      headers.nameCases = rememberNameCases(parser, headerKeyFormat);
    }
    this.#nominated = parser.nominated;
    const { fieldBytes } = parser;
    this.#options.workspace.releaseRequestParser(parser);
    this.#protocol = isHttp10 ? 'HTTP/1.0' : 'HTTP/1.1';
    const stream = new Http1ServerStream(
      this,
      this.#connection,
      this.#options,
      method,
      isHttp10,
      isUpgrade,
      shouldClose,
    );
    this.#stream = stream;
    stream.bytesRead = this.pendingBytes.bytesRead;
    stream.countHead(fieldBytes);
    const hasEnded = framing === bodyNone && !isConnect && !isUpgrade;
    if (framing === bodyNone) {
      this.#state = waiting;
    } else if (framing === bodyChunked) {
      this.#state = inChunked;
      this.#chunked ??= new ChunkedDecoder(
        this,
        requestErrors.malformed,
        this.#options.maxChunkExtensionBytes,
      );
      this.#chunked.begin();
    } else {
      this.#state = inLength;
      this.#remainingBytes = contentLength;
    }
    stream.isDecodeComplete = hasEnded;
    const decoder = this.#callbacks.onNewStream(stream);
    if (stream.isEnded) return;
    this.#decoder = decoder;
    decoder.decodeHeaders(headers, hasEnded);
  }

  #readLength(chunk: Buffer, from: number): number {
    const end = Math.min(chunk.length, from + this.#remainingBytes);
    const part = from === 0 && end === chunk.length ? chunk : chunk.subarray(from, end);
    this.#remainingBytes -= end - from;
    const decoder = this.#decoder;
    const isLast = this.#remainingBytes === 0;
    if (isLast) this.#completeRequest();
    decoder?.decodeData(part, isLast);
    return end;
  }

  #readChunked(chunk: Buffer, position: number): number {
    const chunked = this.#chunked;
    if (chunked === undefined) return chunk.length;
    const next = chunked.execute(chunk, position);
    if (next !== failed) return next;
    this.#refuse(chunked.error ?? requestErrors.malformed);
    return chunk.length;
  }

  /** Before the decoder learns of it, since it may answer at once. */
  #completeRequest(): void {
    this.#state = waiting;
    if (this.#stream !== undefined) this.#stream.isDecodeComplete = true;
  }

  #endIfComplete(stream: Http1ServerStream): void {
    if (stream !== this.#stream || !stream.isEncodeComplete) return;
    if (stream.isTunnel && !stream.isDecodeComplete) return;
    // An upgrade that was not granted is an ordinary request; what came behind it is the next one.
    const isRequestComplete = stream.isDecodeComplete || stream.isUpgrade;
    const shouldClose = stream.shouldClose || !isRequestComplete || this.shouldCloseAfter();
    stream.markEnded();
    this.#detach();
    if (shouldClose) this.#stop();
    else this.#state = inHead;
    this.#callbacks.onStreamEnd(shouldClose);
    if (!shouldClose && !this.#isProcessing) this.#resume();
  }

  #detach(): void {
    this.#stream = undefined;
    this.#decoder = undefined;
  }

  #stop(): void {
    this.#state = stopped;
    if (this.#held === undefined) return;
    this.#held = undefined;
    this.#connection.readDisable(false);
  }

  #refuse(error: CodecError): void {
    this.#stop();
    if (this.#stream !== undefined) this.#stream.shouldClose = true;
    this.#callbacks.onProtocolError(error);
  }

  /** The connection is gone, or will bring no more of the request. */
  #cut(detail: string): void {
    const stream = this.#stream;
    this.#detach();
    this.#stop();
    if (this.#parser !== undefined) this.#options.workspace.releaseRequestParser(this.#parser);
    this.#parser = undefined;
    if (stream === undefined) return;
    stream.failStream('connection-termination', detail);
    this.#callbacks.onStreamEnd(true);
  }

  #hold(chunk: Buffer, position: number, isOwned: boolean): void {
    const rest = chunk.subarray(position);
    if (this.#held === undefined) {
      this.#held = isOwned ? rest : Buffer.from(rest);
      this.#connection.readDisable(true);
    } else {
      this.#held = Buffer.concat([this.#held, rest]);
    }
  }

  /** Goes on with what waited, for an answer or for the client to read. */
  #resume(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#process(held, true);
    // Paused until here, so that what waits is at most what one read brought.
    this.#connection.readDisable(false);
  }
}
