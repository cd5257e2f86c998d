import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RequestListener } from 'node:http';
import { startHttpServer, startTcpServer, until } from '../upstream/testing/upstream-server.ts';
import { startProxy } from './testing/proxy.ts';
import { exchange, get, RawClient } from './testing/raw-client.ts';
import {
  buildRetryPolicy,
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
  redirect,
} from './testing/route-fixtures.ts';

async function serve(t: TestContext, onRequest: RequestListener): Promise<number> {
  const server = await startHttpServer(onRequest);
  t.after(() => server.close());
  return server.port;
}

async function serveTcp(t: TestContext, onSocket: Parameters<typeof startTcpServer>[0]): Promise<number> {
  const server = await startTcpServer(onSocket);
  t.after(() => server.close());
  return server.port;
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = await startTcpServer(() => undefined);
  await server.close();
  return server.port;
}

const toCluster = (action = forward('c')) =>
  buildTable([buildVirtualHost([buildRoute(prefix('/'), action)])]);

test('a request reaches the cluster and its answer comes back', async (t) => {
  let seen: { url: string | undefined; headers: IncomingHttpHeaders } | undefined;
  const port = await serve(t, (request, answer) => {
    seen = { url: request.url, headers: request.headers };
    answer.setHeader('x-upstream', 'yes');
    answer.end('hello');
  });
  const proxy = await startProxy(t, toCluster(), { clusters: { c: [port] } });
  const answer = await get(proxy.port, '/a?b', 'x-custom: 1\nx-envoy-retry-on: 5xx');

  assert.equal(answer.status, 200);
  assert.equal(answer.body, 'hello');
  assert.equal(answer.header('server'), 'envoy');
  assert.equal(answer.header('x-upstream'), 'yes');
  assert.match(answer.header('x-envoy-upstream-service-time') ?? '', /^\d+$/);
  assert.equal(seen?.url, '/a?b');
  assert.equal(seen.headers['x-custom'], '1');
  assert.equal(seen.headers['x-forwarded-proto'], 'http');
  assert.equal(seen.headers['x-envoy-expected-rq-timeout-ms'], '15000');
  assert.equal(seen.headers['x-envoy-retry-on'], undefined);
  assert.match(
    String(seen.headers['x-request-id']),
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/,
  );
  assert.equal(proxy.stats.value('http.test.downstream_rq_2xx'), 1);
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_200'), 1);
});

test('bodies pass in both directions, large ones with back pressure', async (t) => {
  const port = await serve(t, (request, answer) => request.pipe(answer));
  const proxy = await startProxy(t, toCluster(), { clusters: { c: [port] }, bufferLimitBytes: 16 * 1024 });
  const body = 'x'.repeat(3_000_000);
  const answer = await exchange(proxy.port, `POST / HTTP/1.1\nhost: a\ncontent-length: ${body.length}`, body);
  assert.equal(answer.status, 200);
  assert.equal(answer.body.length, body.length);
});

test('pipelined requests are answered in order', async (t) => {
  const port = await serve(t, (request, answer) => answer.end(request.url));
  const proxy = await startProxy(t, toCluster(), { clusters: { c: [port] } });
  const client = await RawClient.open(proxy.port);
  client.send(Array.from({ length: 20 }, (_, index) => `GET /${index} HTTP/1.1\r\nhost: a\r\n\r\n`).join(''));
  for (let index = 0; index < 20; index++) assert.equal((await client.answer()).body, `/${index}`);
  client.close();
});

test('a pipelined request finds the connection and the place of the one before it free', async (t) => {
  const port = await serve(t, (request, answer) => {
    if (request.url === '/empty') answer.writeHead(204).end();
    else if (request.url === '/chunks') answer.write('a', () => answer.end('b'));
    else answer.end('ab');
  });
  const clusterFields = { circuitBreakers: { maxRequests: 1 } };
  const proxy = await startProxy(t, toCluster(), { clusters: { c: [port] }, clusterFields });
  const client = await RawClient.open(proxy.port);
  const paths = ['/', '/chunks', '/empty', '/chunks', '/empty', '/'];
  client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(''));
  for (const path of paths) assert.equal((await client.answer()).status, path === '/empty' ? 204 : 200, path);
  client.close();
  assert.equal(proxy.stats.value('cluster.c.upstream_cx_total'), 1);
});

