import type { Connection } from '../../transport/connection.ts';
import type {
  ClientCodec,
  ClientCodecCallbacks,
  CodecError,
  RequestEncoder,
  ResponseDecoder,
  StreamCallbacks,
  StreamResetReason,
} from '../codec.ts';
import { HeaderMap } from '../header-map.ts';

const noBytes = Buffer.alloc(0);

const unsolicited: CodecError = Object.freeze({ status: 502, body: '', details: 'tcp.unsolicited_bytes' });

/**
 * The client half of a terminated CONNECT (RFC 9110 9.3.6): no byte of HTTP goes to the server. One stream for each
 * connection, which carries nothing after it. The owner feeds the connection's events to the codec.
 */
export function createTcpClientCodec(connection: Connection, callbacks: ClientCodecCallbacks): ClientCodec {
  return new TcpClientCodec(connection, callbacks);
}

class TcpClientCodec implements ClientCodec {
  readonly protocol = 'TCP';
  readonly streamCapacity = 1;
  readonly #connection: Connection;
  readonly #callbacks: ClientCodecCallbacks;
  #stream: TcpClientStream | undefined;
  #isAboveHighWatermark = false;

  constructor(connection: Connection, callbacks: ClientCodecCallbacks) {
    this.#connection = connection;
    this.#callbacks = callbacks;
  }

  get activeStreamCount(): number {
    return this.#stream === undefined ? 0 : 1;
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    const stream = new TcpClientStream(this.#connection, decoder, (ended) => this.#onStreamEnd(ended));
    this.#stream = stream;
    stream.startsAboveHighWatermark = this.#isAboveHighWatermark;
    return stream;
  }

  dispatch(chunk: Buffer): void {
    if (this.#stream === undefined) this.#callbacks.onProtocolError(unsolicited);
    else this.#stream.onData(chunk);
  }

  onEnd(): void {
    this.#stream?.onRemoteEnd();
  }

  onClose(detail: string): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    stream.fail('connection-termination', detail);
    this.#callbacks.onStreamEnd(false);
  }

  onAboveWriteHighWatermark(): void {
    this.#isAboveHighWatermark = true;
    this.#stream?.callbacks?.onAboveWriteHighWatermark();
  }

  onBelowWriteLowWatermark(): void {
    this.#isAboveHighWatermark = false;
    this.#stream?.callbacks?.onBelowWriteLowWatermark();
  }

  #onStreamEnd(stream: TcpClientStream): void {
    if (stream !== this.#stream) return;
    this.#stream = undefined;
    this.#callbacks.onStreamEnd(false);
  }
}

class TcpClientStream implements RequestEncoder {
  readonly decoder: ResponseDecoder;
  bytesRead = 0;
  bytesWritten = 0;
  headerBytesRead = 0;
  headerBytesWritten = 0;
  decompressedHeaderBytesRead = 0;
  decompressedHeaderBytesWritten = 0;
  callbacks: StreamCallbacks | undefined = undefined;
  /** The connection was above its mark when the stream began. */
  startsAboveHighWatermark = false;
  readonly #connection: Connection;
  readonly #onEnd: (stream: TcpClientStream) => void;
  #isEncodeComplete = false;
  #isDecodeComplete = false;
  #isEnded = false;
  #readDisableCount = 0;

  constructor(connection: Connection, decoder: ResponseDecoder, onEnd: (stream: TcpClientStream) => void) {
    this.#connection = connection;
    this.decoder = decoder;
    this.#onEnd = onEnd;
  }

  setCallbacks(callbacks: StreamCallbacks): void {
    this.callbacks = callbacks;
    if (this.startsAboveHighWatermark) callbacks.onAboveWriteHighWatermark();
    this.startsAboveHighWatermark = false;
  }

  /** The connection is there, and that is all that was asked for. */
  encodeHeaders(_headers: HeaderMap, endStream: boolean): void {
    if (this.#isEnded) return;
    this.decoder.decodeHeaders(HeaderMap.of({ ':status': '200' }), false);
    if (endStream) this.#endRequest();
  }

  encodeData(chunk: Buffer, endStream: boolean): void {
    if (this.#isEnded || this.#isEncodeComplete) return;
    if (chunk.length > 0) {
      this.bytesWritten += chunk.length;
      this.#connection.write(chunk);
    }
    if (endStream) this.#endRequest();
  }

  encodeTrailers(): void {
    this.#endRequest();
  }

  resetStream(): void {
    if (this.#isEnded) return;
    this.#markEnded();
    this.#onEnd(this);
  }

  readDisable(disable: boolean): void {
    if (this.#isEnded) return;
    this.#readDisableCount += disable ? 1 : -1;
    this.#connection.readDisable(disable);
  }

  onData(chunk: Buffer): void {
    this.bytesRead += chunk.length;
    this.decoder.decodeData(chunk, false);
  }

  /** The server sent FIN. */
  onRemoteEnd(): void {
    if (this.#isEnded || this.#isDecodeComplete) return;
    this.#isDecodeComplete = true;
    if (this.#isEncodeComplete && !this.#isFlushing) this.#markEnded();
    this.decoder.decodeData(noBytes, true);
    if (this.#isEncodeComplete) this.#complete();
  }

  fail(reason: StreamResetReason, detail: string): void {
    if (this.#isEnded) return;
    const isComplete = this.#isEncodeComplete && this.#isDecodeComplete;
    this.#markEnded();
    if (!isComplete) this.callbacks?.onResetStream(reason, detail);
  }

  #endRequest(): void {
    if (this.#isEnded || this.#isEncodeComplete) return;
    this.#isEncodeComplete = true;
    this.#connection.shutdownWrite();
    if (this.#isDecodeComplete) this.#complete();
  }

  /** What the server has not taken yet still goes there; the connection then closes by itself. */
  get #isFlushing(): boolean {
    return this.#connection.writeBufferedBytes > 0;
  }

  #complete(): void {
    if (this.#isFlushing) return;
    this.#markEnded();
    this.#onEnd(this);
  }

  #markEnded(): void {
    this.#isEnded = true;
    for (; this.#readDisableCount > 0; this.#readDisableCount--) this.#connection.readDisable(false);
  }
}
