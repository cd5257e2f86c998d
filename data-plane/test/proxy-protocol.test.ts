import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { ListenerFilter, ListenerFilters, ProxyProtocol } from '../src/config/model/listener-filters.ts';
import type { FilterChainMatch } from '../src/config/model/listener.ts';
import {
  buildChain,
  buildListener,
  startProxy,
  type Proxy,
  type ProxyOptions,
} from '../src/router/testing/proxy.ts';
import { RawClient } from '../src/router/testing/raw-client.ts';
import {
  buildManager,
  buildRoute,
  buildTable,
  buildVirtualHost,
  prefix,
} from '../src/router/testing/route-fixtures.ts';
import { buildBinary, buildTlv } from '../src/transport/proxy-protocol/testing/build-proxy-header.ts';
import { buildDownstreamTls, toModel } from '../src/transport/tls/testing/tls-fixtures.ts';
import { until } from '../src/upstream/testing/upstream-server.ts';

const line = 'PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\r\n';
const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const proxyProtocol: ProxyProtocol = {
  kind: 'proxy-protocol',
  statPrefix: '',
  allowsWithoutHeader: false,
  allowedVersions: [1, 2],
  rules: [],
  rulesLocation: 'dynamic-metadata',
  passThroughTlvs: [],
};
const tlsInspector: ListenerFilter = {
  kind: 'tls-inspector',
  maxClientHelloBytes: 16_384,
  closesOnParsingErrors: false,
};
const everything: FilterChainMatch = {
  prefixRanges: [],
  directSourcePrefixRanges: [],
  sourceType: 'any',
  sourcePrefixRanges: [],
  sourcePorts: [],
  serverNames: [],
  transportProtocol: '',
  applicationProtocols: [],
};

/** Whom a request is from and to, as operators of logs tell it. */
const told = [
  '%DOWNSTREAM_REMOTE_ADDRESS%',
  '%DOWNSTREAM_LOCAL_ADDRESS%',
  '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%',
  '%DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT%',
  '%REQ(x-forwarded-for)%',
  '[%FILTER_STATE(envoy.network.proxy_protocol.tlv:FIELD:name)%]',
];
const toldHeader = { name: 'told', value: told.join(' '), action: 'append', keepEmptyValue: false } as const;
const mutation = { requestAdd: [], requestRemove: [], responseAdd: [toldHeader], responseRemove: [] };

function answering(name: string, match: Partial<FilterChainMatch> = {}, fields = {}) {
  const action = { kind: 'direct-response', status: 200, body: name } as const;
  const route = buildRoute(prefix('/'), action, { mutation });
  const manager = buildManager(buildTable([buildVirtualHost([route])]), { useRemoteAddress: true });
  return buildChain(manager, name, { name, match: { ...everything, ...match }, ...fields });
}

function start(
  t: TestContext,
  filter: Partial<ProxyProtocol>,
  fields: Partial<ListenerFilters> = {},
  chains = [answering('ok')],
  options: ProxyOptions = {},
): Promise<Proxy> {
  const listenerFilters: ListenerFilters = {
    timeoutMs: 15_000,
    continuesOnTimeout: false,
    filters: [{ ...proxyProtocol, ...filter }],
    ...fields,
  };
  return startProxy(t, buildTable([]), { ...options, listener: buildListener(chains, { listenerFilters }) });
}

