import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  connect,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { clientPreface, frameGoAway, frameSettings, frameWindowUpdate } from '../src/codec/http2/protocol.ts';
import { buildFrame } from '../src/codec/http2/testing/build-frame.ts';
import type { HttpConnectionManager } from '../src/config/model/http-connection-manager.ts';
import { startProxy, type Proxy } from '../src/router/testing/proxy.ts';
import {
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import { startHttpServer, until } from '../src/upstream/testing/upstream-server.ts';
import { FramePeer } from './statistics/frame-peer.ts';

const direct = buildTable([
  buildVirtualHost([
    buildRoute(prefix('/c/'), forward('c')),
    buildRoute(prefix('/'), { kind: 'direct-response', status: 200, body: 'direct' }),
  ]),
]);

function open(t: TestContext, port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  t.after(() => session.destroy());
  return session;
}

async function request(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  const stream = session.request(headers);
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  let body = '';
  for await (const chunk of stream) body += String(chunk);
  return { headers: answer, body };
}

async function startWith(t: TestContext, manager: Partial<HttpConnectionManager> = {}): Promise<Proxy> {
  return startProxy(t, direct, { manager });
}

/** Held until the test ends it. */
async function startHoldingProxy(
  t: TestContext,
  manager: Partial<HttpConnectionManager> = {},
): Promise<{ proxy: Proxy; release: () => void; heldCount: () => number }> {
  const held: (() => void)[] = [];
  const server = await startHttpServer((_, answer) => void held.push(() => answer.end('held')));
  t.after(() => server.close());
  const proxy = await startProxy(t, direct, { clusters: { c: [server.port] }, manager });
  return {
    proxy,
    heldCount: () => held.length,
    release: () => {
      for (const end of held.splice(0)) end();
    },
  };
}

async function connectRaw(t: TestContext, port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.setNoDelay(true);
  return socket;
}

test('AUTO: the preface makes HTTP/2 of a connection, wherever it is cut', async (t) => {
  const proxy = await startWith(t);
  const bytes = Buffer.concat([Buffer.from(clientPreface), buildFrame(frameSettings, 0, 0)]);
  for (let at = 1; at < bytes.length; at++) {
    const socket = await connectRaw(t, proxy.port);
    socket.write(bytes.subarray(0, at));
    await nextTurn();
    socket.write(bytes.subarray(at));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.equal(answer[3], frameSettings, `cut at ${at}`);
    socket.destroy();
  }
  assert.equal(proxy.stats.value('http.test.downstream_cx_http2_total'), bytes.length - 1);
  assert.equal(proxy.stats.value('http.test.downstream_cx_http1_total'), 0);
});

test('AUTO: what only begins like the preface is HTTP/1.1', async (t) => {
  const proxy = await startWith(t);
  for (const [first, rest, status] of [
    ['P', 'OST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n', '200'],
    ['PRI', ' * HTTP/1.1\r\nhost: a\r\n\r\n', '400'],
    ['PRI * HTTP/2.0\r\n\r\nSM', 'XX\r\n\r\n', '400'],
  ] as const) {
    const socket = await connectRaw(t, proxy.port);
    socket.write(first);
    await nextTurn();
    socket.write(rest);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.equal(answer.toString('latin1').slice(9, 12), status, first + rest);
    socket.destroy();
  }
  assert.equal(proxy.stats.value('http.test.downstream_cx_http2_total'), 0);
});

test('AUTO: a client that stops within what could be the preface is refused in time', async (t) => {
  const proxy = await startWith(t, { requestHeadersTimeoutMs: 50 });
  const socket = await connectRaw(t, proxy.port);
  socket.write('PRI * HT');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString('latin1'), /^HTTP\/1\.1 408 /);
});

test('codec_type decides alone', async (t) => {
  const http1 = await startWith(t, { codecType: 'http1' });
  const socket = await connectRaw(t, http1.port);
  socket.write(clientPreface);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString('latin1'), /^HTTP\/1\.1 (400|505) /);

  const http2 = await startWith(t, { codecType: 'http2' });
  const other = await connectRaw(t, http2.port);
  const received: Buffer[] = [];
  other.on('data', (chunk: Buffer) => received.push(chunk));
  other.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await once(other, 'close');
  assert.deepEqual(frameTypes(Buffer.concat(received)), [frameSettings, frameWindowUpdate, frameGoAway]);
  assert.equal(http2.stats.value('http.test.downstream_cx_protocol_error'), 1);
});

test('many requests share a connection, and are counted', async (t) => {
  const proxy = await startWith(t);
  const session = open(t, proxy.port);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => request(session, { ':path': '/', ':authority': 'a.test' })),
  );
  assert.deepEqual([...new Set(answers.map(({ body }) => body))], ['direct']);
  assert.equal(answers[0]?.headers.connection, undefined);
  assert.equal(proxy.stats.value('http.test.downstream_cx_http2_total'), 1);
  assert.equal(proxy.stats.value('http.test.downstream_cx_http2_active'), 1);
  assert.equal(proxy.stats.value('http.test.downstream_rq_http2_total'), 50);
  assert.equal(proxy.stats.value('http.test.downstream_rq_active'), 0);
  session.close();
  await until(() => proxy.stats.value('http.test.downstream_cx_http2_active') === 0);
});

