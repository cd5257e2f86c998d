import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Stream, type Settings } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { systemClock } from '@heddle/shared/time/clock';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { connectSocket } from '../../transport/connect-socket.ts';
import { createTransportContext } from '../../transport/transport-context.ts';
import type { ClientCodecCallbacks, CodecError, RequestEncoder } from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { RecordedResponse } from '../testing/recording-client.ts';
import { createHttp2ClientCodec, type Http2ClientCodec } from './client-codec.ts';
import type { GivenHttp2Options } from './options.ts';
import { createSocketOptions } from './testing/echo-server.ts';

/** An answer that can be waited for. */
class AwaitedResponse extends RecordedResponse {
  readonly ended: Promise<void>;
  readonly hash = createHash('sha1');
  receivedBytes = 0;
  onData: () => void = () => undefined;
  onMark: (isAbove: boolean) => void = () => undefined;
  #resolve: () => void = () => undefined;

  constructor() {
    super();
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
  }
  override decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    super.decodeHeaders(headers, endStream);
    if (endStream) this.#resolve();
  }
  override decodeData(chunk: Buffer, endStream: boolean): void {
    this.hash.update(chunk);
    this.receivedBytes += chunk.length;
    if (this.receivedBytes < 100_000) this.body += chunk.toString('latin1');
    this.onData();
    if (!endStream) return;
    this.endCount++;
    this.#resolve();
  }
  override decodeTrailers(trailers: HeaderMap): void {
    super.decodeTrailers(trailers);
    this.#resolve();
  }
  override onResetStream(reason: string, detail: string): void {
    super.onResetStream(reason, detail);
    this.#resolve();
  }
  override onAboveWriteHighWatermark(): void {
    this.onMark(true);
  }
  override onBelowWriteLowWatermark(): void {
    this.onMark(false);
  }
}

class Client implements ClientCodecCallbacks {
  readonly codec: Http2ClientCodec;
  readonly errors: string[] = [];
  readonly ends: boolean[] = [];
  goAwayCount = 0;
  readonly connected: Promise<void>;
  readonly closed: Promise<void>;
  readonly close: () => void;

  constructor(port: number, given: GivenHttp2Options) {
    const connection = connectSocket(
      createTransportContext(new TimerWheel(systemClock), { hasFastAccept: false }),
      { remoteAddress: { address: '127.0.0.1', port }, connectTimeoutMs: 5_000 },
    );
    connection.setWriteBufferLimit(256 * 1024);
    this.codec = createHttp2ClientCodec(connection, this, createSocketOptions(given), 256 * 1024);
    this.close = () => connection.close('flush');
    let onConnected: () => void = () => undefined;
    let onClosed: () => void = () => undefined;
    this.connected = new Promise((resolve) => (onConnected = resolve));
    this.closed = new Promise((resolve) => (onClosed = resolve));
    connection.setHandlers({
      onConnected,
      onData: (chunk) => this.codec.dispatch(chunk),
      onEnd: () => {
        this.codec.onEnd();
        connection.close('flush');
      },
      onClose: (_reason, detail) => {
        this.codec.onClose(detail);
        onClosed();
      },
      onAboveWriteHighWatermark: () => this.codec.onAboveWriteHighWatermark(),
      onBelowWriteLowWatermark: () => this.codec.onBelowWriteLowWatermark(),
    });
  }

  begin(
    path: string,
    method: string,
    endStream: boolean,
    fields: Record<string, string> = {},
  ): { response: AwaitedResponse; encoder: RequestEncoder } {
    const response = new AwaitedResponse();
    const encoder = this.codec.newStream(response);
    encoder.setCallbacks(response);
    const head = { ':method': method, ':path': path, ':authority': 'a.test', ':scheme': 'http', ...fields };
    encoder.encodeHeaders(HeaderMap.of(head), endStream);
    return { response, encoder };
  }

  onStreamEnd(isReusable: boolean): void {
    this.ends.push(isReusable);
  }
  onProtocolError(error: CodecError): void {
    this.errors.push(error.details);
    this.close();
  }
  onGoAway(): void {
    this.goAwayCount++;
  }
}

type Handler = (stream: ServerHttp2Stream, path: string) => void;

