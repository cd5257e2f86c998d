import assert from 'node:assert/strict';
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { frameGoAway, frameWindowUpdate, protocolError } from '../src/codec/http2/protocol.ts';
import { buildFrame } from '../src/codec/http2/testing/build-frame.ts';
import { uint32 } from '../src/codec/http2/testing/scripted-peer.ts';
import type { UpstreamHttpOptions } from '../src/config/model/cluster.ts';
import type { Http2ProtocolOptions } from '../src/config/model/http2-protocol-options.ts';
import { startProxy, type Proxy, type ProxyOptions } from '../src/router/testing/proxy.ts';
import { get, RawClient } from '../src/router/testing/raw-client.ts';
import {
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import { startHttp2Server, until } from '../src/upstream/testing/upstream-server.ts';
import { startFrameServer } from './statistics/frame-server.ts';

const http2: Http2ProtocolOptions = { allowsConnect: false, isStreamErrorOnInvalidMessage: false };
const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('c', { timeoutMs: 0 }))])]);

function start(
  t: TestContext,
  port: number,
  http: Partial<UpstreamHttpOptions> = {},
  options: ProxyOptions = {},
): Promise<Proxy> {
  const clusterFields = {
    ...options.clusterFields,
    http: { protocol: 'http2', http2, ...http } as const,
  };
  return startProxy(t, table, { ...options, clusters: { c: [port] }, clusterFields });
}

/** Answers come when the test says so. */
async function startHoldingServer(t: TestContext, maxConcurrentStreams?: number) {
  const held: ServerHttp2Stream[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = await startHttp2Server((stream) => void held.push(stream));
  if (maxConcurrentStreams !== undefined) server.server.updateSettings({ maxConcurrentStreams });
  server.server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined);
  });
  t.after(() => server.close());
  return {
    port: server.port,
    held,
    sessions,
    release(): void {
      for (const stream of held.splice(0)) {
        stream.respond({ ':status': 200 });
        stream.end('held');
      }
    },
  };
}

async function hold(t: TestContext, port: number, path = '/'): Promise<RawClient> {
  const client = await RawClient.open(port);
  t.after(() => client.close());
  client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  return client;
}

test('requests share one connection, also those that came before it was there', async (t) => {
  const server = await startHoldingServer(t);
  const proxy = await start(t, server.port);
  const clients = await Promise.all(Array.from({ length: 80 }, () => hold(t, proxy.port)));
  await until(() => server.held.length === 80);
  assert.equal(server.sessions.size, 1);
  server.release();
  for (const client of clients) assert.match((await client.answer()).body, /held/);
  assert.equal(proxy.stats.value('cluster.c.upstream_cx_http2_total'), 1);
  assert.equal(proxy.stats.value('cluster.c.upstream_cx_total'), 1);
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_total'), 80);
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_active'), 0);
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_pending_active'), 0);
  assert.equal(proxy.stats.value('cluster.c.http2.streams_active'), 0);
});

test('another connection is opened when the streams that a server takes are used up', async (t) => {
  const server = await startHoldingServer(t, 2);
  const proxy = await start(t, server.port);
  const clients: RawClient[] = [];
  for (let count = 1; count <= 5; count++) {
    clients.push(await hold(t, proxy.port));
    await until(() => server.held.length === count);
  }
  assert.equal(server.sessions.size, 3);
  server.release();
  for (const client of clients) assert.equal((await client.answer()).body, 'held');
  // They are kept, and used again.
  const again = await hold(t, proxy.port);
  await until(() => server.held.length === 1);
  server.release();
  assert.equal((await again.answer()).status, 200);
  assert.equal(proxy.stats.value('cluster.c.upstream_cx_total'), 3);
});

test('a burst that a server does not take at once is served: what it refuses goes again', async (t) => {
  const server = await startHoldingServer(t, 3);
  const proxy = await start(t, server.port);
  const clients = await Promise.all(Array.from({ length: 40 }, () => hold(t, proxy.port)));
  await until(() => server.held.length === 40);
  server.release();
  for (const client of clients) assert.equal((await client.answer()).status, 200);
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_active'), 0);
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_pending_active'), 0);
});