test('a request that is given up leaves the others of its connection alone', async (t) => {
  const { proxy, release, heldCount } = await startHoldingProxy(t);
  const session = open(t, proxy.port);
  const held = request(session, { ':path': '/c/held', ':authority': 'a.test' });
  await until(() => heldCount() === 1);
  const given = session.request({ ':path': '/c/given-up', ':authority': 'a.test' });
  given.on('error', () => undefined);
  await until(() => heldCount() === 2);
  given.close(8);
  const other = await request(session, { ':path': '/', ':authority': 'a.test' });
  assert.equal(other.headers[':status'], 200);
  await until(() => proxy.stats.value('http.test.downstream_rq_rx_reset') === 1);
  release();
  assert.equal((await held).body, 'held');
  assert.equal(proxy.stats.value('http.test.downstream_cx_http2_total'), 1);
});

test('a client that is gone without a word ends its requests, however long their answers take', async (t) => {
  const { proxy, heldCount } = await startHoldingProxy(t);
  const client = await FramePeer.open(proxy.port);
  client.get(1, '/c/held');
  await until(() => heldCount() === 1);
  // A FIN, as of a process that has ended.
  client.close();
  await until(() => proxy.stats.value('http.test.downstream_rq_active') === 0);
  assert.equal(proxy.stats.value('http.test.downstream_rq_rx_reset'), 1);
});

interface DrainSeen {
  readonly goAways: [code: number, lastStreamId: number][];
  isClosed: boolean;
}

function watchDrain(session: ClientHttp2Session): DrainSeen {
  const seen: DrainSeen = { goAways: [], isClosed: false };
  session.on('goaway', (code, lastStreamId) => seen.goAways.push([code, lastStreamId]));
  session.on('close', () => (seen.isClosed = true));
  return seen;
}

test('max_connection_duration: announced, then ended, and what is under way is answered', async (t) => {
  const { proxy, release, heldCount } = await startHoldingProxy(t, {
    maxConnectionDurationMs: 100,
    drainTimeoutMs: 100,
  });
  const session = open(t, proxy.port);
  const seen = watchDrain(session);
  const held = request(session, { ':path': '/c/held', ':authority': 'a.test' });
  await until(() => heldCount() === 1);
  await until(() => seen.goAways.length === 1);
  assert.equal(proxy.stats.value('http.test.downstream_cx_max_duration_reached'), 1);
  await until(() => seen.goAways.length === 2);
  assert.deepEqual(seen.goAways, [
    [0, 2 ** 31 - 1],
    [0, 1],
  ]);
  assert.equal(seen.isClosed, false);
  release();
  assert.equal((await held).body, 'held');
  await until(() => seen.isClosed);
});

test('idle_timeout and max_requests_per_connection end a connection in the same way', async (t) => {
  const idle = await startWith(t, { idleTimeoutMs: 50, drainTimeoutMs: 50 });
  const session = open(t, idle.port);
  const seen = watchDrain(session);
  await request(session, { ':path': '/', ':authority': 'a.test' });
  // A client without requests goes when it is told for the first time.
  await until(() => seen.isClosed);
  assert.deepEqual(seen.goAways[0], [0, 2 ** 31 - 1]);
  assert.equal(idle.stats.value('http.test.downstream_cx_idle_timeout'), 1);

  const few = await startWith(t, { maxRequestsPerConnection: 2, drainTimeoutMs: 50 });
  const other = open(t, few.port);
  const seenThere = watchDrain(other);
  await request(other, { ':path': '/', ':authority': 'a.test' });
  assert.equal(seenThere.goAways.length, 0);
  await request(other, { ':path': '/', ':authority': 'a.test' });
  await until(() => seenThere.isClosed);
  assert.deepEqual(seenThere.goAways[0], [0, 2 ** 31 - 1]);
  assert.equal(few.stats.value('http.test.downstream_cx_max_requests_reached'), 1);
});

test('a draining listener tells connections whose streams have no answer to come', async (t) => {
  const { proxy, release, heldCount } = await startHoldingProxy(t, { drainTimeoutMs: 50 });
  const session = open(t, proxy.port);
  const seen = watchDrain(session);
  const held = request(session, { ':path': '/c/held', ':authority': 'a.test' });
  await until(() => heldCount() === 1);
  proxy.listeners.drain('immediate', 10_000, false);
  await until(() => seen.goAways.length === 2);
  assert.equal(seen.isClosed, false);
  release();
  assert.equal((await held).body, 'held');
  await until(() => seen.isClosed);
});

test('an upgrade to h2c is not answered with one', async (t) => {
  const proxy = await startWith(t);
  const socket = await connectRaw(t, proxy.port);
  socket.write(
    'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n',
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString('latin1'), /^HTTP\/1\.1 (200|403) /);
});

function frameTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) types.push(bytes[at + 3] ?? -1);
  return types;
}
