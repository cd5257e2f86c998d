import { test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import type { TestContext } from 'node:test';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpConnectionManager } from '../src/config/model/http-connection-manager.ts';
import { startProxy, type Proxy, type ProxyOptions } from '../src/router/testing/proxy.ts';
import { exchange, get, RawClient } from '../src/router/testing/raw-client.ts';
import {
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import { startHttpServer, startTcpServer, until } from '../src/upstream/testing/upstream-server.ts';

const direct = buildTable([
  buildVirtualHost([buildRoute(prefix('/'), { kind: 'direct-response', status: 200, body: 'direct' })]),
]);
const toCluster = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('c'))])]);

async function startWithUpstream(
  t: TestContext,
  onRequest: RequestListener,
  options: ProxyOptions = {},
): Promise<Proxy> {
  const server = await startHttpServer(onRequest);
  t.after(() => server.close());
  return startProxy(t, toCluster, { ...options, clusters: { c: [server.port] } });
}

/** Headers that the upstream got for a request. */
async function headersSeen(
  t: TestContext,
  manager: Partial<HttpConnectionManager>,
  fields: string,
): Promise<IncomingHttpHeaders> {
  let seen: IncomingHttpHeaders = {};
  const proxy = await startWithUpstream(
    t,
    (request, answer) => {
      seen = request.headers;
      answer.end();
    },
    { manager },
  );
  await get(proxy.port, '/', fields);
  return seen;
}

test('bytes that are no request are refused, logged and counted', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'manager-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'log');
  const proxy = await startProxy(t, direct, {
    manager: {
      accessLogs: [
        {
          sink: { kind: 'file', path },
          format: {
            kind: 'text',
            format:
              '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %RESP(content-length)% %RESP(connection)%\n',
          },
          omitEmptyValues: false,
        },
      ],
    },
  });
  const rows: [request: string, status: number, body: string, log: string][] = [
    ['GET / HTTP/1.1\r\nhost: a\r\nbad field: 1\r\n\r\n', 400, 'Bad Request', '400 DPE http1.codec_error'],
    ['GET / HTTP/1.0\r\n\r\n', 426, 'Upgrade Required', '426 DPE low_version'],
    ['GET / HTTP/1.1\r\n\r\n', 400, '', '400 - missing_host_header'],
    ['GET /#a HTTP/1.1\r\nhost: a\r\n\r\n', 400, '', '400 - path_normalization_failed'],
    [
      `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(70_000)}\r\n\r\n`,
      431,
      'Request Header Fields Too Large',
      '431 DPE http1.headers_too_large',
    ],
  ];
  for (const [request, status, body] of rows) {
    const client = await RawClient.open(proxy.port);
    client.send(request);
    const answer = await client.answer();
    assert.deepEqual([answer.status, answer.body, answer.header('connection')], [status, body, 'close']);
    // RFC 9110 6.6.1: every 4xx says when it was made.
    assert.ok(answer.header('date') !== undefined && answer.header('server') === 'envoy');
    await client.closed();
  }
  proxy.closeLogs();
  assert.deepEqual(
    readFileSync(path, 'utf8').trimEnd().split('\n'),
    rows.map(([, , body, log]) => `${log} ${body.length} close`),
  );
  assert.equal(proxy.stats.value('http.test.downstream_cx_protocol_error'), 5);
  assert.equal(proxy.stats.value('http.test.downstream_rq_http1_total'), 5);
  assert.equal(proxy.stats.value('http.test.downstream_rq_4xx'), 5);
  assert.equal(proxy.stats.value('http.test.downstream_rq_active'), 0);
});