test('REFUSED_STREAM and GOAWAY before a request repeat it, whatever its method; an answer that failed does not', async (t) => {
  let requestCount = 0;
  const server = await startHttp2Server((stream) => {
    requestCount++;
    if (requestCount === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else if (requestCount === 2) stream.session?.goaway(0, 1);
    else if (requestCount === 3) {
      stream.respond({ ':status': 200 });
      stream.end('third');
    } else stream.close(constants.NGHTTP2_CANCEL);
  });
  t.after(() => server.close());
  const proxy = await start(t, server.port);
  const client = await RawClient.open(proxy.port);
  t.after(() => client.close());
  client.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n');
  assert.equal((await client.answer()).body, 'third');
  assert.equal(requestCount, 3);
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_retry'), 2);
  assert.equal(proxy.stats.value('cluster.c.http2.stream_refused_errors'), 1);
  assert.equal(proxy.stats.value('cluster.c.upstream_cx_close_notify'), 1);
  assert.equal((await get(proxy.port, '/')).status, 503);
  assert.equal(requestCount, 4);
});

test('a short body goes again with a request that was refused, a long one does not', async (t) => {
  const bodies: string[] = [];
  const server = await startHttp2Server((stream) => {
    let body = '';
    stream.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
    stream.on('end', () => {
      bodies.push(body);
      if (bodies.length !== 2) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
      stream.respond({ ':status': 200 });
      return stream.end('second');
    });
  });
  t.after(() => server.close());
  const proxy = await start(t, server.port);
  const post = (body: string): string =>
    `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const client = await RawClient.open(proxy.port);
  t.after(() => client.close());
  client.send(post('short'));
  assert.equal((await client.answer()).body, 'second');
  assert.deepEqual(bodies, ['short', 'short']);
  client.send(post('long'.repeat(5000)));
  assert.equal((await client.answer()).status, 503);
  assert.equal(bodies.length, 3);
});

test('a server that refuses everything is not asked without end', async (t) => {
  let requestCount = 0;
  const server = await startHttp2Server((stream) => {
    requestCount++;
    stream.close(constants.NGHTTP2_REFUSED_STREAM);
  });
  t.after(() => server.close());
  const proxy = await start(t, server.port);
  const answer = await get(proxy.port, '/');
  assert.equal(answer.status, 503);
  assert.equal(requestCount, 4);
});

test('GOAWAY: what is under way is answered, what is new goes over another connection', async (t) => {
  const server = await startHoldingServer(t);
  const proxy = await start(t, server.port);
  const first = await hold(t, proxy.port);
  await until(() => server.held.length === 1);
  server.held[0]?.session?.goaway(0, 2 ** 31 - 1);
  await until(() => proxy.stats.value('cluster.c.upstream_cx_close_notify') === 1);
  const second = await hold(t, proxy.port);
  await until(() => server.held.length === 2);
  assert.notEqual(server.held[0]?.session, server.held[1]?.session);
  server.release();
  assert.equal((await first.answer()).body, 'held');
  assert.equal((await second.answer()).body, 'held');
  await until(() => proxy.stats.value('cluster.c.upstream_cx_active') === 1);
});

test('max_requests_per_connection, idle_timeout and max_connection_duration end connections without a failure', async (t) => {
  for (const [http, counter] of [
    [{ maxRequestsPerConnection: 2 }, 'upstream_cx_max_requests'],
    [{ idleTimeoutMs: 50 }, 'upstream_cx_idle_timeout'],
    [{ maxConnectionDurationMs: 50 }, 'upstream_cx_max_duration_reached'],
  ] as const) {
    const server = await startHoldingServer(t);
    const proxy = await start(t, server.port, http);
    const clients = [await hold(t, proxy.port), await hold(t, proxy.port)];
    await until(() => server.held.length === 2);
    if (counter === 'upstream_cx_max_duration_reached') {
      await until(() => proxy.stats.value(`cluster.c.${counter}`) === 1);
    }
    const session = server.held[0]?.session;
    server.release();
    for (const client of clients) assert.equal((await client.answer()).status, 200);
    await until(() => session?.closed === true);
    assert.equal(proxy.stats.value(`cluster.c.${counter}`), 1);
    assert.equal(proxy.stats.value('cluster.c.upstream_cx_active'), 0);
  }
});

test('a server that breaks a rule while it is asked is told by a GOAWAY', async (t) => {
  const received: Buffer[] = [];
  let isEnded = false;
  const server = await startFrameServer((peer) => {
    peer.socket.on('data', (chunk: Buffer) => received.push(chunk));
    peer.socket.on('end', () => (isEnded = true));
    // Of no bytes.
    peer.frame(frameWindowUpdate, 0, 0, '\0\0\0\0');
  });
  t.after(() => server.close());
  const proxy = await start(t, server.port);
  assert.equal((await get(proxy.port, '/')).status, 502);
  await until(() => isEnded);
  const goAway = buildFrame(frameGoAway, 0, 0, Buffer.concat([uint32(0), uint32(protocolError)]));
  // Its length depends on the words that follow.
  assert.ok(Buffer.concat(received).includes(goAway.subarray(3)));
});

test('a connection that ends without a word fails what is under way, and only that', async (t) => {
  const server = await startHoldingServer(t);
  const proxy = await start(t, server.port);
  const clients = await Promise.all(
    ['GET', 'POST'].map(async (method) => {
      const client = await RawClient.open(proxy.port);
      t.after(() => client.close());
      client.send(`${method} / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`);
      return client;
    }),
  );
  await until(() => server.held.length === 2);
  server.held.splice(0)[0]?.session?.socket.destroy();
  const answers = await Promise.all(clients.map((client) => client.answer()));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [503, 503],
  );
  assert.equal(proxy.stats.value('cluster.c.upstream_cx_destroy_remote_with_active_rq'), 1);
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_active'), 0);
  const next = await hold(t, proxy.port);
  await until(() => server.held.length === 1);
  server.release();
  assert.equal((await next.answer()).status, 200);
});

test('a stalled answer stalls itself alone', async (t) => {
  const server = await startHttp2Server((stream, headers) => {
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/endless') endlessBytes().pipe(stream);
    else stream.end('small');
  });
  t.after(() => server.close());
  const proxy = await start(t, server.port);
  const stalled = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const client = await RawClient.open(proxy.port);
      t.after(() => client.close());
      client.socket.pause();
      client.send('GET /endless HTTP/1.1\r\nhost: a\r\n\r\n');
      return client;
    }),
  );
  await until(
    () => proxy.stats.value('cluster.c.upstream_flow_control_paused_reading_total') >= stalled.length,
  );
  for (let count = 0; count < 5; count++) assert.equal((await get(proxy.port, '/small')).body, 'small');
  assert.equal(proxy.stats.value('cluster.c.upstream_cx_total'), 1);
});

function endlessBytes(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(16 * 1024));
    },
  });
}
