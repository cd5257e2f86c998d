import type { RequestDecoder, ResponseEncoder } from '../../codec/codec.ts';
import type { HeaderMap } from '../../codec/header-map.ts';
import type { HttpStream } from './http-stream.ts';

/**
 * A request that is kept until its connection has its turn. One that is reset meanwhile has cost no filter and no upstream
 * anything. What it keeps of a body is bounded by the window of its stream, which does not open meanwhile.
 */
export class DeferredRequest implements RequestDecoder {
  readonly #stream: HttpStream;
  readonly #encoder: ResponseEncoder;
  #headers: HeaderMap | undefined;
  #chunks: Buffer[] = [];
  #trailers: HeaderMap | undefined;
  #hasEnded = false;
  #isStarted = false;

  constructor(stream: HttpStream, encoder: ResponseEncoder) {
    this.#stream = stream;
    this.#encoder = encoder;
  }

  get isReset(): boolean {
    return this.#stream.isDestroyed;
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    this.#headers = headers;
    this.#hasEnded = endStream;
    // Whatever becomes of it, the access log says what it was.
    this.#stream.requestHeaders = headers;
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    if (this.#isStarted) {
      this.#stream.decodeData(chunk, endStream);
      return;
    }
    if (this.#chunks.length === 0) this.#encoder.readDisable(true);
    this.#chunks.push(Buffer.from(chunk));
    this.#hasEnded = endStream;
  }

  decodeTrailers(trailers: HeaderMap): void {
    if (this.#isStarted) this.#stream.decodeTrailers(trailers);
    else this.#trailers = trailers;
  }

  start(): void {
    if (this.#headers === undefined || this.isReset) return;
    this.#isStarted = true;
    const stream = this.#stream;
    const chunks = this.#chunks;
    this.#chunks = [];
    stream.decodeHeaders(this.#headers, this.#hasEnded && chunks.length === 0);
    chunks.forEach((chunk, index) => stream.decodeData(chunk, this.#hasEnded && index === chunks.length - 1));
    if (this.#trailers !== undefined) stream.decodeTrailers(this.#trailers);
    if (chunks.length > 0) this.#encoder.readDisable(false);
  }
}