test('what cannot be forwarded is answered with its code, body, flag and details', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'router-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'log');
  const refusing = await closedPort();
  const breaking = await serveTcp(t, (socket) => {
    socket.once('data', () => socket.destroy());
  });
  const garbage = await serveTcp(t, (socket) => {
    socket.once('data', () => socket.end('nonsense\r\n\r\n'));
  });
  const table = buildTable([
    buildVirtualHost(
      [
        buildRoute(prefix('/unknown'), forward('nobody')),
        buildRoute(prefix('/gone'), forward('nobody', { clusterNotFoundStatus: 404 })),
        ...['empty', 'refusing', 'breaking', 'garbage'].map((name) =>
          buildRoute(prefix(`/${name}`), forward(name)),
        ),
      ],
      { domains: ['a.test'] },
    ),
  ]);
  const proxy = await startProxy(t, table, {
    clusters: { empty: [], refusing: [refusing], breaking: [breaking], garbage: [garbage] },
    manager: {
      accessLogs: [
        {
          sink: { kind: 'file', path },
          format: {
            kind: 'text',
            format:
              '%RESPONSE_CODE% %RESPONSE_FLAGS% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %RESPONSE_CODE_DETAILS%\n',
          },
          omitEmptyValues: false,
        },
      ],
    },
  });
  const reset = 'upstream connect error or disconnect/reset before headers. reset reason: ';
  const rows: [path: string, status: number, body: string][] = [
    ['/none', 404, ''],
    ['/unknown', 503, ''],
    ['/gone', 404, ''],
    ['/empty', 503, 'no healthy upstream'],
    ['/refusing', 503, `${reset}remote connection failure`],
    ['/breaking', 503, `${reset}connection termination`],
    ['/garbage', 502, `${reset}protocol error`],
  ];
  for (const [target, status, body] of rows) {
    const answer = await get(proxy.port, target);
    assert.deepEqual([answer.status, answer.body], [status, body], target);
    assert.equal(answer.header('content-length'), String(body.length));
    assert.equal(answer.header('content-type'), body === '' ? undefined : 'text/plain');
  }
  assert.equal((await exchange(proxy.port, 'GET /breaking HTTP/1.1\nhost: b.test')).status, 404);
  proxy.closeLogs();
  assert.deepEqual(readFileSync(path, 'utf8').trimEnd().split('\n'), [
    '404 NR 0 route_not_found',
    '503 NC 0 cluster_not_found',
    '404 NC 0 cluster_not_found',
    '503 UH 1 no_healthy_upstream',
    '503 UF 1 upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}',
    '503 UC 1 upstream_reset_before_response_started{connection_termination}',
    '502 UPE 1 upstream_reset_before_response_started{protocol_error}',
    '404 NR 0 route_not_found',
  ]);
  for (const cluster of ['empty', 'refusing', 'breaking']) {
    assert.equal(proxy.stats.value(`cluster.${cluster}.upstream_rq_503`), 1, cluster);
  }
});

test('a redirect counts as one, and as an answer of the route', async (t) => {
  const table = buildTable([
    buildVirtualHost([buildRoute(prefix('/'), redirect({ hostRedirect: 'b.test' }))]),
  ]);
  const proxy = await startProxy(t, table);
  const answer = await get(proxy.port, '/x');
  assert.deepEqual([answer.status, answer.header('location')], [301, 'http://b.test/x']);
  for (const name of ['rq_redirect', 'rq_direct_response']) {
    assert.equal(proxy.stats.value(`http.test.${name}`), 1, name);
  }
});

test('gRPC requests get their errors in headers', async (t) => {
  const proxy = await startProxy(t, toCluster(), { clusters: { c: [] } });
  const answer = await exchange(
    proxy.port,
    'POST / HTTP/1.1\nhost: a\ncontent-type: application/grpc\ncontent-length: 0',
  );
  assert.equal(answer.status, 200);
  assert.equal(answer.header('grpc-status'), '14');
  assert.equal(answer.header('grpc-message'), 'no healthy upstream');
  assert.equal(answer.body, '');
});

