import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { connect as connectPlain, createServer, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { ListenerFilters, TlsInspector } from '../src/config/model/listener-filters.ts';
import type { FilterChain, FilterChainMatch, Listener } from '../src/config/model/listener.ts';
import { buildChain, buildListener, startProxy, type ProxyOptions } from '../src/router/testing/proxy.ts';
import { RawClient, get } from '../src/router/testing/raw-client.ts';
import {
  buildManager,
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import {
  buildDownstreamTls,
  buildUpstreamTls,
  buildValidation,
  toModel,
} from '../src/transport/tls/testing/tls-fixtures.ts';
import { until } from '../src/upstream/testing/upstream-server.ts';
import { createConnector } from '../src/upstream-transport.ts';

const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const certificate = createCertificate({ issuer: authority, dnsNames: ['a.test', '127.0.0.1'] });
const tls = buildDownstreamTls([toModel(certificate, ['a.test'])], { alpnProtocols: ['http/1.1'] });
const request = 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n';
const matchesAll: FilterChainMatch = {
  prefixRanges: [],
  directSourcePrefixRanges: [],
  sourceType: 'any',
  sourcePrefixRanges: [],
  sourcePorts: [],
  serverNames: [],
  transportProtocol: '',
  applicationProtocols: [],
};
const inspected = (
  inspector: Partial<TlsInspector> = {},
  fields: Partial<ListenerFilters> = {},
): Partial<Listener> => ({
  listenerFilters: {
    timeoutMs: 15_000,
    continuesOnTimeout: false,
    filters: [
      { kind: 'tls-inspector', maxClientHelloBytes: 16_384, closesOnParsingErrors: false, ...inspector },
    ],
    ...fields,
  },
});

/** A chain that answers with its own name. */
function answering(
  name: string,
  match: Partial<FilterChainMatch>,
  fields: Partial<FilterChain> = {},
): FilterChain {
  const action = { kind: 'direct-response', status: 200, body: name } as const;
  const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), action)])]);
  return buildChain(buildManager(table), name, { name, match: { ...matchesAll, ...match }, ...fields });
}

async function start(
  t: TestContext,
  chains: readonly FilterChain[],
  fields: Partial<Listener> = {},
  options: ProxyOptions = {},
) {
  return startProxy(t, buildTable([]), { ...options, listener: buildListener(chains, fields) });
}

interface TlsClient {
  readonly client: RawClient;
  readonly socket: TLSSocket;
}

async function openTls(port: number, options: ConnectionOptions = {}): Promise<TlsClient> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  const client = new RawClient(socket);
  await once(socket, 'secureConnect');
  return { client, socket };
}

async function ask(client: RawClient): Promise<string> {
  client.send(request);
  const { body } = await client.answer();
  client.close();
  return body;
}

async function askTls(port: number, options: ConnectionOptions = {}): Promise<string> {
  return ask((await openTls(port, options)).client);
}

test('HTTP/1.1 over TLS, from the client to the upstream', async (t) => {
  const seen: (string | undefined)[] = [];
  const upstream = createHttpsServer(
    { cert: certificate.pem, key: certificate.privateKeyPem },
    (req, res) => {
      seen.push(String(req.headers['x-forwarded-proto']));
      seen.push(String('alpnProtocol' in req.socket && req.socket.alpnProtocol));
      req.on('data', () => undefined).on('end', () => res.end('x'.repeat(200_000)));
    },
  );
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.after(() => upstream.close().closeAllConnections());
  const { port } = upstream.address() as { port: number };
  const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('c'))])]);
  const proxy = await startProxy(t, table, {
    clusters: { c: [port] },
    clusterFields: {
      tls: buildUpstreamTls({
        sni: 'a.test',
        validation: buildValidation({
          trustedCaPem: authority.pem,
          subjectAltNames: [
            { type: 'dns', oid: '', matcher: { kind: 'exact', value: 'a.test', ignoreCase: false } },
          ],
        }),
      }),
    },
    createConnector,
    listener: buildListener([buildChain(buildManager(table), 'tls', { tls })]),
  });
  const { client, socket } = await openTls(proxy.port, {
    servername: 'a.test',
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  assert.equal(socket.alpnProtocol, 'http/1.1');
  for (let round = 0; round < 2; round++) {
    client.send(`POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 100000\r\n\r\n${'y'.repeat(100_000)}`);
    const answer = await client.answer();
    assert.equal(answer.status, 200);
    assert.equal(answer.body, 'x'.repeat(200_000));
  }
  client.close();
  assert.deepEqual(seen, ['https', 'http/1.1', 'https', 'http/1.1']);
  const scope = `listener.127.0.0.1_0.ssl.`;
  const { stats } = proxy;
  await until(() => stats.value('listener.127.0.0.1_0.downstream_cx_active') === 0);
  assert.deepEqual(
    [
      `${scope}handshake`,
      `${scope}no_certificate`,
      `${scope}versions.TLSv1.3`,
      'http.test.downstream_cx_ssl_total',
    ].map((name) => stats.value(name)),
    [1, 1, 1, 1],
  );
  assert.equal(stats.value(`${scope}ciphers.TLS_AES_128_GCM_SHA256`), 1);
  assert.equal(stats.value('cluster.c.ssl.handshake'), 1);
  assert.equal(stats.value('cluster.c.ssl.versions.TLSv1.2'), 1);
  assert.equal(stats.value('cluster.c.ssl.curves.X25519'), 1);
});