test('a connection counts as destroyed by the side that ended it first', async (t) => {
  const proxy = await startWithUpstream(t, (_, answer) => answer.end('ok'));
  const rows: [request: string, local: number, remote: number][] = [
    ['GET / HTTP/1.1\r\nhost: a\r\n\r\n', 0, 1],
    ['POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx', 0, 2],
    ['GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 1, 2],
  ];
  for (const [request, local, remote] of rows) {
    const client = await RawClient.open(proxy.port);
    client.send(request);
    if (request.startsWith('GET')) await client.answer();
    if (!request.includes('close')) client.socket.end();
    await client.closed();
    await until(() => proxy.stats.value('http.test.downstream_cx_active') === 0);
    assert.equal(proxy.stats.value('http.test.downstream_cx_destroy_local'), local, request);
    assert.equal(proxy.stats.value('http.test.downstream_cx_destroy_remote'), remote, request);
  }
});

test('a target that is no path is 404, an absolute one is read', async (t) => {
  const proxy = await startProxy(t, direct);
  assert.equal((await exchange(proxy.port, 'OPTIONS * HTTP/1.1\nhost: a')).status, 404);
  assert.equal((await exchange(proxy.port, 'GET http://abs.test/ HTTP/1.1\nhost: a')).status, 200);
});

test('time-outs of streams: 408 while the request comes, 504 afterwards', async (t) => {
  const silent: RequestListener = (request) => request.resume();
  const idle = await startWithUpstream(t, silent, { manager: { streamIdleTimeoutMs: 30 } });
  assert.deepEqual(await statusAndBody(get(idle.port, '/')), [504, 'stream timeout']);
  const half = 'POST / HTTP/1.1\nhost: a\ncontent-length: 10';
  assert.deepEqual(await statusAndBody(exchange(idle.port, half, 'x')), [408, 'stream timeout']);
  assert.equal(idle.stats.value('http.test.downstream_rq_idle_timeout'), 2);

  const request = await startWithUpstream(t, silent, { manager: { requestTimeoutMs: 30 } });
  assert.deepEqual(await statusAndBody(exchange(request.port, half, 'x')), [408, 'request timeout']);

  const duration = await startWithUpstream(t, silent, { manager: { maxStreamDurationMs: 30 } });
  assert.deepEqual(await statusAndBody(get(duration.port, '/')), [504, 'downstream duration timeout']);

  const head = await startProxy(t, direct, { manager: { requestHeadersTimeoutMs: 30 } });
  const client = await RawClient.open(head.port);
  client.send('GET / HTTP/1.1\r\nhost');
  const answer = await client.answer();
  assert.deepEqual([answer.status, answer.body], [408, 'request header timeout']);
  await client.closed();
});

async function statusAndBody(answer: ReturnType<typeof get>): Promise<[number, string]> {
  const { status, body } = await answer;
  return [status, body];
}

test('time-outs of connections: idle, and their whole duration', async (t) => {
  const idle = await startProxy(t, direct, { manager: { idleTimeoutMs: 30 } });
  const client = await RawClient.open(idle.port);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.equal((await client.answer()).status, 200);
  await client.closed();
  assert.equal(idle.stats.value('http.test.downstream_cx_idle_timeout'), 1);

  const old = await startProxy(t, direct, { manager: { maxConnectionDurationMs: 30 } });
  const lasting = await RawClient.open(old.port);
  await lasting.closed();
  assert.equal(old.stats.value('http.test.downstream_cx_max_duration_reached'), 1);
});

test('a connection takes so many requests and no more', async (t) => {
  const proxy = await startProxy(t, direct, { manager: { maxRequestsPerConnection: 2 } });
  const client = await RawClient.open(proxy.port);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(3));
  assert.equal((await client.answer()).header('connection'), undefined);
  assert.equal((await client.answer()).header('connection'), 'close');
  await client.closed();
  assert.equal(client.received, '');
});

test('a client that leaves ends its request upstream', async (t) => {
  let hasArrived = false;
  let isAborted = false;
  const proxy = await startWithUpstream(t, (_, answer) => {
    hasArrived = true;
    answer.on('close', () => (isAborted = true));
  });
  const client = await RawClient.open(proxy.port);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => hasArrived);
  client.socket.resetAndDestroy();
  await until(() => isAborted);
  await until(() => proxy.stats.value('http.test.downstream_rq_active') === 0);
  assert.equal(proxy.stats.value('http.test.downstream_rq_rx_reset'), 1);
});

test('a client that closes its half while it waits is gone, and so is its request', async (t) => {
  let hasArrived = false;
  let isAborted = false;
  const proxy = await startWithUpstream(t, (_, answer) => {
    hasArrived = true;
    answer.on('close', () => (isAborted = true));
  });
  const client = await RawClient.open(proxy.port);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => hasArrived);
  client.socket.end();
  await until(() => isAborted && client.isClosed);
  assert.equal(client.received, '');
  await until(() => proxy.stats.value('http.test.downstream_cx_active') === 0);
  const values = ['rq_active', 'rq_rx_reset', 'cx_destroy_remote', 'cx_destroy_remote_active_rq'].map(
    (name) => proxy.stats.value(`http.test.downstream_${name}`),
  );
  assert.deepEqual(values, [0, 1, 1, 1]);
});

test('Expect: 100-continue is answered here', async (t) => {
  const seen = await startWithUpstream(t, (request, answer) => {
    const expect = request.headers.expect;
    request.resume();
    request.on('end', () => answer.end(String(expect)));
  });
  const client = await RawClient.open(seen.port);
  client.send('POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n');
  assert.equal((await client.answer()).status, 100);
  client.send('x');
  assert.equal((await client.answer()).body, 'undefined');
  client.close();
  // Without a body nothing is expected, and the upstream hears nothing of it.
  assert.equal((await get(seen.port, '/', 'expect: 100-continue')).body, 'undefined');
});

