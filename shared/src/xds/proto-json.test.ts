import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInputError } from '../errors/problem.ts';
import { packAny } from './any.ts';
import { fromProtoJson, toProtoJson } from './proto-json.ts';
import { loadApi, type ApiTypeName } from './xds-api.ts';

const api = loadApi();
const bootstrap = 'envoy.config.bootstrap.v3.Bootstrap';

function problemsOf(typeName: ApiTypeName, json: unknown): string[] {
  try {
    fromProtoJson(api, typeName, json);
  } catch (thrown) {
    assert.ok(thrown instanceof InvalidInputError, String(thrown));
    return thrown.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return assert.fail('nothing was thrown');
}

test('all problems come at once, in the order of the input, spelled as the input spells', () => {
  const problems = problemsOf(bootstrap, {
    node: { id: 5, clustr: 'x' },
    static_resources: {
      clusters: [
        { name: 'a', lb_policy: 'RNDOM', connect_timeout: '5', bogusField: 1 },
        { load_assignment: { endpoints: { lb_endpoints: { endpoint: { address: [] } } } } },
      ],
    },
    statsFlushInterval: true,
  });
  assert.deepEqual(problems, [
    'node.id: expected a string, found the number 5',
    'node.clustr: no such field in envoy.config.core.v3.Node (did you mean "cluster"?)',
    'static_resources.clusters[0].lb_policy: "RNDOM" is not a value of envoy.config.cluster.v3.Cluster.LbPolicy (did you mean "RANDOM"?)',
    'static_resources.clusters[0].connect_timeout: expected a duration such as "1.5s", found "5"',
    'static_resources.clusters[0].bogusField: no such field in envoy.config.cluster.v3.Cluster',
    'static_resources.clusters[1].load_assignment.endpoints.lb_endpoints.endpoint.address: expected an object (envoy.config.core.v3.Address), found a list',
    'statsFlushInterval: expected a duration such as "1.5s", found the boolean true',
  ]);
});

test('a suggestion is spelled as the mistake is', () => {
  assert.match(problemsOf(bootstrap, { static_resource: {} })[0]!, /did you mean "static_resources"/);
  assert.match(problemsOf(bootstrap, { staticResource: {} })[0]!, /did you mean "staticResources"/);
});

test('problems inside of an Any are found, and an unknown type is told', () => {
  const cluster = (any: object) => ({ typedExtensionProtocolOptions: { 'a.b': any } });
  const of = (any: object) => problemsOf('envoy.config.cluster.v3.Cluster', cluster(any));
  const options = 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const [first, second, ...others] = of({ '@type': options, explicit_http_config: { http3: 1 }, x: 1 });
  assert.match(
    first!,
    /^typedExtensionProtocolOptions\["a\.b"\]\.explicit_http_config\.http3: no such field in /,
  );
  assert.match(second!, /^typedExtensionProtocolOptions\["a\.b"\]\.x: no such field in /);
  assert.deepEqual(others, []);
  assert.match(
    of({ '@type': `${options}s` })[0]!,
    /@type: the API has no type .*did you mean "envoy\.extensions\.upstreams\.http\.v3\.HttpProtocolOptions"/,
  );
  assert.match(of({ '@type': 'x.Y' })[0]!, /has no type x\.Y$/);
  assert.match(of({ a: 1 })[0]!, /"@type" is missing/);
  assert.match(
    of({ '@type': 'type.googleapis.com/google.protobuf.Duration', seconds: 1 })[0]!,
    /stands under "value"/,
  );
});

test('what Envoy is lenient about gives the value that Envoy takes', () => {
  const { staticResources, node, ...rest } = fromProtoJson(api, bootstrap, {
    use_tcp_for_dns_lookups: 'T',
    stats_flush_interval: { seconds: '5' },
    stats_config: { use_all_default_tags: { value: false } },
    admin: { address: { socket_address: { address: '::1', port_value: '0x10', protocol: 'udp' } } },
    static_resources: {
      clusters: {
        name: 'a',
        perConnectionBufferLimitBytes: { value: 3 },
        circuit_breakers: { thresholds: { max_requests: 15e2 } },
      },
      listeners: [[{ name: 'l' }], null],
    },
    node: { id: null, client_features: ['x', null], dynamic_parameters: { k: null } },
  });
  assert.equal(rest.useTcpForDnsLookups, true);
  assert.deepEqual(rest.statsFlushInterval, { seconds: 5, nanos: 0 });
  assert.equal(rest.statsConfig?.useAllDefaultTags, false);
  assert.deepEqual(rest.admin?.address?.socketAddress, {
    protocol: 'UDP',
    address: '::1',
    portValue: 16,
    resolverName: '',
    ipv4Compat: false,
    networkNamespaceFilepath: '',
  });
  const [cluster] = staticResources?.clusters ?? [];
  assert.equal(cluster?.perConnectionBufferLimitBytes, 3);
  assert.equal(cluster.circuitBreakers?.thresholds[0]?.maxRequests, 1500);
  assert.deepEqual(
    staticResources?.listeners.map(({ name }) => name),
    ['l', ''],
  );
  assert.deepEqual(node?.clientFeatures, ['x', '']);
  assert.deepEqual(node.dynamicParameters, { k: { params: {} } });
});

test('numbers out of range, fractions and wrong words are refused', () => {
  const of = (json: object) => problemsOf('envoy.config.core.v3.SocketAddress', json)[0]!;
  assert.match(of({ port_value: -1 }), /out of the range of uint32/);
  assert.match(of({ port_value: 2 ** 32 }), /out of the range/);
  assert.match(of({ port_value: 1.5 }), /found the fraction 1\.5/);
  assert.match(of({ port_value: '1_0' }), /found "1_0"/);
  assert.match(of({ port_value: ' 1' }), /expected an integer/);
  assert.match(of({ port_value: NaN }), /expected an integer/);
  assert.match(of({ ipv4_compat: 'on' }), /expected true or false, found "on"/);
  assert.match(
    of({ port_value: 1, named_port: 'x' }),
    /named_port: port_value is set, too, but only one of port_specifier/,
  );
  assert.match(of({ ipv4_compat: true, ipv4Compat: true }), /ipv4_compat is the same field/);
});

test('a secret is not repeated in a message about it', () => {
  const problems = problemsOf('envoy.extensions.transport_sockets.tls.v3.Secret', {
    name: 's',
    generic_secret: { secret: { inline_bytes: 'hunter2!', inline_string: ['hunter2!'] } },
  });
  assert.equal(problems.length, 2);
  assert.ok(!problems.join().includes('hunter2'), problems.join());
});

test('durations and times are read and printed in every form', () => {
  for (const [text, seconds, nanos] of [
    ['0s', 0, 0],
    ['1.500s', 1, 500_000_000],
    ['-0.000000001s', 0, -1],
    ['-2.000001s', -2, -1000],
    ['315576000000s', 315_576_000_000, 0],
  ] as const) {
    const duration = fromProtoJson(api, 'google.protobuf.Duration', text);
    assert.deepEqual(duration, { seconds, nanos });
    assert.equal(toProtoJson(api, 'google.protobuf.Duration', duration), text);
  }
  for (const bad of ['1', 's', '1.s', '.5s', '1.0000000001s', '315576000001s', '1e3s', '+1s', '1 s']) {
    assert.equal(problemsOf('google.protobuf.Duration', bad).length, 1, bad);
  }
  const time = (text: string) => fromProtoJson(api, 'google.protobuf.Timestamp', text);
  assert.deepEqual(time('1970-01-01T00:00:01.5Z'), { seconds: 1, nanos: 500_000_000 });
  assert.deepEqual(time('1970-01-01T02:00:00+02:00'), { seconds: 0, nanos: 0 });
  assert.deepEqual(time('1969-12-31T22:30:00-01:30'), { seconds: 0, nanos: 0 });
  assert.deepEqual(time('0001-01-01T00:00:00Z'), { seconds: -62_135_596_800, nanos: 0 });
  assert.equal(
    toProtoJson(api, 'google.protobuf.Timestamp', time('1960-02-29T23:59:59.000001Z')),
    '1960-02-29T23:59:59.000001Z',
  );
  for (const bad of [
    '2023-02-29T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '0000-01-01T00:00:00Z',
    '2024-01-01T00:00:00',
    '2024-01-01',
  ]) {
    assert.equal(problemsOf('google.protobuf.Timestamp', bad).length, 1, bad);
  }
});

test('printing: both spellings, with and without defaults', () => {
  const cluster = api.create('envoy.config.cluster.v3.Cluster', {
    name: 'a',
    lbPolicy: 'MAGLEV',
    type: 'STATIC',
    perConnectionBufferLimitBytes: 0,
  });
  const print = (options?: object) =>
    toProtoJson(api, 'envoy.config.cluster.v3.Cluster', cluster, options) as Record<string, unknown>;
  assert.deepEqual(print(), {
    name: 'a',
    type: 'STATIC',
    perConnectionBufferLimitBytes: 0,
    lbPolicy: 'MAGLEV',
  });
  assert.deepEqual(Object.keys(print({ spelling: 'proto' })), [
    'name',
    'type',
    'per_connection_buffer_limit_bytes',
    'lb_policy',
  ]);
  const full = print({ spelling: 'proto', shouldPrintDefaults: true });
  assert.equal(full['respect_dns_ttl'], false);
  assert.deepEqual(full['health_checks'], []);
  assert.equal('connect_timeout' in full, false);
});

test('printing an Any: with its content, or with its bytes when the type is unknown or the bytes are no message', () => {
  const print = (any: { typeUrl: string; value: Uint8Array }) => toProtoJson(api, 'google.protobuf.Any', any);
  assert.deepEqual(print(packAny(api, 'google.protobuf.Duration', { seconds: 1 })), {
    '@type': 'type.googleapis.com/google.protobuf.Duration',
    value: '1s',
  });
  assert.deepEqual(print({ typeUrl: 'x/y.Z', value: Buffer.of(1) }), { '@type': 'x/y.Z', value: 'AQ==' });
  const broken = { typeUrl: 'type.googleapis.com/envoy.config.cluster.v3.Cluster', value: Buffer.of(255) };
  assert.deepEqual(print(broken), { '@type': broken.typeUrl, value: '/w==' });
  assert.deepEqual(print({ typeUrl: '', value: Buffer.alloc(0) }), {});
});

test('printing with redaction hides what the API calls sensitive, in an Any and a list as well', () => {
  const secret = api.create('envoy.extensions.transport_sockets.tls.v3.Secret', {
    name: 'server',
    tlsCertificate: {
      certificateChain: { inlineString: 'public' },
      privateKey: { inlineBytes: Buffer.from('hunter2') },
      password: { filename: '/etc/hunter2' },
    },
  });
  const any = packAny(api, 'envoy.extensions.transport_sockets.tls.v3.Secret', secret);
  const printed = toProtoJson(api, 'google.protobuf.Any', any, { shouldRedact: true, spelling: 'proto' });
  assert.deepEqual(printed, {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
    name: 'server',
    tls_certificate: {
      certificate_chain: { inline_string: 'public' },
      private_key: { inline_bytes: Buffer.from('[redacted]').toString('base64') },
      password: { filename: '[redacted]' },
    },
  });
  const keys = api.create('envoy.extensions.transport_sockets.tls.v3.Secret', {
    sessionTicketKeys: { keys: [{ inlineString: 'hunter2' }] },
  });
  const text = JSON.stringify(
    toProtoJson(api, 'envoy.extensions.transport_sockets.tls.v3.Secret', keys, { shouldRedact: true }),
  );
  assert.ok(!text.includes('hunter2') && text.includes('[redacted]'), text);
});

test('JSON that nests without end is refused', () => {
  let json: object = {};
  for (let depth = 0; depth < 300; depth++) json = { and_rules: { rules: [json] } };
  assert.match(problemsOf('envoy.config.rbac.v3.Permission', json)[0]!, /nested too deeply/);
});
