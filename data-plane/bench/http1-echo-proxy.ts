/**
 * The byte layer alone as a proxy: what is left to lose for everything above it. Arguments: port to listen on, port
 * of an upstream on 127.0.0.1. Upstream connections are kept in a stack, without limits or time-outs.
 */
import { systemClock } from '@heddle/shared/time/clock';
import type {
  ClientCodec,
  ClientCodecCallbacks,
  RequestDecoder,
  RequestEncoder,
  ResponseDecoder,
  ResponseEncoder,
  ServerCodec,
  ServerCodecCallbacks,
  StreamCallbacks,
} from '../src/codec/codec.ts';
import type { HeaderMap } from '../src/codec/header-map.ts';
import { createHttp1ClientCodec } from '../src/codec/http1/client-codec.ts';
import { createHttp1ClientOptions, createHttp1ServerOptions } from '../src/codec/http1/options.ts';
import { createHttp1ServerCodec } from '../src/codec/http1/server-codec.ts';
import { CodecWorkspace } from '../src/codec/codec-workspace.ts';
import { TimerWheel } from '../src/time/timer-wheel.ts';
import { canInterceptAccept } from '../src/transport/accepted-socket.ts';
import { ReadSlabs } from '../src/transport/read-slabs.ts';
import { SocketReader } from '../src/transport/socket-reader.ts';
import { connectSocket } from '../src/transport/connect-socket.ts';
import type { Connection, ConnectionHandlers } from '../src/transport/connection.ts';
import { ListenSocket } from '../src/transport/listen-socket.ts';
import { createTransportContext } from '../src/transport/transport-context.ts';

const listenPort = Number(process.argv[2] ?? 8080);
const upstreamAddress = { address: '127.0.0.1', port: Number(process.argv[3] ?? 8081) };
const hasFastAccept =
  process.argv[4] !== 'slow' &&
  (await canInterceptAccept(() => new SocketReader(new ReadSlabs(systemClock))));
const context = createTransportContext(new TimerWheel(systemClock), { hasFastAccept });
const workspace = new CodecWorkspace();
const serverOptions = createHttp1ServerOptions(workspace);
const clientOptions = createHttp1ClientOptions(workspace);
const idle: Upstream[] = [];

class Upstream implements ConnectionHandlers, ClientCodecCallbacks {
  readonly connection: Connection;
  readonly codec: ClientCodec;
  #isGone = false;

  constructor() {
    this.connection = connectSocket(context, { remoteAddress: upstreamAddress, connectTimeoutMs: 5_000 });
    this.connection.setHandlers(this);
    this.codec = createHttp1ClientCodec(this.connection, this, clientOptions);
  }
  onData(chunk: Buffer): void {
    this.codec.dispatch(chunk);
  }
  onEnd(): void {
    this.#leave();
    this.codec.onEnd();
    this.connection.close('flush');
  }
  onClose(_reason: string, detail: string): void {
    this.#leave();
    this.codec.onClose(detail);
  }
  onStreamEnd(isReusable: boolean): void {
    if (isReusable && !this.#isGone) idle.push(this);
    else this.connection.close('flush');
  }
  onProtocolError(): void {
    this.connection.close('abort');
  }
  onGoAway(): void {
    this.#isGone = true;
  }
  #leave(): void {
    this.#isGone = true;
    const at = idle.indexOf(this);
    if (at >= 0) idle.splice(at, 1);
  }
}

class Exchange implements RequestDecoder, ResponseDecoder, StreamCallbacks {
  readonly #down: ResponseEncoder;
  #up: RequestEncoder | undefined;

  constructor(down: ResponseEncoder) {
    this.#down = down;
    down.setCallbacks(this);
  }
  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    if (this.#up !== undefined) {
      this.#down.encodeHeaders(headers, endStream);
      return;
    }
    const upstream = idle.pop() ?? new Upstream();
    this.#up = upstream.codec.newStream(this);
    this.#up.setCallbacks(this);
    this.#up.encodeHeaders(headers, endStream);
    this.#isRequestOpen = !endStream;
  }
  #isRequestOpen = false;
  decodeData(chunk: Buffer, endStream: boolean): void {
    if (!this.#isRequestOpen) {
      this.#down.encodeData(chunk, endStream);
      return;
    }
    if (endStream) this.#isRequestOpen = false;
    this.#up?.encodeData(chunk, endStream);
  }
  decodeTrailers(trailers: HeaderMap): void {
    this.#down.encodeTrailers(trailers);
  }
  decodeInformational(headers: HeaderMap): void {
    this.#down.encodeInformational(headers);
  }
  onResetStream(): void {
    this.#up?.resetStream();
    this.#down.resetStream();
  }
  onAboveWriteHighWatermark(): void {
    // Small messages only.
  }
  onBelowWriteLowWatermark(): void {
    // Small messages only.
  }
}

class Downstream implements ConnectionHandlers, ServerCodecCallbacks {
  readonly #connection: Connection;
  readonly #codec: ServerCodec;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#codec = createHttp1ServerCodec(connection, this, serverOptions);
  }
  start(): void {
    this.#connection.setHandlers(this);
  }
  onData(chunk: Buffer): void {
    this.#codec.dispatch(chunk);
  }
  onEnd(): void {
    this.#codec.onEnd();
    if (this.#codec.activeStreamCount === 0) this.#connection.close('flush');
  }
  onClose(_reason: string, detail: string): void {
    this.#codec.onClose(detail);
  }
  onNewStream(encoder: ResponseEncoder): RequestDecoder {
    return new Exchange(encoder);
  }
  onProtocolError(): void {
    this.#connection.close('flush-and-delay');
  }
  onStreamEnd(shouldClose: boolean): void {
    if (shouldClose) this.#connection.close('flush-and-delay');
  }
}

await ListenSocket.listen(context, { address: { address: '127.0.0.1', port: listenPort } }, (connection) => {
  new Downstream(connection).start();
});
process.stdout.write(`echo proxy on ${listenPort}, upstream ${upstreamAddress.port}\n`);
