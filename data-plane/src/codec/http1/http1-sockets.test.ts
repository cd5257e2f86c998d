import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '@heddle/shared/time/clock';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { connectSocket } from '../../transport/connect-socket.ts';
import type { Connection, ConnectionHandlers } from '../../transport/connection.ts';
import { ListenSocket } from '../../transport/listen-socket.ts';
import { createTransportContext, type TransportContext } from '../../transport/transport-context.ts';
import type {
  ClientCodec,
  CodecError,
  RequestDecoder,
  ResponseEncoder,
  ServerCodec,
  ServerCodecCallbacks,
  StreamCallbacks,
} from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { RecordedResponse } from '../testing/recording-client.ts';
import { createHttp1ClientCodec } from './client-codec.ts';
import { createHttp1ClientOptions, createHttp1ServerOptions } from './options.ts';
import { createHttp1ServerCodec } from './server-codec.ts';
import { CodecWorkspace } from '../codec-workspace.ts';
import { writeErrorResponse } from './write-error-response.ts';

/** Sends every body back as it comes, and stops reading while the client does not take it. */
class EchoConnection implements ConnectionHandlers, ServerCodecCallbacks {
  readonly #connection: Connection;
  readonly #codec: ServerCodec;
  maxBufferedBytes = 0;

  constructor(connection: Connection, workspace: CodecWorkspace) {
    this.#connection = connection;
    this.#codec = createHttp1ServerCodec(connection, this, createHttp1ServerOptions(workspace));
    connection.setHandlers(this);
    connection.setWriteBufferLimit(256 * 1024);
  }
  onData(chunk: Buffer): void {
    this.#codec.dispatch(chunk);
    this.maxBufferedBytes = Math.max(this.maxBufferedBytes, this.#connection.writeBufferedBytes);
  }
  onEnd(): void {
    this.#codec.onEnd();
    if (this.#codec.activeStreamCount === 0) this.#connection.close('flush');
  }
  onClose(_reason: string, detail: string): void {
    this.#codec.onClose(detail);
  }
  onAboveWriteHighWatermark(): void {
    this.#codec.onAboveWriteHighWatermark();
  }
  onBelowWriteLowWatermark(): void {
    this.#codec.onBelowWriteLowWatermark();
  }
  onNewStream(encoder: ResponseEncoder): RequestDecoder {
    return new EchoStream(encoder);
  }
  onProtocolError(error: CodecError): void {
    writeErrorResponse(this.#connection, error);
    this.#connection.close('flush-and-delay');
  }
  onStreamEnd(shouldClose: boolean): void {
    if (shouldClose) this.#connection.close('flush-and-delay');
  }
}

class EchoStream implements RequestDecoder, StreamCallbacks {
  readonly #encoder: ResponseEncoder;
  constructor(encoder: ResponseEncoder) {
    this.#encoder = encoder;
    encoder.setCallbacks(this);
  }
  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    const answer = HeaderMap.of({ ':status': '200', 'x-path': headers.get(':path') ?? '' });
    this.#encoder.encodeHeaders(answer, endStream);
  }
  decodeData(chunk: Buffer, endStream: boolean): void {
    this.#encoder.encodeData(chunk, endStream);
  }
  decodeTrailers(): void {
    // Not enabled.
  }
  onResetStream(): void {
    // The client broke off.
  }
  onAboveWriteHighWatermark(): void {
    this.#encoder.readDisable(true);
  }
  onBelowWriteLowWatermark(): void {
    this.#encoder.readDisable(false);
  }
}

function createContext(hasFastAccept: boolean): TransportContext {
  return createTransportContext(new TimerWheel(systemClock), { hasFastAccept });
}

async function startEcho(
  hasFastAccept: boolean,
): Promise<{ listen: ListenSocket; echoes: EchoConnection[] }> {
  const workspace = new CodecWorkspace();
  const echoes: EchoConnection[] = [];
  const listen = await ListenSocket.listen(
    createContext(hasFastAccept),
    { address: { address: '127.0.0.1', port: 0 } },
    (connection) => echoes.push(new EchoConnection(connection, workspace)),
  );
  return { listen, echoes };
}

function exchangeRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.once('end', () => {
      socket.destroy();
      resolve(received);
    });
    socket.once('error', reject);
    socket.end(text, 'latin1');
  });
}

