import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { startTcpServer, until } from '../upstream/testing/upstream-server.ts';
import { startProxy, type Proxy, type ProxyOptions } from './testing/proxy.ts';
import { RawClient } from './testing/raw-client.ts';
import { buildRoute, buildTable, buildVirtualHost, forward, prefix } from './testing/route-fixtures.ts';

const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('c'))])]);
const limitBytes = 64 * 1024;
const piece = Buffer.alloc(64 * 1024, 'x');

async function start(
  t: TestContext,
  onSocket: (socket: Socket) => void,
  options: ProxyOptions = {},
): Promise<Proxy> {
  const upstream = await startTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  t.after(() => upstream.close());
  return startProxy(t, table, { clusters: { c: [upstream.port] }, ...options });
}

const answerAll = (socket: Socket): void => {
  socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
};
const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

test('a head that comes byte by byte is answered 408 when its time is over, however steadily it comes', async (t) => {
  const proxy = await start(t, answerAll, {
    manager: { streamIdleTimeoutMs: 150, delayedCloseTimeoutMs: 50 },
  });
  const client = await RawClient.open(proxy.port);
  client.send('GET / HTTP/1.1\r\n');
  let isAnswered = false;
  const answering = client.answer().finally(() => (isAnswered = true));
  while (!isAnswered) {
    client.send('x');
    await delay(20);
  }
  const answer = await answering;
  assert.deepEqual(
    [answer.status, answer.body, answer.header('connection')],
    [408, 'stream timeout', 'close'],
  );
  assert.equal(proxy.stats.value('http.test.downstream_rq_idle_timeout'), 1);
  // It does not go: the socket is closed all the same.
  await until(() => proxy.stats.value('http.test.downstream_cx_delayed_close_timeout') === 1);
  await until(() => proxy.stats.value('http.test.downstream_cx_active') === 0);
  client.close();
});

test('a body that stops is answered 408, and its upstream connection ends', async (t) => {
  let upstreamSocket: Socket | undefined;
  const proxy = await start(t, (socket) => (upstreamSocket = socket.resume()), {
    manager: { streamIdleTimeoutMs: 150 },
  });
  const client = await RawClient.open(proxy.port);
  client.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf ');
  const answer = await client.answer();
  assert.deepEqual([answer.status, answer.body], [408, 'stream timeout']);
  await until(() => upstreamSocket?.destroyed === true);
  await client.closed();
});

test('an idle connection drains: a request that crosses is answered, and that is the last answer', async (t) => {
  const proxy = await start(t, answerAll, { manager: { idleTimeoutMs: 100, drainTimeoutMs: 60_000 } });
  const client = await RawClient.open(proxy.port);
  client.send(get);
  assert.equal((await client.answer()).header('connection'), undefined);
  await until(() => proxy.stats.value('http.test.downstream_cx_idle_timeout') === 1);
  client.send(get);
  assert.equal((await client.answer()).header('connection'), 'close');
  await client.closed();
  assert.equal(proxy.stats.value('http.test.downstream_cx_drain_close'), 0);
});

test('an idle connection that drains ends after drain_timeout', async (t) => {
  const proxy = await start(t, answerAll, { manager: { idleTimeoutMs: 100, drainTimeoutMs: 100 } });
  const client = await RawClient.open(proxy.port);
  client.send(get);
  await client.answer();
  await client.closed();
  assert.equal(proxy.stats.value('http.test.downstream_cx_idle_timeout'), 1);
});

/** All of this runs in one process: when so many turns of its event loop change nothing, nothing will. */
const stillTurns = 500;

/** Writes `piece` for as long as somebody takes it; resolves with how much was written when nobody does any more. */
async function fill(socket: Socket, piece: Buffer, progress: () => number): Promise<number> {
  const maxBytes = 200 * 1024 * 1024;
  let writtenBytes = 0;
  let before = NaN;
  for (let turns = 0; turns < stillTurns; turns++) {
    if (socket.writableLength === 0) {
      socket.write(piece);
      writtenBytes += piece.length;
      assert.ok(writtenBytes < maxBytes, 'somebody takes everything');
    }
    await nextTurn();
    const now = socket.writableLength + progress();
    if (now !== before) turns = 0;
    before = now;
  }
  return writtenBytes;
}

test('a client that does not read stops its upstream, and reading on resumes it', async (t) => {
  let upstreamSocket: Socket | undefined;
  const proxy = await start(
    t,
    (socket) => {
      upstreamSocket = socket;
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n'));
    },
    { bufferLimitBytes: limitBytes },
  );
  const client = await RawClient.open(proxy.port);
  client.socket.pause();
  client.send(get);
  await until(() => (upstreamSocket?.bytesWritten ?? 0) > 0);
  assert.ok(upstreamSocket !== undefined);
  const paused = (): number => proxy.stats.value('cluster.c.upstream_flow_control_paused_reading_total');
  const writtenBytes = await fill(upstreamSocket, piece, paused);
  assert.ok(paused() > 0);
  client.socket.resume();
  await until(() => client.received.length > writtenBytes / 2);
  assert.ok(proxy.stats.value('cluster.c.upstream_flow_control_resumed_reading_total') > 0);
  client.close();
});

test('an upstream that does not read stops its client, and the request is reset with it', async (t) => {
  const proxy = await start(t, (socket) => socket.pause(), {
    bufferLimitBytes: limitBytes,
    clusterFields: { perConnectionBufferLimitBytes: limitBytes },
  });
  const client = await RawClient.open(proxy.port);
  client.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n');
  const paused = (): number => proxy.stats.value('http.test.downstream_flow_control_paused_reading_total');
  await fill(client.socket, piece, paused);
  assert.ok(paused() > 0);
  assert.equal(proxy.stats.value('cluster.c.upstream_flow_control_backed_up_total'), 1);
  client.close();
});

test('who pipelines and does not read is not answered any further, and then is', async (t) => {
  const answer = `HTTP/1.1 200 OK\r\ncontent-length: 8000\r\n\r\n${'y'.repeat(8000)}`;
  const proxy = await start(t, (socket) => socket.on('data', () => socket.write(answer)), {
    bufferLimitBytes: limitBytes,
  });
  const client = await RawClient.open(proxy.port);
  client.socket.pause();
  const answered = (): number => proxy.stats.value('http.test.downstream_rq_completed');
  // Large enough that what the system buffers is a few thousand of them.
  const request = `GET / HTTP/1.1\r\nhost: a\r\nx-padding: ${'x'.repeat(4000)}\r\n\r\n`;
  const sent = (await fill(client.socket, Buffer.from(request.repeat(20)), answered)) / request.length;
  assert.ok(answered() < sent, `${answered()} of ${sent} requests are answered`);
  client.socket.resume();
  await until(() => answered() === sent);
  client.close();
});
