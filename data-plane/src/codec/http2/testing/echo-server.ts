import { systemClock } from '@heddle/shared/time/clock';
import { createSeededRng } from '@heddle/shared/random/rng';
import { TimerWheel } from '../../../time/timer-wheel.ts';
import type { Connection, ConnectionHandlers } from '../../../transport/connection.ts';
import { ListenSocket } from '../../../transport/listen-socket.ts';
import { createTransportContext } from '../../../transport/transport-context.ts';
import type {
  CodecError,
  RequestDecoder,
  ResponseEncoder,
  ServerCodec,
  ServerCodecCallbacks,
  StreamCallbacks,
} from '../../codec.ts';
import { HeaderMap } from '../../header-map.ts';
import { ChunkPool } from '../send-queue.ts';
import { FieldNameTable } from '../../http1/field-name.ts';
import { createHttp2Options, type GivenHttp2Options, type Http2Options } from '../options.ts';
import { createHttp2ServerCodec } from '../server-codec.ts';

const bufferLimitBytes = 256 * 1024;

/** Options of a worker with the real clock. */
export function createSocketOptions(given: GivenHttp2Options = {}): Http2Options {
  const clock = new TimerWheel(systemClock);
  return createHttp2Options(
    { names: new FieldNameTable(), chunks: new ChunkPool(), clock, rng: createSeededRng(7) },
    given,
  );
}

/**
 * Sends every body back as it comes, with its trailers, and stops reading while the client does not take it. Some
 * paths do something else; see `EchoStream`.
 */
export class EchoConnection implements ConnectionHandlers, ServerCodecCallbacks {
  readonly codec: ServerCodec;
  readonly errors: string[] = [];
  readonly resets: string[] = [];
  maxStreamCount = 0;
  maxBufferedBytes = 0;
  readonly #connection: Connection;

  constructor(connection: Connection, options: Http2Options) {
    this.#connection = connection;
    this.codec = createHttp2ServerCodec(connection, this, options, bufferLimitBytes);
    connection.setHandlers(this);
    connection.setWriteBufferLimit(bufferLimitBytes);
  }
  onData(chunk: Buffer): void {
    this.codec.dispatch(chunk);
    this.maxBufferedBytes = Math.max(this.maxBufferedBytes, this.#connection.writeBufferedBytes);
  }
  onEnd(): void {
    this.codec.onEnd();
    if (this.codec.activeStreamCount === 0) this.#connection.close('flush');
  }
  onClose(_reason: string, detail: string): void {
    this.codec.onClose(detail);
  }
  onAboveWriteHighWatermark(): void {
    this.codec.onAboveWriteHighWatermark();
  }
  onBelowWriteLowWatermark(): void {
    this.codec.onBelowWriteLowWatermark();
  }
  onNewStream(encoder: ResponseEncoder): RequestDecoder {
    this.maxStreamCount = Math.max(this.maxStreamCount, this.codec.activeStreamCount);
    return new EchoStream(encoder, this.resets);
  }
  onProtocolError(error: CodecError): void {
    this.errors.push(error.details);
    this.#connection.close('flush-and-delay');
  }
  onStreamEnd(shouldClose: boolean): void {
    if (shouldClose) this.#connection.close('flush-and-delay');
  }
  finishDrain(): void {
    this.codec.finishDrain?.();
    if (this.codec.activeStreamCount === 0) this.#connection.close('flush-and-delay');
  }
}

class EchoStream implements RequestDecoder, StreamCallbacks {
  readonly #encoder: ResponseEncoder;
  readonly #resets: string[];
  #isSilent = false;

  constructor(encoder: ResponseEncoder, resets: string[]) {
    this.#encoder = encoder;
    this.#resets = resets;
    encoder.setCallbacks(this);
  }
  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    const path = headers.get(':path') ?? '';
    const encoder = this.#encoder;
    this.#isSilent = path !== '/' && !path.startsWith('/echo');
    if (path === '/reset') encoder.resetStream();
    else if (path === '/early') {
      encoder.encodeHeaders(HeaderMap.of({ ':status': '413' }), false);
      encoder.encodeData(Buffer.from('enough'), true);
    } else if (path === '/hints') {
      encoder.encodeInformational(HeaderMap.of({ ':status': '103', link: '</a.css>' }));
      encoder.encodeHeaders(HeaderMap.of({ ':status': '204' }), true);
    } else if (path.startsWith('/fields')) {
      const answer = HeaderMap.of({ ':status': '200' });
      for (let index = 0; index < 90; index++) answer.add(`x-field-${index}`, `${index}`.repeat(200));
      encoder.encodeHeaders(answer, true);
    } else if (path === '/' && endStream) {
      // In a later turn, as whoever asks somebody else.
      setImmediate(() => {
        encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
        encoder.encodeData(Buffer.from('an answer of some length'), true);
      });
    } else if (path !== '/never') {
      const answer = HeaderMap.of({ ':status': '200', 'x-path': path });
      for (const [name, value] of headers) if (name.startsWith('x-')) answer.add(name, value);
      encoder.encodeHeaders(answer, endStream);
    }
  }
  decodeData(chunk: Buffer, endStream: boolean): void {
    if (!this.#isSilent) this.#encoder.encodeData(chunk, endStream);
  }
  decodeTrailers(trailers: HeaderMap): void {
    if (!this.#isSilent) this.#encoder.encodeTrailers(trailers);
  }
  onResetStream(reason: string): void {
    this.#resets.push(reason);
  }
  onAboveWriteHighWatermark(): void {
    this.#encoder.readDisable(true);
  }
  onBelowWriteLowWatermark(): void {
    this.#encoder.readDisable(false);
  }
}

export interface EchoServer extends AsyncDisposable {
  readonly port: number;
  readonly connections: EchoConnection[];
}

export async function startEchoServer(given: GivenHttp2Options = {}): Promise<EchoServer> {
  const options = createSocketOptions(given);
  const connections: EchoConnection[] = [];
  const listen = await ListenSocket.listen(
    createTransportContext(new TimerWheel(systemClock), { hasFastAccept: false }),
    { address: { address: '127.0.0.1', port: 0 } },
    (connection) => connections.push(new EchoConnection(connection, options)),
  );
  return {
    port: listen.address.port,
    connections,
    [Symbol.asyncDispose]: () => listen.close(),
  };
}
