import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpConnectionManager } from '../src/config/model/http-connection-manager.ts';
import type { ForwardAction, RouteMatch } from '../src/config/model/route.ts';
import type { HttpFilterFactory } from '../src/downstream/http/http-filter.ts';
import { startProxy, type Proxy } from '../src/router/testing/proxy.ts';
import { RawClient } from '../src/router/testing/raw-client.ts';
import {
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import { until } from '../src/upstream/testing/upstream-server.ts';

const upgradeHead = 'GET / HTTP/1.1\r\nhost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n';
const connectHead = 'CONNECT b.test:443 HTTP/1.1\r\nhost: b.test:443\r\n\r\n';
const switching = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n';
const websocket: Partial<HttpConnectionManager> = { upgrades: { websocket: { isEnabled: true } } };
const connect: Partial<HttpConnectionManager> = { upgrades: { connect: { isEnabled: true } } };
const connectMatch: RouteMatch = prefix('', { path: { kind: 'connect' } });
const terminating = { connectTermination: { allowsPost: false } };

/** A scripted upstream: what each of its connections received, and the sockets themselves. */
async function startUpstream(t: TestContext, onConnection: (socket: Socket) => void = () => undefined) {
  const sockets: Socket[] = [];
  const received: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const at = sockets.push(socket) - 1;
    received.push('');
    socket.on('data', (chunk: Buffer) => (received[at] = (received[at] ?? '') + chunk.toString('latin1')));
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { port: (server.address() as AddressInfo).port, sockets, received };
}

function tableOf(match: RouteMatch, fields: Partial<ForwardAction> = {}) {
  return buildTable([buildVirtualHost([buildRoute(match, forward('c', fields))])]);
}

/** Answers the first head of each connection with `answer`, then leaves the socket to the test. */
function answering(answer: string): (socket: Socket) => void {
  return (socket) => void socket.once('data', () => socket.write(answer));
}

async function openTunnel(proxy: Proxy, head = upgradeHead): Promise<RawClient> {
  const client = await RawClient.open(proxy.port);
  client.send(head);
  await until(() => client.received.includes('\r\n\r\n'));
  client.received = client.received.slice(client.received.indexOf('\r\n\r\n') + 4);
  return client;
}

const active = 'http.test.downstream_cx_upgrades_active';
const total = 'http.test.downstream_cx_upgrades_total';

test('an upgraded connection carries bytes both ways and is not used again', async (t) => {
  const upstream = await startUpstream(t, answering(switching));
  const proxy = await startProxy(t, tableOf(prefix('/')), {
    clusters: { c: [upstream.port] },
    manager: websocket,
  });
  const client = await openTunnel(proxy);
  assert.match(upstream.received[0] ?? '', /\r\nconnection: upgrade\r\nupgrade: WebSocket\r\n/);
  client.send('from the client');
  await until(() => upstream.received[0]?.endsWith('\r\n\r\nfrom the client') === true);
  upstream.sockets[0]?.write('from the server');
  await until(() => client.received === 'from the server');
  assert.deepEqual([proxy.stats.value(active), proxy.stats.value(total)], [1, 1]);
  client.socket.end();
  await until(
    () =>
      proxy.stats.value('cluster.c.upstream_rq_active') === 1 && upstream.sockets[0]?.readableEnded === true,
  );
  upstream.sockets[0]?.end('last words');
  await client.closed();
  assert.equal(client.received, 'from the serverlast words');
  await until(
    () => proxy.stats.value(active) === 0 && proxy.stats.value('cluster.c.upstream_cx_active') === 0,
  );

  const second = await openTunnel(proxy);
  assert.equal(upstream.sockets.length, 2);
  second.close();
  await until(() => upstream.sockets[1]?.readableEnded === true);
  upstream.sockets[1]?.end();
  await until(() => proxy.stats.value('cluster.c.upstream_cx_active') === 0);
});

test('the upstream may end its half first; the client still speaks', async (t) => {
  const upstream = await startUpstream(t, answering(switching));
  const proxy = await startProxy(t, tableOf(prefix('/')), {
    clusters: { c: [upstream.port] },
    manager: websocket,
  });
  const client = await openTunnel(proxy);
  upstream.sockets[0]?.end('bye');
  await until(() => client.hasEnded);
  assert.equal(client.received, 'bye');
  client.send('still here');
  await until(() => upstream.received[0]?.endsWith('still here') === true);
  client.socket.end();
  await until(() => client.isClosed && proxy.stats.value(active) === 0);
  await until(() => proxy.stats.value('cluster.c.upstream_cx_active') === 0);
  assert.equal(proxy.stats.value('http.test.downstream_rq_active'), 0);
});

test('a reset of either end ends the other', async (t) => {
  const upstream = await startUpstream(t, answering(switching));
  const proxy = await startProxy(t, tableOf(prefix('/')), {
    clusters: { c: [upstream.port] },
    manager: websocket,
  });
  const first = await openTunnel(proxy);
  upstream.sockets[0]?.resetAndDestroy();
  await first.closed();
  const second = await openTunnel(proxy);
  second.socket.resetAndDestroy();
  await until(() => upstream.sockets[1]?.readableEnded === true || upstream.sockets[1]?.destroyed === true);
  await until(
    () => proxy.stats.value(active) === 0 && proxy.stats.value('cluster.c.upstream_cx_active') === 0,
  );
});

test('an answer that is no 101 stays HTTP and closes', async (t) => {
  const refusal = 'HTTP/1.1 401 Unauthorized\r\nwww-authenticate: x\r\ncontent-length: 2\r\n\r\nno';
  const upstream = await startUpstream(t, answering(refusal));
  const proxy = await startProxy(t, tableOf(prefix('/')), {
    clusters: { c: [upstream.port] },
    manager: websocket,
  });
  const client = await RawClient.open(proxy.port);
  client.send(`${upgradeHead}bytes that nobody asked for`);
  const answer = await client.answer();
  assert.deepEqual([answer.status, answer.body, answer.header('connection')], [401, 'no', 'close']);
  await client.closed();
  assert.equal(upstream.received[0]?.endsWith('\r\n\r\n'), true);
  await until(() => proxy.stats.value(active) === 0);
  assert.equal(proxy.stats.value(total), 1);
});

test('who may upgrade: the route stands above the manager', async (t) => {
  const upstream = await startUpstream(t, answering(switching));
  const statusOf = async (ofManager: boolean | undefined, ofRoute: boolean | undefined): Promise<number> => {
    const proxy = await startProxy(
      t,
      tableOf(prefix('/'), { upgrades: ofRoute === undefined ? {} : { websocket: ofRoute } }),
      {
        clusters: { c: [upstream.port] },
        manager: { upgrades: ofManager === undefined ? {} : { websocket: { isEnabled: ofManager } } },
      },
    );
    const client = await RawClient.open(proxy.port);
    client.send(upgradeHead);
    await until(() => client.received.includes('\r\n\r\n'));
    client.close();
    return Number(client.received.slice(9, 12));
  };
  assert.equal(await statusOf(undefined, undefined), 403);
  assert.equal(await statusOf(true, undefined), 101);
  assert.equal(await statusOf(false, undefined), 403);
  assert.equal(await statusOf(false, true), 101);
  assert.equal(await statusOf(undefined, true), 101);
  assert.equal(await statusOf(true, false), 403);
});

test('an upgrade has the filters of its kind, which see the bytes', async (t) => {
  const upstream = await startUpstream(t, answering(switching));
  const seen: string[] = [];
  const filter = (name: string): HttpFilterFactory => ({
    type: name,
    createFactory: () => () => ({
      decoder: {
        setDecoderCallbacks: () => undefined,
        decodeHeaders: (headers) => (seen.push(`${name} ${headers.get(':method') ?? ''}`), 'continue'),
        decodeData: (chunk) => (seen.push(`${name} ${chunk.toString()}`), 'continue'),
        decodeTrailers: () => 'continue',
        onDestroy: () => undefined,
      },
    }),
  });
  const router = {
    name: 'router',
    type: 'envoy.extensions.filters.http.router.v3.Router',
    config: {},
    isDisabled: false,
  };
  const row = (type: string) => ({ name: type, type, config: {}, isDisabled: false });
  const proxy = await startProxy(t, tableOf(prefix('/')), {
    clusters: { c: [upstream.port] },
    filters: [filter('plain'), filter('special')],
    manager: {
      httpFilters: [row('plain'), router],
      upgrades: { websocket: { isEnabled: true, httpFilters: [row('special'), router] } },
    },
  });
  const client = await openTunnel(proxy);
  client.send('frame');
  await until(() => upstream.received[0]?.endsWith('frame') === true);
  assert.deepEqual(seen, ['special GET', 'special frame']);
  client.close();
});

test('CONNECT is passed on with its authority, and without a path', async (t) => {
  const upstream = await startUpstream(t, answering('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'));
  const proxy = await startProxy(t, tableOf(connectMatch), {
    clusters: { c: [upstream.port] },
    manager: connect,
  });
  const client = await RawClient.open(proxy.port);
  client.send(`${connectHead}early`);
  await until(() => client.received.includes('\r\n\r\n'));
  assert.match(client.received, /^HTTP\/1.1 200 OK\r\n(?!.*content-length)/s);
  await until(() => upstream.received[0]?.endsWith('\r\n\r\nearly') === true);
  assert.match(upstream.received[0] ?? '', /^CONNECT b\.test:443 HTTP\/1\.1\r\nhost: b\.test:443\r\n/);
  client.received = '';
  upstream.sockets[0]?.write('raw');
  await until(() => client.received === 'raw');
  client.close();
});

test('CONNECT that is refused keeps its answer and closes', async (t) => {
  const upstream = await startUpstream(t, answering('HTTP/1.1 407 X\r\ncontent-length: 2\r\n\r\nno'));
  const proxy = await startProxy(t, tableOf(connectMatch), {
    clusters: { c: [upstream.port] },
    manager: connect,
  });
  const client = await RawClient.open(proxy.port);
  client.send(connectHead);
  const answer = await client.answer();
  assert.deepEqual([answer.status, answer.body, answer.header('connection')], [407, 'no', 'close']);
  await client.closed();

  const withoutRoute = await startProxy(t, tableOf(prefix('/')), { manager: connect });
  const lost = await RawClient.open(withoutRoute.port);
  lost.send(connectHead);
  assert.equal((await lost.answer()).status, 404);
  lost.close();
});

test('CONNECT that ends here reaches a TCP server, which sees no HTTP', async (t) => {
  const upstream = await startUpstream(t, (socket) => socket.write('banner '));
  const proxy = await startProxy(t, tableOf(connectMatch, terminating), {
    clusters: { c: [upstream.port] },
    manager: connect,
  });
  const client = await RawClient.open(proxy.port);
  client.send(connectHead);
  await until(() => client.received.endsWith('\r\n\r\nbanner '));
  assert.match(client.received, /^HTTP\/1\.1 200 OK\r\n/);
  client.send('question');
  await until(() => upstream.received[0] === 'question');
  client.socket.end();
  await until(() => upstream.sockets[0]?.readableEnded === true);
  upstream.sockets[0]?.end('answer after the end');
  await client.closed();
  assert.equal(client.received.endsWith('answer after the end'), true);
  await until(() => proxy.stats.value('cluster.c.upstream_cx_active') === 0);
  assert.equal(proxy.stats.value('cluster.c.upstream_cx_total'), 1);
  assert.equal(proxy.stats.value('cluster.c.upstream_cx_http1_total'), 0);
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_total'), 1);
});

test('CONNECT to a TCP server that is not there is answered 503', async (t) => {
  const upstream = createServer();
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const { port } = upstream.address() as AddressInfo;
  upstream.close();
  await once(upstream, 'close');
  const proxy = await startProxy(t, tableOf(connectMatch, terminating), {
    clusters: { c: [port] },
    manager: connect,
  });
  const client = await RawClient.open(proxy.port);
  client.send(connectHead);
  const answer = await client.answer();
  assert.deepEqual([answer.status, answer.header('connection')], [503, 'close']);
  client.close();
});

test('POST is taken for CONNECT where that is allowed', async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startProxy(t, tableOf(prefix('/'), { connectTermination: { allowsPost: true } }), {
    clusters: { c: [upstream.port] },
    manager: connect,
  });
  const client = await RawClient.open(proxy.port);
  client.send('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
  await until(() => upstream.received[0] === 'abc');
  upstream.sockets[0]?.write('def');
  await until(() => client.received.endsWith('3\r\ndef\r\n'));
  client.send('0\r\n\r\n');
  await until(() => upstream.sockets[0]?.readableEnded === true);
  upstream.sockets[0]?.end();
  await until(() => client.received.endsWith('0\r\n\r\n'));
  client.close();
});

test('a slow end of a tunnel pauses the other one', async (t) => {
  const upstream = await startUpstream(t, answering(switching));
  const bufferLimitBytes = 64 * 1024;
  const proxy = await startProxy(t, tableOf(prefix('/')), {
    clusters: { c: [upstream.port] },
    clusterFields: { perConnectionBufferLimitBytes: bufferLimitBytes },
    manager: websocket,
    bufferLimitBytes,
  });
  const client = await openTunnel(proxy);
  const chunk = Buffer.alloc(256 * 1024, 'x');
  // More than the buffers of two pairs of sockets hold (at most 4 + 6 MiB each where the system grows them).
  const wantedBytes = 64 * 1024 * 1024;
  for (const [from, to] of [
    [upstream.sockets[0], client.socket],
    [client.socket, upstream.sockets[0]],
  ] as const) {
    assert.ok(from !== undefined && to !== undefined);
    to.pause();
    let sentBytes = 0;
    let isBlocked = false;
    const send = (): void => {
      while (sentBytes < wantedBytes) {
        sentBytes += chunk.length;
        if (!from.write(chunk)) return void from.once('drain', send);
      }
    };
    send();
    let lastBytes = -1;
    // Nothing moves any more for a while: the sender is held back.
    while (!isBlocked) {
      lastBytes = from.bytesWritten - from.writableLength;
      for (let turn = 0; turn < 2_000; turn++) await new Promise((resolve) => setImmediate(resolve));
      isBlocked = from.bytesWritten - from.writableLength === lastBytes;
    }
    assert.ok(sentBytes < wantedBytes, `${sentBytes} bytes went into a tunnel that nobody reads`);
    let readBytes = 0;
    to.on('data', (data: Buffer) => (readBytes += data.length));
    to.resume();
    await until(() => readBytes >= wantedBytes);
  }
  client.close();
});

test('a silent tunnel ends at the idle time-out, a silent upstream of an upgrade at the route’s', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tunnels-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'log');
  const format =
    '%PROTOCOL% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %BYTES_RECEIVED% %BYTES_SENT%\n';
  const log = {
    sink: { kind: 'file', path },
    format: { kind: 'text', format },
    omitEmptyValues: false,
  } as const;
  const upstream = await startUpstream(t, (socket) => {
    if (upstream.sockets.length === 1) answering(`${switching}four`)(socket);
  });
  const proxy = await startProxy(t, tableOf(prefix('/'), { timeoutMs: 100, idleTimeoutMs: 200 }), {
    clusters: { c: [upstream.port] },
    manager: { ...websocket, accessLogs: [log] },
  });
  const client = await openTunnel(proxy);
  client.send('ping!');
  await client.closed();
  assert.equal(client.received, 'four');
  await until(() => proxy.stats.value('http.test.downstream_rq_idle_timeout') === 1);

  const waiting = await RawClient.open(proxy.port);
  waiting.send(upgradeHead);
  const answer = await waiting.answer();
  assert.equal(answer.status, 504);
  waiting.close();
  await until(() => proxy.stats.value('http.test.downstream_rq_active') === 0);
  proxy.closeLogs();
  assert.deepEqual(readFileSync(path, 'utf8').split('\n'), [
    'HTTP/1.1 101 SI stream_idle_timeout 5 4',
    'HTTP/1.1 504 UT response_timeout 0 24',
    '',
  ]);
});