test('the route time-out answers 504 and counts from the end of the request', async (t) => {
  const port = await serve(t, () => undefined);
  const proxy = await startProxy(t, toCluster(forward('c', { timeoutMs: 30 })), { clusters: { c: [port] } });
  const answer = await get(proxy.port, '/');
  assert.deepEqual([answer.status, answer.body], [504, 'upstream request timeout']);
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_timeout'), 1);
});

test('after the answer began, a time-out and a broken upstream cut it off', async (t) => {
  const slow = await serve(t, (_, answer) => {
    answer.write('begin');
  });
  const broken = await serveTcp(t, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345'));
  });
  const table = buildTable([
    buildVirtualHost([
      buildRoute(prefix('/slow'), forward('slow', { timeoutMs: 50 })),
      buildRoute(prefix('/broken'), forward('broken')),
    ]),
  ]);
  const proxy = await startProxy(t, table, { clusters: { slow: [slow], broken: [broken] } });
  for (const path of ['/slow', '/broken']) {
    const client = await RawClient.open(proxy.port);
    client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await client.closed();
    assert.match(client.received, /^HTTP\/1\.1 200 OK\r\n/);
    assert.doesNotMatch(client.received, /0\r\n\r\n$/);
  }
  assert.equal(proxy.stats.value('http.test.rq_reset_after_downstream_response_started'), 2);
});

test('a failing answer is retried on another host and the last one passes', async (t) => {
  let failures = 0;
  const attempts: (string | undefined)[] = [];
  const failing = await serve(t, (request, answer) => {
    failures++;
    attempts.push(request.headers['x-envoy-attempt-count'] as string);
    answer.statusCode = 503;
    answer.end('bad');
  });
  const good = await serve(t, (request, answer) => {
    attempts.push(request.headers['x-envoy-attempt-count'] as string);
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => answer.end(`good ${body}`));
  });
  const retryPolicy = buildRetryPolicy({
    numRetries: 3,
    avoidPreviousHosts: true,
    hostSelectionRetryMaxAttempts: 5,
  });
  const table = buildTable([
    buildVirtualHost(
      [
        buildRoute(prefix('/both'), forward('both', { retryPolicy })),
        buildRoute(prefix('/bad'), forward('bad', { retryPolicy })),
      ],
      { includeRequestAttemptCount: true, includeAttemptCountInResponse: true },
    ),
  ]);
  const proxy = await startProxy(t, table, { clusters: { both: [failing, good], bad: [failing] } });
  for (let round = 0; round < 4; round++) {
    const answer = await exchange(proxy.port, 'POST /both HTTP/1.1\nhost: a\ncontent-length: 4', 'body');
    assert.deepEqual([answer.status, answer.body], [200, 'good body']);
  }
  assert.ok(failures > 0);
  assert.equal(attempts.filter((attempt) => attempt === '2').length, failures);
  assert.equal(proxy.stats.value('cluster.both.upstream_rq_retry'), failures);
  assert.equal(proxy.stats.value('cluster.both.upstream_rq_retry_success'), failures);

  const answer = await get(proxy.port, '/bad');
  assert.deepEqual([answer.status, answer.body], [503, 'bad']);
  assert.equal(answer.header('x-envoy-attempt-count'), '4');
  assert.equal(proxy.stats.value('cluster.bad.upstream_rq_retry_limit_exceeded'), 1);
});

test('a per-try time-out is retried; a body beyond the limit ends retries', async (t) => {
  let count = 0;
  const port = await serve(t, (request, answer) => {
    count++;
    request.resume();
    request.on('end', () => {
      if (count > 1) answer.end('second');
    });
  });
  const retryPolicy = buildRetryPolicy({ perTryTimeoutMs: 20 });
  const table = buildTable([
    buildVirtualHost([
      buildRoute(prefix('/small'), forward('c', { retryPolicy })),
      buildRoute(prefix('/large'), forward('c', { retryPolicy }), { perRequestBufferLimitBytes: 3 }),
    ]),
  ]);
  const proxy = await startProxy(t, table, { clusters: { c: [port] } });
  assert.equal((await get(proxy.port, '/small')).body, 'second');
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_per_try_timeout'), 1);

  count = 0;
  const answer = await exchange(proxy.port, 'POST /large HTTP/1.1\nhost: a\ncontent-length: 4', 'body');
  assert.deepEqual([answer.status, answer.body], [504, 'upstream request timeout']);
  assert.equal(proxy.stats.value('cluster.c.retry_or_shadow_abandoned'), 1);
});