/** node:http2 (nghttp2) as the server of our client half. */
async function open(
  t: TestContext,
  handler: Handler,
  given: GivenHttp2Options = {},
  settings: Settings = {},
): Promise<{ client: Client; server: Http2Server }> {
  const server = createServer({ settings, maxSessionMemory: 100 });
  server.on('stream', (stream: ServerHttp2Stream, headers: Record<string, string>) => {
    stream.on('error', () => undefined);
    handler(stream, headers[':path'] ?? '');
  });
  server.on('sessionError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new Client((server.address() as AddressInfo).port, given);
  t.after(async () => {
    client.close();
    await client.closed;
    server.close();
  });
  await client.connected;
  return { client, server };
}

function echo(stream: ServerHttp2Stream, path: string): void {
  stream.respond({ ':status': 200, 'x-path': path });
  stream.pipe(stream);
}

test('100 requests at a time, each with its own answer', async (t) => {
  const { client } = await open(t, echo);
  const streams = Array.from({ length: 100 }, (_, index) => {
    const stream = client.begin(`/${index}`, 'POST', false);
    stream.encoder.encodeData(Buffer.from(`body of ${index}`), true);
    return stream.response;
  });
  await Promise.all(streams.map(({ ended }) => ended));
  streams.forEach((response, index) => {
    assert.equal(response.headers?.get('x-path'), `/${index}`);
    assert.equal(response.body, `body of ${index}`);
  });
  assert.deepEqual([new Set(client.ends), client.codec.activeStreamCount], [new Set([true]), 0]);
});

for (const initialWindowSize of [1_000, 1024 * 1024]) {
  test(`bodies of MiBs go up and down, slowly read: windows of ${initialWindowSize}`, async (t) => {
    const { client } = await open(t, echo, { initialStreamWindowBytes: 65_535 }, { initialWindowSize });
    const sizeBytes = initialWindowSize < 10_000 ? 512 * 1024 : 4 * 1024 * 1024;
    await Promise.all(
      [1, 2, 3].map(async (seed) => {
        const sent = createHash('sha1');
        const { response, encoder } = client.begin('/', 'POST', false);
        let leftBytes = sizeBytes;
        let isAbove = false;
        const writeMore = (): void => {
          while (!isAbove && leftBytes > 0) {
            leftBytes -= 16_384;
            const piece = Buffer.alloc(16_384, `${seed}-${leftBytes}`);
            sent.update(piece);
            encoder.encodeData(piece, leftBytes === 0);
          }
        };
        response.onMark = (isNowAbove) => {
          isAbove = isNowAbove;
          writeMore();
        };
        response.onData = () => {
          encoder.readDisable(true);
          setImmediate(() => encoder.readDisable(false));
        };
        writeMore();
        await response.ended;
        assert.equal(response.receivedBytes, sizeBytes);
        assert.equal(response.hash.digest('hex'), sent.digest('hex'));
      }),
    );
    assert.deepEqual(client.errors, []);
  });
}

test('trailers, 103 and large heads of a server', async (t) => {
  const { client } = await open(t, (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
    const fields: Record<string, string> = {};
    for (let index = 0; index < 90; index++) fields[`x-long-${index}`] = `${index}-`.repeat(120);
    stream.respond({ ':status': 200, ...fields }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end('content');
  });
  const large: Record<string, string> = {};
  for (let index = 0; index < 60; index++) large[`x-large-${index}`] = '~'.repeat(600);
  const { response } = client.begin('/', 'GET', true, large);
  await response.ended;
  assert.deepEqual(response.informational, ['103']);
  assert.equal(response.headers?.get('x-long-89'), '89-'.repeat(120));
  assert.equal(response.body, 'content');
  assert.equal(response.trailers?.get('grpc-status'), '0');
});

test('trailers of a client arrive, and its reset too', async (t) => {
  const seen: string[] = [];
  let onClosed: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (onClosed = resolve));
  const { client } = await open(t, (stream, path) => {
    stream.on('trailers', (trailers: Record<string, string>) => seen.push(trailers['x-sum'] ?? ''));
    stream.on('close', () => {
      if (path !== '/given-up') return;
      seen.push(`closed ${String(stream.rstCode)}`);
      onClosed();
    });
    stream.resume();
    if (path === '/given-up') stream.respond({ ':status': 200 });
    else stream.on('end', () => stream.respond({ ':status': 204 }, { endStream: true }));
  });
  const upload = client.begin('/', 'POST', false);
  upload.encoder.encodeData(Buffer.from('x'), false);
  upload.encoder.encodeTrailers(HeaderMap.of({ 'x-sum': '7' }));
  await upload.response.ended;
  assert.equal(upload.response.status, '204');
  const given = client.begin('/given-up', 'POST', false);
  given.encoder.resetStream();
  const after = client.begin('/', 'GET', true);
  await after.response.ended;
  await closed;
  assert.deepEqual(seen, ['7', 'closed 8']);
  assert.deepEqual(client.errors, []);
});

test('a server that resets, refuses or goes away', async (t) => {
  const { client } = await open(t, (stream, path) => {
    if (path === '/reset') stream.close(2);
    else if (path === '/refuse') stream.close(7);
    else {
      stream.respond({ ':status': 200 });
      stream.session?.goaway(0);
      stream.end('the last');
    }
  });
  const [reset, refused] = ['/reset', '/refuse'].map((path) => client.begin(path, 'GET', true).response);
  await Promise.all([reset?.ended, refused?.ended]);
  assert.match(reset?.reset ?? '', /^remote-reset/);
  assert.match(refused?.reset ?? '', /^remote-refused-stream/);
  const { response } = client.begin('/last', 'GET', true);
  await response.ended;
  assert.equal(response.body, 'the last');
  assert.equal(client.goAwayCount, 1);
  assert.equal(client.codec.streamCapacity, 0);
});

test('more streams than the server allows are never begun', async (t) => {
  let openCount = 0;
  let maxCount = 0;
  const waiting: ServerHttp2Stream[] = [];
  const { client } = await open(
    t,
    (stream) => {
      maxCount = Math.max(maxCount, ++openCount);
      waiting.push(stream);
      if (waiting.length < 3) return;
      for (const each of waiting.splice(0)) {
        openCount--;
        each.respond({ ':status': 204 }, { endStream: true });
      }
    },
    {},
    { maxConcurrentStreams: 3 },
  );
  // The first answer shows that the SETTINGS have arrived.
  const first = [1, 2, 3].map(() => client.begin('/', 'GET', true).response);
  await Promise.all(first.map(({ ended }) => ended));
  assert.equal(client.codec.streamCapacity, 3);
  const next = Array.from({ length: 5 }, () => client.begin('/', 'GET', true).response);
  await Promise.all(next.slice(0, 3).map(({ ended }) => ended));
  assert.deepEqual([maxCount, next.filter(({ isComplete }) => isComplete).length], [3, 3]);
});