test('an upstream that is not who it should be is a connection failure', async (t) => {
  const upstream = createHttpsServer(
    { cert: certificate.pem, key: certificate.privateKeyPem },
    (_req, res) => {
      res.end();
    },
  );
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.after(() => upstream.close().closeAllConnections());
  const { port } = upstream.address() as { port: number };
  const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('c'))])]);
  const stranger = createCertificate({ isAuthority: true });
  const proxy = await startProxy(t, table, {
    clusters: { c: [port] },
    clusterFields: { tls: buildUpstreamTls({ validation: buildValidation({ trustedCaPem: stranger.pem }) }) },
    createConnector,
  });
  const answer = await get(proxy.port, '/');
  assert.equal(answer.status, 503);
  assert.match(answer.body, /remote connection failure/);
  assert.equal(proxy.stats.value('cluster.c.ssl.fail_verify_error'), 1);
});

test('chains are chosen by server name, transport and application protocol', async (t) => {
  const proxy = await start(
    t,
    [
      answering('exact', { serverNames: ['a.test'] }, { tls }),
      answering('wildcard', { serverNames: ['*.test'] }, { tls }),
      answering('longer wildcard', { serverNames: ['*.b.test'] }, { tls }),
      answering('h2', { serverNames: ['p.test'], applicationProtocols: ['h2'] }, { tls }),
      answering('http/1.1', { serverNames: ['p.test'], applicationProtocols: ['http/1.1'] }, { tls }),
      answering('any tls', { transportProtocol: 'tls' }, { tls }),
      answering('plain', { transportProtocol: 'raw_buffer' }),
    ],
    inspected(),
  );
  const named = async (servername: string, ALPNProtocols: string[] = []): Promise<string> =>
    askTls(proxy.port, { servername, ...(ALPNProtocols.length > 0 ? { ALPNProtocols } : {}) });
  assert.equal(await named('A.test'), 'exact');
  assert.equal(await named('x.test'), 'wildcard');
  assert.equal(await named('x.y.test'), 'wildcard');
  assert.equal(await named('x.b.test'), 'longer wildcard');
  assert.equal(await named('b.test'), 'wildcard');
  assert.equal(await named('p.test', ['http/1.1', 'h2']), 'http/1.1');
  assert.equal(await named('p.test', ['spdy', 'h2']), 'h2');
  assert.equal(await named('other'), 'any tls');
  assert.equal(await askTls(proxy.port), 'any tls');
  assert.equal(await ask(await RawClient.open(proxy.port)), 'plain');
  // No way back from the server name to chains without one.
  const lost = connect({
    port: proxy.port,
    host: '127.0.0.1',
    servername: 'p.test',
    rejectUnauthorized: false,
  });
  const [error] = (await once(lost, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
  const { stats } = proxy;
  assert.equal(stats.value('listener.127.0.0.1_0.no_filter_chain_match'), 1);
  assert.equal(stats.value('tls_inspector.tls_found'), 10);
  assert.equal(stats.value('tls_inspector.tls_not_found'), 1);
  assert.equal(stats.value('tls_inspector.sni_found'), 9);
  assert.equal(stats.value('tls_inspector.alpn_found'), 2);
  assert.equal(stats.value('listener.127.0.0.1_0.downstream_pre_cx_active'), 0);
  await until(() => proxy.listeners.connectionCount === 0);
});

/** What Node's client says first. */
async function helloBytes(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connect({ port, host: '127.0.0.1', servername: 'a.test' }).on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

test('a ClientHello in pieces, one that never ends, and garbage', async (t) => {
  const chains = [answering('tls', { transportProtocol: 'tls' }, { tls }), answering('plain', {})];
  for (const isStrict of [false, true]) {
    const proxy = await start(
      t,
      chains,
      inspected({ maxClientHelloBytes: 2_000, closesOnParsingErrors: isStrict }),
    );
    const { stats } = proxy;
    const pieces = connectPlain(proxy.port, '127.0.0.1');
    for (const byte of await helloBytes()) {
      pieces.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [answer] = (await once(pieces, 'data')) as [Buffer];
    // A record of a handshake: its ServerHello.
    assert.equal(answer[0], 22);
    pieces.destroy();

    const endless = await RawClient.open(proxy.port);
    const header = Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc]);
    endless.socket.write(Buffer.concat([header, Buffer.alloc(1_990)]));
    await new Promise((resolve) => setImmediate(resolve));
    endless.socket.write(Buffer.alloc(10));
    await endless.closed();
    assert.equal(stats.value('tls_inspector.client_hello_too_large'), 1);

    const garbage = await RawClient.open(proxy.port);
    garbage.send(request);
    if (isStrict) await garbage.closed();
    else assert.equal((await garbage.answer()).body, 'plain');
    garbage.close();
    const gone = await RawClient.open(proxy.port);
    gone.socket.end();
    await gone.closed();
    await until(() => proxy.listeners.connectionCount === 0);
    assert.equal(stats.value('listener.127.0.0.1_0.downstream_listener_filter_remote_close'), 1);
    assert.equal(stats.value('listener.127.0.0.1_0.downstream_pre_cx_active'), 0);
  }
});

test('who says nothing is closed in time, or counts as plain', async (t) => {
  for (const continuesOnTimeout of [false, true]) {
    const clock = createFakeClock();
    const chains = [answering('tls', { transportProtocol: 'tls' }, { tls }), answering('plain', {})];
    const proxy = await start(t, chains, inspected({}, { timeoutMs: 500, continuesOnTimeout }), { clock });
    const { stats } = proxy;
    const client = await RawClient.open(proxy.port);
    client.socket.write(Buffer.from([22, 3]));
    await until(() => stats.value('listener.127.0.0.1_0.downstream_pre_cx_active') === 1);
    clock.advance(510);
    assert.equal(stats.value('listener.127.0.0.1_0.downstream_pre_cx_timeout'), 1);
    assert.equal(proxy.listeners.connectionCount, continuesOnTimeout ? 1 : 0);
    if (continuesOnTimeout) {
      // What it had said goes to the chain, for which it is no HTTP.
      assert.equal((await client.answer()).status, 400);
    } else await client.closed();
    client.close();
    proxy.listeners.close();
  }
});

test('a handshake has its time, and ends with its listener', async (t) => {
  const clock = createFakeClock();
  const slow = answering('slow', {}, { tls, transportSocketConnectTimeoutMs: 300 });
  const proxy = await start(t, [slow], {}, { clock });
  const { stats } = proxy;
  const silent = await RawClient.open(proxy.port);
  const half = await RawClient.open(proxy.port);
  half.socket.write(await helloBytes());
  await until(() => half.received !== '');
  assert.equal(stats.value('listener.127.0.0.1_0.downstream_cx_active'), 2);
  clock.advance(310);
  await silent.closed();
  await half.closed();
  assert.equal(stats.value('listener.127.0.0.1_0.downstream_cx_transport_socket_connect_timeout'), 2);
  assert.equal(stats.value('listener.127.0.0.1_0.ssl.connection_error'), 0);
  await until(() => proxy.listeners.connectionCount === 0);
  const last = await RawClient.open(proxy.port);
  await until(() => proxy.listeners.connectionCount === 1);
  proxy.listeners.close();
  await last.closed();
  await until(() => proxy.listeners.connectionCount === 0);
});

test('a client that names no server is refused where it must, and one without TLS anyway', async (t) => {
  const proxy = await start(t, [answering('sni', {}, { tls: { ...tls, requireSni: true } })]);
  assert.equal(await askTls(proxy.port, { servername: 'a.test' }), 'sni');
  const nameless = connect({ port: proxy.port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(nameless, 'error');
  const plain = await RawClient.open(proxy.port);
  plain.send(request);
  await plain.closed();
  await until(() => proxy.listeners.connectionCount === 0);
  assert.equal(proxy.stats.value('listener.127.0.0.1_0.ssl.connection_error'), 2);
});