for (const hasFastAccept of [false, true]) {
  const suffix = hasFastAccept ? ' (accepted into the shared slab)' : '';

  test(`32 MiB go to a slow client and back unharmed, and little of them is buffered${suffix}`, async () => {
    const { listen, echoes } = await startEcho(hasFastAccept);
    const agent = new Agent({ keepAlive: false });
    const block = Buffer.alloc(64 * 1024, 'heddle');
    const sent = createHash('sha1');
    const received = createHash('sha1');
    const blockCount = 512;
    await new Promise<void>((resolve, reject) => {
      const outgoing = request({ port: listen.address.port, method: 'POST', path: '/big', agent });
      outgoing.once('error', reject);
      outgoing.once('response', (incoming: IncomingMessage) => {
        assert.equal(incoming.headers['x-path'], '/big');
        incoming.on('data', (chunk: Buffer) => {
          received.update(chunk);
          incoming.pause();
          setImmediate(() => incoming.resume());
        });
        incoming.once('end', resolve);
      });
      let left = blockCount;
      const writeMore = (): void => {
        while (left > 0) {
          left--;
          block.writeUInt32BE(left);
          const copy = Buffer.from(block);
          sent.update(copy);
          if (!outgoing.write(copy) && left > 0) {
            outgoing.once('drain', writeMore);
            return;
          }
        }
        outgoing.end();
      };
      writeMore();
    });
    assert.equal(received.digest('hex'), sent.digest('hex'));
    const buffered = echoes[0]?.maxBufferedBytes ?? Infinity;
    assert.ok(buffered <= 1024 * 1024, `${buffered} bytes were buffered`);
    agent.destroy();
    await listen.close();
  });

  test(`a client that pipelines and half-closes gets all its answers${suffix}`, async () => {
    const { listen } = await startEcho(hasFastAccept);
    const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
    const text = paths
      .map((path) => `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nok`)
      .join('');
    const received = await exchangeRaw(listen.address.port, text);
    assert.deepEqual(
      [...received.matchAll(/x-path: (.*)\r\n/g)].map(([, path]) => path),
      paths,
    );
    await listen.close();
  });

  test(`a refused request is answered, then the connection ends${suffix}`, async () => {
    const { listen } = await startEcho(hasFastAccept);
    const received = await exchangeRaw(listen.address.port, 'GET / HTTP/1.1\r\nhost : a\r\n\r\n');
    assert.equal(
      received,
      'HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nBad Request',
    );
    await listen.close();
  });
}

test('the client codec keeps a connection to a Node server through many exchanges', async () => {
  const server = createServer((incoming, answer) => {
    incoming.pipe(answer);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const connection = connectSocket(createContext(false), {
    remoteAddress: { address: '127.0.0.1', port },
    connectTimeoutMs: 5_000,
  });
  const ends: boolean[] = [];
  let onEnd: () => void = () => undefined;
  const codec: ClientCodec = createHttp1ClientCodec(
    connection,
    {
      onStreamEnd: (isReusable) => {
        ends.push(isReusable);
        onEnd();
      },
      onProtocolError: () => undefined,
      onGoAway: () => undefined,
    },
    createHttp1ClientOptions(new CodecWorkspace()),
  );
  let onClosed: () => void = () => undefined;
  connection.setHandlers({
    onData: (chunk) => codec.dispatch(chunk),
    onEnd: () => codec.onEnd(),
    onClose: (_reason, detail) => {
      codec.onClose(detail);
      onClosed();
    },
  });
  for (let index = 0; index < 20; index++) {
    const response = new RecordedResponse();
    const encoder = codec.newStream(response);
    encoder.setCallbacks(response);
    const ended = new Promise<void>((resolve) => (onEnd = resolve));
    const body = 'x'.repeat(index * 3_000);
    encoder.encodeHeaders(HeaderMap.of({ ':method': 'POST', ':path': '/', ':authority': 'a.test' }), false);
    encoder.encodeData(Buffer.from(body), true);
    await ended;
    assert.equal(response.status, '200');
    assert.equal(response.body, body);
  }
  assert.deepEqual(new Set(ends), new Set([true]));
  const closed = new Promise<void>((resolve) => (onClosed = resolve));
  connection.close('flush');
  await closed;
  server.close();
});
