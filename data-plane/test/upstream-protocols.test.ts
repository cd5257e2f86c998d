import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import {
  connect as connectHttp2,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
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
import { buildUpstreamTls, buildValidation } from '../src/transport/tls/testing/tls-fixtures.ts';
import { until } from '../src/upstream/testing/upstream-server.ts';
import { createConnector } from '../src/upstream-transport.ts';

const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const certificate = createCertificate({ issuer: authority, dnsNames: ['a.test'] });
const pair = { cert: certificate.pem, key: certificate.privateKeyPem };
const http2: Http2ProtocolOptions = { allowsConnect: false, isStreamErrorOnInvalidMessage: false };
const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('c', { timeoutMs: 0 }))])]);

type Handler = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => void;

/** By what the server chooses of a client's offer. */
const servers = {
  h2: (handler: Handler): Server => createSecureServer({ ...pair, allowHTTP1: true }, handler),
  'http/1.1': (handler: Handler): Server => withTls(createHttpServer(handler), ['http/1.1']),
  nothing: (handler: Handler): Server => withTls(createHttpServer(handler), undefined),
} as const;
type Choice = keyof typeof servers;

function withTls(http: HttpServer, protocols: string[] | undefined): Server {
  const options = { ...pair, ...(protocols === undefined ? {} : { ALPNProtocols: protocols }) };
  return createTlsServer(options, (socket) => http.emit('connection', socket));
}

/** Answers come when the test says so, and tell the version of HTTP. */
async function startServer(t: TestContext, choice: Choice, port = 0, onRequest = (): void => undefined) {
  const held: (() => void)[] = [];
  const server = servers[choice]((request, response) => {
    onRequest();
    held.push(() => response.end(request.httpVersion));
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  };
  t.after(close);
  return {
    port: (server.address() as AddressInfo).port,
    held,
    release: () => held.splice(0).forEach((answer) => answer()),
    close,
  };
}

function start(
  t: TestContext,
  port: number,
  http: Partial<UpstreamHttpOptions>,
  options: ProxyOptions['clusterFields'] = {},
): Promise<Proxy> {
  const validation = buildValidation({ trustedCaPem: authority.pem });
  return startProxy(t, table, {
    clusters: { c: [port] },
    clusterFields: {
      tls: buildUpstreamTls({ sni: 'a.test', validation }),
      // Handshakes on a busy machine take their time.
      connectTimeoutMs: 30_000,
      http,
      ...options,
    },
    createConnector,
  });
}

async function ask(t: TestContext, port: number): Promise<RawClient> {
  const client = await RawClient.open(port);
  t.after(() => client.close());
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  return client;
}

function connectionCounts({ stats }: Proxy): Record<string, number> {
  const value = (name: string): number => stats.value(`cluster.c.upstream_cx_${name}`);
  return { total: value('total'), http1: value('http1_total'), http2: value('http2_total') };
}

const requestCount = 40;

for (const [choice, version, expected] of [
  ['h2', '2.0', { total: 1, http1: 0, http2: 1 }],
  ['http/1.1', '1.1', { total: requestCount, http1: requestCount, http2: 0 }],
  ['nothing', '1.1', { total: requestCount, http1: requestCount, http2: 0 }],
] as const) {
  test(`auto_config: a burst to a server that chooses ${choice}`, async (t) => {
    const server = await startServer(t, choice);
    const proxy = await start(t, server.port, { protocol: 'auto', http2 });
    const clients = await Promise.all(Array.from({ length: requestCount }, () => ask(t, proxy.port)));
    // All at once, though the pool may have hoped for one connection that takes them all.
    await until(() => server.held.length === requestCount);
    assert.deepEqual(connectionCounts(proxy), expected);
    server.release();
    for (const client of clients) assert.equal((await client.answer()).body, version);
    const again = await ask(t, proxy.port);
    await until(() => server.held.length === 1);
    server.release();
    assert.equal((await again.answer()).body, version);
    assert.deepEqual(connectionCounts(proxy), expected, 'they are kept, and used again');
    assert.equal(proxy.stats.value('cluster.c.upstream_rq_pending_active'), 0);
  });
}

test('auto_config: a server that turns out to speak HTTP/1.1 has more connections opened at a time', async (t) => {
  const totals: number[] = [];
  const server = await startServer(t, 'http/1.1', 0, () => totals.push(connectionCounts(proxy).total ?? 0));
  const proxy = await start(t, server.port, { protocol: 'auto', http2 });
  const clients = await Promise.all(Array.from({ length: 10 }, () => ask(t, proxy.port)));
  await until(() => server.held.length === 10);
  server.release();
  for (const client of clients) await client.answer();
  // The first request goes out in the turn in which its connection said what it speaks.
  assert.ok((totals[0] ?? 0) >= 4, String(totals[0]));
});

test('auto_config: a limit of connections holds for a server that chooses http/1.1', async (t) => {
  const server = await startServer(t, 'http/1.1');
  const proxy = await start(
    t,
    server.port,
    { protocol: 'auto', http2 },
    { circuitBreakers: { maxConnections: 3 } },
  );
  const clients = await Promise.all(Array.from({ length: 12 }, () => ask(t, proxy.port)));
  const waiting = (): number => proxy.stats.value('cluster.c.upstream_rq_pending_active');
  for (let left = 9; left >= 0; left -= 3) {
    await until(() => server.held.length === 3 && waiting() === left);
    server.release();
  }
  for (const client of clients) assert.equal((await client.answer()).body, '1.1');
  assert.deepEqual(connectionCounts(proxy), { total: 3, http1: 3, http2: 0 });
});

test('auto_config: a server that comes back with another choice is believed', async (t) => {
  const first = await startServer(t, 'h2');
  const proxy = await start(t, first.port, { protocol: 'auto', http2 });
  const client = await ask(t, proxy.port);
  await until(() => first.held.length === 1);
  first.release();
  assert.equal((await client.answer()).body, '2.0');
  await first.close();
  await until(() => proxy.stats.value('cluster.c.upstream_cx_active') === 0);
  const second = await startServer(t, 'http/1.1', first.port);
  const clients = await Promise.all(Array.from({ length: 10 }, () => ask(t, proxy.port)));
  await until(() => second.held.length === 10);
  second.release();
  for (const each of clients) assert.equal((await each.answer()).body, '1.1');
  assert.deepEqual(connectionCounts(proxy), { total: 11, http1: 10, http2: 1 });
});

async function askOverHttp2(t: TestContext, port: number): Promise<string> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  const stream = session.request({ ':path': '/' });
  let body = '';
  stream.setEncoding('utf8').on('data', (text: string) => (body += text));
  await once(stream, 'end');
  return body;
}

test('use_downstream_protocol_config: each client is served in its own protocol, if that is configured', async (t) => {
  for (const [http, versionForHttp2, expected] of [
    [{ http2 }, '2.0', { total: 2, http1: 1, http2: 1 }],
    [{}, '1.1', { total: 1, http1: 1, http2: 0 }],
  ] as const) {
    const server = await startServer(t, 'h2');
    const proxy = await start(t, server.port, { protocol: 'downstream', ...http });
    const released = async <T>(answer: Promise<T>): Promise<T> => {
      await until(() => server.held.length === 1);
      server.release();
      return answer;
    };
    assert.equal((await released(get(proxy.port, '/'))).body, '1.1');
    assert.equal(await released(askOverHttp2(t, proxy.port)), versionForHttp2);
    assert.deepEqual(connectionCounts(proxy), expected);
  }
});
