import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { test, type TestContext } from 'node:test';
import type { GivenHttp2Options } from './options.ts';
import { startEchoServer, type EchoServer } from './testing/echo-server.ts';

interface Session {
  readonly server: EchoServer;
  readonly session: ClientHttp2Session;
}

/** node:http2 (nghttp2) as the client of our server half. */
async function open(
  t: TestContext,
  options: GivenHttp2Options = {},
  settings: Record<string, number> = {},
): Promise<Session> {
  const server = await startEchoServer(options);
  // Node's own bounds on its client would meet ours first.
  const ownBounds = { maxSessionMemory: 100, maxSendHeaderBlockLength: 200_000 };
  const session = connect(`http://127.0.0.1:${server.port}`, { settings, ...ownBounds });
  session.on('error', () => undefined);
  t.after(async () => {
    session.destroy();
    await server[Symbol.asyncDispose]();
  });
  await once(session, 'remoteSettings');
  return { server, session };
}

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders | undefined;
}

function read(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders | undefined;
    stream.on('response', (received: IncomingHttpHeaders) => (headers = received));
    stream.on('trailers', (received: IncomingHttpHeaders) => (trailers = received));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve({ headers, body: Buffer.concat(chunks), trailers }));
    stream.on('error', reject);
  });
}

function get(session: ClientHttp2Session, path: string, fields: OutgoingHttpHeaders = {}): Promise<Answer> {
  return read(session.request({ ':path': path, ...fields }));
}

test('100 streams at a time, each with its own answer', async (t) => {
  const { server, session } = await open(t);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => {
      const stream = session.request({ ':path': `/echo${index}`, ':method': 'POST' });
      stream.end(`body of ${index}`);
      return read(stream);
    }),
  );
  answers.forEach(({ headers, body }, index) => {
    assert.equal(headers['x-path'], `/echo${index}`);
    assert.equal(body.toString(), `body of ${index}`);
  });
  assert.ok((server.connections[0]?.maxStreamCount ?? 0) > 50);
  assert.equal(server.connections[0]?.codec.activeStreamCount, 0);
});

for (const [name, settings] of [
  ['small windows of the client', { initialWindowSize: 1000 }],
  ['large windows of the client', { initialWindowSize: 8 * 1024 * 1024 }],
] as const) {
  test(`bodies of MiBs go up and down on three streams, slowly read: ${name}`, async (t) => {
    const { server, session } = await open(t, { initialStreamWindowBytes: 65_535 }, settings);
    const sizeBytes = settings.initialWindowSize < 10_000 ? 1024 * 1024 : 8 * 1024 * 1024;
    const body = Buffer.alloc(sizeBytes);
    for (let at = 0; at < sizeBytes; at += 4) body.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at);
    const expected = createHash('sha1').update(body).digest('hex');
    await Promise.all(
      [0, 1, 2].map(async (index) => {
        const stream = session.request({ ':path': `/echo${index}`, ':method': 'POST' });
        stream.end(body);
        const hash = createHash('sha1');
        stream.on('data', (chunk: Buffer) => {
          hash.update(chunk);
          stream.pause();
          setImmediate(() => stream.resume());
        });
        await once(stream, 'end');
        assert.equal(hash.digest('hex'), expected);
      }),
    );
    const buffered = server.connections[0]?.maxBufferedBytes ?? Infinity;
    assert.ok(buffered < 1024 * 1024, `${buffered} bytes were buffered`);
  });
}