test('100 reaches the client once: from here, or from the upstream that was asked, or that spoke unasked', async (t) => {
  const upstream = await startTcpServer((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n');
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  t.after(() => upstream.close());
  const statusesOf = async (proxy100Continue: boolean, expect: string): Promise<readonly number[]> => {
    const manager = { proxy100Continue };
    const proxy = await startProxy(t, toCluster, { clusters: { c: [upstream.port] }, manager });
    const client = await RawClient.open(proxy.port);
    client.send(`POST / HTTP/1.1\r\nhost: a\r\n${expect}content-length: 1\r\n\r\nx`);
    const statuses: number[] = [];
    while (statuses.at(-1) !== 200) statuses.push((await client.answer()).status);
    client.close();
    const { stats } = proxy;
    for (const name of [
      'http.test.downstream_rq',
      'cluster.c.upstream_rq',
      'cluster.c.external.upstream_rq',
    ]) {
      const counts = ['1xx', '2xx', 'completed'].map((kind) => stats.value(`${name}_${kind}`));
      assert.deepEqual(counts, [2, 1, 3], name);
    }
    return statuses;
  };
  for (const proxy100Continue of [false, true]) {
    for (const expect of ['expect: 100-continue\r\n', '']) {
      assert.deepEqual(await statusesOf(proxy100Continue, expect), [100, 103, 200]);
    }
  }
});

test('an upgrade is refused unless it is allowed; allowed, bytes pass both ways', async (t) => {
  const server = await startTcpServer((socket) => {
    socket.once('data', () => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello',
      );
      socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
    });
  });
  t.after(() => server.close());
  const clusters = { c: [server.port] };
  const head = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';

  const refusing = await startProxy(t, toCluster, { clusters });
  const refused = await RawClient.open(refusing.port);
  refused.send(head);
  assert.equal((await refused.answer()).status, 403);
  refused.close();

  const proxy = await startProxy(t, toCluster, {
    clusters,
    manager: { upgrades: { websocket: { isEnabled: true } } },
  });
  const client = await RawClient.open(proxy.port);
  client.send(head);
  const answer = await client.answer();
  assert.deepEqual([answer.status, answer.header('upgrade')], [101, 'websocket']);
  await until(() => client.received === 'hello');
  client.send('echo');
  await until(() => client.received === 'helloECHO');
  assert.equal(proxy.stats.value('http.test.downstream_cx_upgrades_active'), 1);
  client.close();
  await until(() => proxy.stats.value('http.test.downstream_cx_upgrades_active') === 0);
});

test('what a client says about itself is believed as far as configured', async (t) => {
  const inner = await headersSeen(
    t,
    {},
    'x-forwarded-for: 1.2.3.4\nx-forwarded-proto: https\nx-request-id: mine',
  );
  assert.equal(inner['x-forwarded-for'], '1.2.3.4');
  assert.equal(inner['x-forwarded-proto'], 'https');
  assert.equal(inner['x-request-id'], 'mine');
  assert.equal(inner['x-envoy-external-address'], undefined);

  const edge = await headersSeen(
    t,
    { useRemoteAddress: true, via: 'proxy' },
    'x-forwarded-for: 1.2.3.4\nx-forwarded-proto: https\nx-request-id: mine\nx-envoy-original-path: /x\nte: gzip, trailers\nx-envoy-internal: true',
  );
  assert.equal(edge['x-forwarded-for'], '1.2.3.4,192.0.2.1');
  assert.equal(edge['x-forwarded-proto'], 'http');
  assert.notEqual(edge['x-request-id'], 'mine');
  assert.equal(edge['x-envoy-external-address'], '127.0.0.1');
  assert.equal(edge['x-envoy-original-path'], undefined);
  assert.equal(edge['x-envoy-internal'], undefined);
  assert.equal(edge['te'], 'trailers');
  assert.equal(edge['via'], 'proxy');

  const hops = await headersSeen(
    t,
    { useRemoteAddress: true, xffNumTrustedHops: 1, skipXffAppend: true, preserveExternalRequestId: true },
    'x-forwarded-for: 9.9.9.9, 1.2.3.4\nx-forwarded-proto: https\nx-request-id: mine',
  );
  assert.equal(hops['x-envoy-external-address'], '1.2.3.4');
  assert.equal(hops['x-forwarded-for'], '9.9.9.9, 1.2.3.4');
  assert.equal(hops['x-forwarded-proto'], 'https');
  assert.equal(hops['x-request-id'], 'mine');
});

test('names with underscores are refused or dropped when that is asked for', async (t) => {
  const refusing = await startProxy(t, direct, { manager: { headersWithUnderscoresAction: 'reject' } });
  const answer = await get(refusing.port, '/', 'x_a: 1');
  assert.deepEqual([answer.status, answer.body, answer.header('connection')], [400, 'Bad Request', 'close']);
  const dropping = await headersSeen(t, { headersWithUnderscoresAction: 'drop' }, 'x_a: 1\nx-b: 2');
  assert.deepEqual([dropping['x_a'], dropping['x-b']], [undefined, '2']);
});

test('answers carry date and server, and no fields of the upstream hop', async (t) => {
  const proxy = await startWithUpstream(t, (_, answer) => {
    answer.sendDate = false;
    answer.writeHead(200, { server: 'own', 'keep-alive': 'timeout=5', 'x-kept': '1' });
    answer.end();
  });
  const answer = await get(proxy.port, '/');
  assert.equal(answer.header('server'), 'envoy');
  assert.match(answer.header('date') ?? '', /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  assert.equal(answer.header('keep-alive'), undefined);
  assert.equal(answer.header('x-kept'), '1');
});