/** What the operators told, or that the connection was closed. */
async function visit(proxy: Proxy, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const client = await RawClient.open(proxy.port);
  for (const piece of pieces) {
    client.socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  try {
    const outcome = await Promise.race([client.answer(), client.closed()]);
    if (outcome === undefined || typeof outcome !== 'object') return 'closed';
    return outcome.header('told') ?? `status ${outcome.status}`;
  } finally {
    client.close();
  }
}

const forwarded = '1.2.3.4:1000 5.6.7.8:2000 127.0.0.1 127.0.0.1 1.2.3.4 []';

test('a request is from whom the header says, in logs and in x-forwarded-for', async (t) => {
  const proxy = await start(t, {});
  assert.equal(await visit(proxy, line + request), forwarded);
  assert.equal(await visit(proxy, Buffer.concat([buildBinary(), Buffer.from(request)])), forwarded);
  const own = /^127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+ 127\.0\.0\.1 127\.0\.0\.1 192\.0\.2\.1 \[\]$/;
  assert.match(await visit(proxy, `PROXY UNKNOWN\r\n${request}`), own);
  const local = buildBinary({ versionAndCommand: 0x20 });
  assert.match(await visit(proxy, Buffer.concat([local, Buffer.from(request)])), own);
  assert.equal(await visit(proxy, request), 'closed');
  assert.equal(await visit(proxy, `PROXY TCP4 1.2.3.4\r\n${request}`), 'closed');
  assert.equal(await visit(proxy, buildBinary({ familyAndTransport: 0 }), request), 'closed');
  const { stats } = proxy;
  assert.equal(stats.value('proxy_proto.versions.v1.found'), 2);
  assert.equal(stats.value('proxy_proto.versions.v2.found'), 2);
  assert.equal(stats.value('proxy_proto.versions.v1.error'), 1);
  assert.equal(stats.value('proxy_proto.versions.v2.error'), 1);
  assert.equal(stats.value('proxy_proto.not_found_disallowed'), 1);
  assert.equal(stats.value('downstream_cx_proxy_proto_error'), 3);
  await until(() => proxy.listeners.connectionCount === 0);
  assert.equal(stats.value('listener.127.0.0.1_0.downstream_pre_cx_active'), 0);
});

test('a header comes in pieces of any size', async (t) => {
  const proxy = await start(t, {});
  for (const header of [Buffer.from(line), buildBinary({ tlvs: [buildTlv(4, 'x')] })]) {
    const pieces = Array.from(header, (byte) => Buffer.from([byte]));
    assert.equal(await visit(proxy, ...pieces, request), forwarded);
    assert.equal(await visit(proxy, header, ...Array.from(request)), forwarded);
  }
});

test('connections without a header, and versions that are not allowed', async (t) => {
  const lenient = await start(t, { allowsWithoutHeader: true, allowedVersions: [2], statPrefix: 'p' });
  assert.match(await visit(lenient, request), /^127\.0\.0\.1:/);
  assert.equal(await visit(lenient, Buffer.concat([buildBinary(), Buffer.from(request)])), forwarded);
  // Of a version that is not allowed it is no header: HTTP, and bad.
  assert.equal(await visit(lenient, line + request), 'status 400');
  assert.equal(lenient.stats.value('proxy_proto.p.not_found_allowed'), 2);
  const strict = await start(t, { allowedVersions: [1] });
  assert.equal(await visit(strict, line + request), forwarded);
  assert.equal(await visit(strict, buildBinary(), request), 'closed');
  assert.equal(strict.stats.value('proxy_proto.versions.v2.disallowed'), 1);
});

test('TLVs are kept in filter state, as text or in base64', async (t) => {
  const rule = { tlvType: 2, metadataNamespace: 'n', key: 'name', encoding: 'utf8' } as const;
  const send = async (rules: ProxyProtocol['rules'], ...values: readonly Buffer[]): Promise<string> => {
    const proxy = await start(t, { rules, rulesLocation: 'filter-state' });
    const tlvs = values.map((value) => buildTlv(2, value));
    const answer = await visit(proxy, buildBinary({ tlvs }), request);
    return Buffer.from(answer.split(' ').at(-1) ?? '', 'latin1').toString();
  };
  const bytes = Buffer.from([0x68, 0xff, 0xfe, 0xc3, 0xa4, 0xc3, 0x22, 0xe2, 0x82, 0x78]);
  assert.equal(await send([rule], bytes), '[h!!ä!"!!x]');
  assert.equal(await send([{ ...rule, encoding: 'base64' }], bytes), `[${bytes.toString('base64')}]`);
  assert.equal(await send([rule], Buffer.from('first'), Buffer.from('second')), '[second]');
  assert.equal(await send([rule]), '[]');
});

test('chains are matched by the addresses of the header', async (t) => {
  const range = (address: string) => [{ address, prefixLength: 8 }];
  const proxy = await start(t, {}, {}, [
    answering('port', { destinationPort: 2000 }),
    answering('destination', { prefixRanges: range('5.0.0.0') }),
    answering('source', { sourcePrefixRanges: range('9.0.0.0') }),
    answering('local', { sourceType: 'local' }),
  ]);
  const bodyFor = async (header: string): Promise<string> => {
    const client = await RawClient.open(proxy.port);
    client.send(header + request);
    const { body } = await client.answer();
    client.close();
    return body;
  };
  assert.equal(await bodyFor(line), 'port');
  assert.equal(await bodyFor('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n'), 'destination');
  assert.equal(await bodyFor('PROXY TCP4 9.9.9.9 6.6.7.8 1 2\r\n'), 'source');
  assert.equal(await bodyFor('PROXY UNKNOWN\r\n'), 'local');
});

test('TLS behind a header, with the TLS inspector or without', async (t) => {
  const certificate = createCertificate({ dnsNames: ['a.test'] });
  const tls = buildDownstreamTls([toModel(certificate, ['a.test'])], {});
  for (const filters of [[proxyProtocol, tlsInspector], [proxyProtocol]]) {
    const match = filters.length > 1 ? { serverNames: ['a.test'] } : {};
    const proxy = await start(t, {}, { filters }, [answering('secure', match, { tls })]);
    const plain = await RawClient.open(proxy.port);
    plain.socket.removeAllListeners('data');
    plain.socket.write(line);
    const secure = connectTls({ socket: plain.socket, servername: 'a.test', rejectUnauthorized: false });
    secure.write(request);
    const [chunk] = (await once(secure, 'data')) as [Buffer];
    assert.match(chunk.toString(), /told: 1\.2\.3\.4:1000 5\.6\.7\.8:2000 127\.0\.0\.1 127\.0\.0\.1 /);
    secure.destroy();
    plain.close();
  }
});

test('a filter that is disabled for a port lets its connections through', async (t) => {
  const rules = [
    { kind: 'destination-port', start: 1, end: 65_536 },
    { kind: 'not', rule: { kind: 'destination-port', start: 2000, end: 2001 } },
  ] as const;
  const proxy = await start(
    t,
    {},
    {
      filters: [
        proxyProtocol,
        { ...tlsInspector, closesOnParsingErrors: true, disabled: { kind: 'and', rules } },
      ],
    },
  );
  // The port is the one of the header.
  assert.equal(await visit(proxy, line + request), 'closed');
  assert.match(await visit(proxy, `PROXY TCP4 1.2.3.4 5.6.7.8 1000 2001\r\n${request}`), /^1\.2\.3\.4/);
});

test('a client that does not end its header is closed in time, or its bytes are what they are', async (t) => {
  for (const continuesOnTimeout of [false, true]) {
    const clock = createFakeClock();
    const limits = { timeoutMs: 500, continuesOnTimeout };
    const proxy = await start(t, {}, limits, [answering('ok')], { clock });
    const { stats } = proxy;
    const client = await RawClient.open(proxy.port);
    client.socket.write('PROXY TCP4 1.2.3.4\r\r\r\n ');
    await until(() => stats.value('listener.127.0.0.1_0.downstream_pre_cx_active') === 1);
    clock.advance(510);
    assert.equal(stats.value('listener.127.0.0.1_0.downstream_pre_cx_timeout'), 1);
    if (continuesOnTimeout) assert.equal((await client.answer()).status, 400);
    else await client.closed();
    client.close();
    proxy.listeners.close();
  }
});