test('trailers go up and come back', async (t) => {
  const { session } = await open(t);
  const stream = session.request({ ':path': '/echo', ':method': 'POST' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42', 'grpc-status': '0' }));
  stream.end('content');
  const { body, trailers } = await read(stream);
  assert.equal(body.toString(), 'content');
  assert.equal(trailers?.['x-sum'], '42');
  assert.equal(trailers['grpc-status'], '0');
});

test('a 103 comes before its answer', async (t) => {
  const { session } = await open(t);
  const stream = session.request({ ':path': '/hints' });
  const hints: IncomingHttpHeaders[] = [];
  stream.on('headers', (received) => hints.push(received));
  const { headers } = await read(stream);
  assert.equal(hints[0]?.[':status'], 103);
  assert.equal(hints[0].link, '</a.css>');
  assert.equal(headers[':status'], 204);
});

test('header blocks with CONTINUATION, both ways', async (t) => {
  const { session } = await open(t);
  const fields: OutgoingHttpHeaders = {};
  for (let index = 0; index < 90; index++) fields[`x-long-${index}`] = `${index}-`.repeat(120);
  const { headers } = await get(session, '/echo', fields);
  for (const [name, value] of Object.entries(fields)) assert.equal(headers[name], value);
  const { headers: many } = await get(session, '/fields');
  assert.equal(many['x-field-89'], '89'.repeat(200));
});

test('a head of 70 KiB is answered 431, and the connection goes on', async (t) => {
  const { server, session } = await open(t);
  const fields: OutgoingHttpHeaders = {};
  for (let index = 0; index < 70; index++) fields[`x-long-${index}`] = '~'.repeat(1000);
  assert.equal((await get(session, '/', fields)).headers[':status'], 431);
  const upload = session.request({ ':path': '/', ':method': 'POST', ...fields });
  upload.write('a beginning');
  assert.equal((await read(upload)).headers[':status'], 431);
  assert.equal((await get(session, '/')).headers[':status'], 200);
  assert.deepEqual(server.connections[0]?.errors, []);
});

test('an answer that is complete before its request ends the stream with NO_ERROR', async (t) => {
  const { server, session } = await open(t);
  const stream = session.request({ ':path': '/early', ':method': 'POST' });
  stream.write('the beginning of much');
  const { headers, body } = await read(stream);
  assert.equal(headers[':status'], 413);
  assert.equal(body.toString(), 'enough');
  if (!stream.closed) await once(stream, 'close');
  assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
  assert.equal(server.connections[0]?.codec.activeStreamCount, 0);
});

test('resets reach the other side, either way', async (t) => {
  const { server, session } = await open(t);
  const refused = session.request({ ':path': '/reset' });
  refused.resume();
  refused.on('error', () => undefined);
  if (!refused.closed) await new Promise((resolve) => refused.once('close', resolve));
  assert.equal(refused.rstCode, constants.NGHTTP2_INTERNAL_ERROR);
  const given = session.request({ ':path': '/never' });
  // Once a later one is answered, it has arrived.
  await get(session, '/');
  given.close(constants.NGHTTP2_CANCEL);
  await get(session, '/');
  assert.deepEqual(server.connections[0]?.resets, ['remote-reset']);
  assert.equal(server.connections[0].codec.activeStreamCount, 0);
});

test('a connection drains in two steps: what is open or on its way is answered', async (t) => {
  const { server, session } = await open(t);
  const connection = server.connections[0];
  const goAways: [code: number, lastStreamId: number][] = [];
  session.on('goaway', (code, lastStreamId) => goAways.push([code, lastStreamId]));
  const upload = session.request({ ':path': '/echo', ':method': 'POST' });
  upload.write('first');
  await once(upload, 'response');
  connection?.codec.drain();
  // Sent before the client can know of it.
  const crossing = get(session, '/echo');
  assert.equal((await crossing).headers[':status'], 200);
  connection?.finishDrain();
  upload.end(' last');
  assert.equal((await read(upload)).body.toString(), 'first last');
  if (!session.closed) await once(session, 'close');
  assert.deepEqual(goAways, [
    [0, 2 ** 31 - 1],
    [0, 3],
  ]);
});

test('streams beyond the limit are refused, and may be sent again', async (t) => {
  const { session } = await open(t, { maxConcurrentStreams: 2 });
  assert.equal(session.remoteSettings.maxConcurrentStreams, 2);
  // nghttp2 keeps to the limit by itself: what is above waits.
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => get(session, `/echo${index}`)));
  assert.deepEqual(new Set(answers.map(({ headers }) => headers[':status'])), new Set([200]));
});