test('a connection that the server closed while idle costs no safe request', async (t) => {
  let count = 0;
  const port = await serveTcp(t, (socket) => {
    let requests = 0;
    socket.on('data', () => {
      count++;
      // The second request on a connection meets a server that has just given up on it.
      if (++requests > 1) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  const proxy = await startProxy(t, toCluster(), { clusters: { c: [port] } });
  assert.equal((await get(proxy.port, '/')).status, 200);
  assert.equal((await get(proxy.port, '/')).status, 200);
  assert.equal(count, 3);
  const post = await exchange(proxy.port, 'POST / HTTP/1.1\nhost: a\ncontent-length: 0');
  assert.equal(post.status, 503);
});

test('an open circuit breaker is said, and is not retried', async (t) => {
  const port = await serve(t, () => undefined);
  const retryPolicy = buildRetryPolicy({ retryOn: ['5xx', 'reset'] });
  const proxy = await startProxy(t, toCluster(forward('c', { retryPolicy })), {
    clusters: { c: [port] },
    clusterFields: { circuitBreakers: { maxConnections: 1, maxPendingRequests: 0, maxRequests: 1 } },
  });
  const waiting = await RawClient.open(proxy.port);
  waiting.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => proxy.stats.value('cluster.c.upstream_rq_total') === 1 || waiting.received !== '');
  const answer = await get(proxy.port, '/');
  assert.equal(answer.status, 503);
  assert.equal(answer.header('x-envoy-overloaded'), 'true');
  assert.match(answer.body, /reset reason: overflow$/);
  assert.equal(proxy.stats.value('cluster.c.upstream_rq_retry'), 0);
  waiting.close();
});

test('auto_host_rewrite takes the name of the host that was chosen', async (t) => {
  let host: string | undefined;
  const port = await serve(t, (request, answer) => {
    host = `${request.headers.host ?? ''} ${String(request.headers['x-envoy-original-host'])}`;
    answer.end();
  });
  const proxy = await startProxy(t, toCluster(forward('c', { hostRewrite: { kind: 'auto' } })), {
    clusters: { c: [port] },
  });
  await get(proxy.port, '/');
  assert.equal(host, 'c-0.test a.test');
});

test('an early answer is delivered and ends the connection', async (t) => {
  const port = await serveTcp(t, (socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 4\r\n\r\nmuch'));
  });
  const proxy = await startProxy(t, toCluster(), { clusters: { c: [port] } });
  const client = await RawClient.open(proxy.port);
  client.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nbegin');
  const answer = await client.answer();
  assert.deepEqual([answer.status, answer.body, answer.header('connection')], [413, 'much', 'close']);
  await client.closed();
});

test('a stream keeps the route table it began with, and new ones see the new table', async (t) => {
  const release: (() => void)[] = [];
  const one = await serve(t, (_, answer) => void release.push(() => answer.end('one')));
  const two = await serve(t, (_, answer) => answer.end('two'));
  const table = (cluster: string) =>
    buildTable([buildVirtualHost([buildRoute(prefix('/'), forward(cluster))])]);
  const proxy = await startProxy(t, table('one'), {
    clusters: { one: [one], two: [two] },
    manager: { routes: { kind: 'rds', routeConfigName: 'table' } },
  });
  assert.equal((await get(proxy.port, '/')).status, 404);
  proxy.routes.apply([table('one')]);
  const first = get(proxy.port, '/');
  await until(() => release.length === 1);
  proxy.routes.apply([table('two')]);
  assert.equal((await get(proxy.port, '/')).body, 'two');
  release[0]?.();
  assert.equal((await first).body, 'one');
});
