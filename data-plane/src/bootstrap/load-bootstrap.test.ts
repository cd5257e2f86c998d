import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInputError, formatProblem } from '@heddle/shared/errors/problem';
import { jsonReader } from '@heddle/shared/xds/config-file';
import { yamlReader } from '@heddle/shared/xds/read-yaml';
import type { Bootstrap } from '../config/model/bootstrap.ts';
import { managerOf } from '../config/model/listener.ts';
import { decoderOptions } from '../config/resources/testing/decode-yaml.ts';
import { loadBootstrap, type LoadedBootstrap } from './load-bootstrap.ts';
import { makeBootstrap } from './make-bootstrap.ts';

const overrides = { version: '9.9.9' };

function load(text: string, fileName = 'b.yaml'): LoadedBootstrap {
  const reader = fileName.endsWith('.yaml') ? yamlReader : jsonReader;
  return loadBootstrap([{ bytes: Buffer.from(text), name: fileName, reader }], {
    decoder: decoderOptions,
    overrides,
  });
}

function parse(text: string): Bootstrap {
  return load(text).bootstrap;
}

function problemsOf(text: string, fileName = 'b.yaml'): string[] {
  try {
    load(text, fileName);
  } catch (thrown) {
    assert.ok(thrown instanceof InvalidInputError);
    return thrown.problems.map(formatProblem);
  }
  return [];
}

const upstreamTls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const withTransportSocket = (common: string): string =>
  ads.replace(
    '    connect_timeout: 1s\n',
    `    connect_timeout: 1s
    transport_socket:
      name: tls
      typed_config: { "@type": ${upstreamTls}, common_tls_context: { ${common} } }
`,
  );

const ads = `
node: { id: node-1, cluster: c }
dynamic_resources:
  ads_config: { api_type: DELTA_GRPC, transport_api_version: V3, grpc_services: [ { envoy_grpc: { cluster_name: xds } } ] }
  cds_config: { ads: {}, resource_api_version: V3 }
  lds_config: { ads: {}, initial_fetch_timeout: 3s }
static_resources:
  clusters:
  - name: xds
    connect_timeout: 1s
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: { http2_protocol_options: { connection_keepalive: { interval: 15s, timeout: 5s } } }
    load_assignment: { cluster_name: xds, endpoints: [ { lb_endpoints: [ { endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 18000 } } } } ] } ] }
`;

test('a bootstrap for ADS', () => {
  const bootstrap = parse(ads);
  assert.deepEqual(bootstrap.ads, {
    variant: 'delta',
    clusterName: 'xds',
    authority: 'xds',
    addresses: [{ address: '127.0.0.1', port: 18000 }],
    initialMetadata: [],
    connectTimeoutMs: 1000,
    backOff: { baseMs: 500, maxMs: 30000 },
    keepAlive: { intervalMs: 15000, timeoutMs: 5000 },
  });
  assert.deepEqual(bootstrap.cds, { source: { kind: 'ads' }, initialFetchTimeoutMs: 15000 });
  assert.deepEqual(bootstrap.lds, { source: { kind: 'ads' }, initialFetchTimeoutMs: 3000 });
  assert.equal(bootstrap.staticClusters[0]?.http.protocol, 'http2');
  assert.equal(bootstrap.admin, undefined);
  assert.equal(Object.isFrozen(bootstrap.ads.addresses), true);
  const { bytes, ...node } = bootstrap.node;
  assert.deepEqual(node, {
    id: 'node-1',
    cluster: 'c',
    locality: { region: '', zone: '', subZone: '' },
    metadata: {},
    userAgentName: 'heddle',
    userAgentVersion: '9.9.9',
  });
  const message = decoderOptions.api.decode('envoy.config.core.v3.Node', bytes);
  assert.equal(message.id, 'node-1');
  assert.deepEqual(message.clientFeatures, [
    'xds.config.resource-in-sotw',
    'xds.config.supports-resource-ttl',
  ]);
});

test('back-off and rate limit of the stream', () => {
  const config = parse(
    ads
      .replace(
        'envoy_grpc: { cluster_name: xds }',
        'envoy_grpc: { cluster_name: xds, authority: a, retry_policy: { retry_back_off: { base_interval: 0.1s } } }, initial_metadata: [ { key: X-K, value: v } ]',
      )
      .replace('DELTA_GRPC', 'GRPC, rate_limit_settings: { max_tokens: 5 }'),
  ).ads;
  assert.equal(config?.variant, 'sotw');
  assert.equal(config.authority, 'a');
  assert.deepEqual(config.backOff, { baseMs: 100, maxMs: 1000 });
  assert.deepEqual(config.rateLimit, { maxTokens: 5, fillPerSecond: 10 });
  assert.deepEqual(config.initialMetadata, [{ key: 'x-k', value: 'v' }]);
});

test('what the command line says goes over the file', () => {
  const { bootstrap } = loadBootstrap([{ bytes: Buffer.from(ads), name: 'b.yaml', reader: yamlReader }], {
    decoder: decoderOptions,
    overrides: { ...overrides, id: 'm', cluster: 'd', zone: 'z' },
  });
  assert.equal(bootstrap.node.id, 'm');
  assert.equal(bootstrap.node.cluster, 'd');
  assert.equal(bootstrap.node.locality.zone, 'z');

  // /config_dump shows the file with it.
  const { api } = decoderOptions;
  const shown = api.decode('envoy.config.bootstrap.v3.Bootstrap', bootstrap.wire.bootstrap());
  assert.deepEqual([shown.node?.id, shown.node?.cluster], ['m', 'd']);
  assert.deepEqual(
    api.decode('envoy.config.cluster.v3.Cluster', bootstrap.wire.cluster(0)),
    shown.staticResources?.clusters[0],
  );
  assert.equal(shown.staticResources?.clusters[0]?.name, 'xds');
  assert.throws(() => bootstrap.wire.cluster(1), RangeError);
});

test('runtime layers are flat, and fractions stay fractions', () => {
  const { runtime } = parse(`
layered_runtime:
  layers:
  - name: base
    static_layer: { a: { b: 1, c: { d: text } }, "x.y": true, f: { numerator: 5, denominator: TEN_THOUSAND } }
  - { name: admin, admin_layer: {} }
`);
  assert.deepEqual(runtime.layers, [
    {
      name: 'base',
      kind: 'static',
      values: { 'a.b': 1, 'a.c.d': 'text', 'x.y': true, f: { perMillion: 500 } },
    },
    { name: 'admin', kind: 'admin', values: {} },
  ]);
});

test('what the runtime says of requests over HTTP/2 is a part of each connection manager', () => {
  const text = (layer: string): string => `
layered_runtime: { layers: [ { name: a, static_layer: { ${layer} } } ] }
static_resources:
  listeners:
  - address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: h
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: h
          http_filters: [ { name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ]
          route_config: { virtual_hosts: [] }
`;
  const settingsOf = (layer: string): readonly (number | undefined)[] => {
    const manager = managerOf(parse(text(layer)).staticListeners[0]!.value.filterChains[0]!)!;
    const { prematureResetTotalStreamCount, prematureResetMinStreamLifetimeSeconds } = manager.http2;
    return [
      manager.maxRequestsPerIoCycle,
      prematureResetTotalStreamCount,
      prematureResetMinStreamLifetimeSeconds,
    ];
  };
  const counts =
    'overload: { premature_reset_total_stream_count: 20, premature_reset_min_stream_lifetime_seconds: "3" }';
  assert.deepEqual(settingsOf(`http.max_requests_per_io_cycle: 1, ${counts}`), [1, 20, 3]);
  assert.deepEqual(settingsOf('http.max_requests_per_io_cycle: x'), [undefined, undefined, undefined]);
});

test('a fraction of a static route is what the runtime says', () => {
  const text = (value: string): string => `
layered_runtime: { layers: [ { name: a, static_layer: { k: 1 } }, { name: b, static_layer: { k: ${value} } } ] }
static_resources:
  listeners:
  - address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: h
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: h
          http_filters: [ { name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ]
          route_config:
            virtual_hosts:
            - name: v
              domains: ["*"]
              routes:
              - match: { prefix: /, runtime_fraction: { runtime_key: k, default_value: { numerator: 50 } } }
                direct_response: { status: 200 }
`;
  const perMillion = (value: string): number | undefined => {
    const { routes } = managerOf(parse(text(value)).staticListeners[0]!.value.filterChains[0]!)!;
    return routes.kind === 'inline'
      ? routes.table.virtualHosts[0]?.routes[0]?.match.runtimeFraction?.perMillion
      : undefined;
  };
  assert.equal(perMillion('7'), 70_000);
  assert.equal(perMillion('{ numerator: 5, denominator: TEN_THOUSAND }'), 500);
  assert.equal(perMillion('text'), 500_000);
});

test('admin, and what is ignored', () => {
  const { bootstrap, warnings } = load(`
admin:
  access_log_path: /dev/null
  address: { socket_address: { address: 127.0.0.1, port_value: 9901 } }
stats_config: { use_all_default_tags: false }
stats_flush_interval: 1s
`);
  assert.deepEqual(bootstrap.admin?.address, { address: '127.0.0.1', port: 9901 });
  assert.deepEqual(warnings.map(formatProblem).sort(), [
    'b.yaml:3:20: admin.access_log_path: is ignored: the admin interface keeps no access log',
    'b.yaml:5:1: stats_config: is ignored: only affects statistics',
    'b.yaml:6:23: stats_flush_interval: is ignored: statistics are always current, and there are no sinks to flush to',
  ]);
});

const unnamedListener =
  'static_resources: { listeners: [ { address: { socket_address: { address: 127.0.0.1, port_value: 1 } }, filter_chains: [ { filters: [ { name: hcm, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: s, http_filters: [ { name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ], ROUTES } } ] } ] } ] }';

test('a static listener without a name gets one', () => {
  const text = unnamedListener.replace('ROUTES', 'route_config: {}');
  assert.equal(parse(text).staticListeners[0]?.value.name, 'static_listener_0');
});

const refusals: readonly [string, string, RegExp][] = [
  ['an unknown field, with a suggestion', 'admn: {}', /^b\.yaml:1:1: admn: .*did you mean "admin"/],
  [
    'an unknown field deep down, with its place',
    'static_resources:\n  clusters:\n  - name: a\n    connect_timout: 1s',
    /^b\.yaml:4:\d+: static_resources\.clusters\[0\]\.connect_timout: .*connect_timeout/,
  ],
  [
    'a stray dash that makes a list of routes into something else',
    'static_resources:\n  clusters:\n  - name: a\n  - lb_policy: RANDOM',
    /^b\.yaml:4:5: static_resources\.clusters\[1\]\.name: /,
  ],
  [
    'a word that YAML reads as a boolean, saying which quotes are missing',
    'node: { id: n }',
    /^b\.yaml:1:13: node\.id: expected a string.*in quotes: "n"/,
  ],
  ['a tab', 'node:\n\tid: a', /^b\.yaml:2:1: /],
  ['an empty file', '', /^b\.yaml:1:1: /],
  ['JSON that is broken', '{"node": ', /^b\.json:1:\d+: /],
  [
    'ADS without a node id',
    ads.replace('id: node-1, ', ''),
    /node\.id: must be set \(here or with --service-node\)/,
  ],
  ['ADS without a node cluster', ads.replace(', cluster: c', ''), /node\.cluster: must be set/],
  [
    'ADS over a cluster that is not there',
    ads.replace('cluster_name: xds } }', 'cluster_name: other } }'),
    /grpc_services\[0\]\.envoy_grpc\.cluster_name: there is no static cluster "other"/,
  ],
  [
    'load reports to a cluster that is not there',
    'cluster_manager: { load_stats_config: { api_type: GRPC, transport_api_version: V3, grpc_services: [ { envoy_grpc: { cluster_name: other } } ] } }',
    /cluster_manager\.load_stats_config\.grpc_services\[0\]\.envoy_grpc\.cluster_name: there is no static cluster "other"/,
  ],
  [
    'ADS over TLS whose certificate comes over ADS',
    withTransportSocket('tls_certificate_sds_secret_configs: [ { name: own, sds_config: { ads: {} } } ]'),
    /cluster_name: "xds" waits for secret "own", which a management server sends/,
  ],
  [
    'sources that lack ads_config',
    'node: { id: a, cluster: b }\ndynamic_resources: { cds_config: { ads: {} } }',
    /^b\.yaml:2:\d+: dynamic_resources\.cds_config\.ads: needs dynamic_resources\.ads_config/,
  ],
  [
    'metadata that gRPC cannot send',
    ads.replace(
      '{ cluster_name: xds } }',
      '{ cluster_name: xds }, initial_metadata: [ { key: "a b", value: c } ] }',
    ),
    /initial_metadata\[0\]\.key: "a b" is no name of gRPC metadata/,
  ],
  [
    'name servers of its own',
    'typed_dns_resolver_config: { name: d, typed_config: { "@type": type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig, resolvers: [ { socket_address: { address: 10.0.0.1, port_value: 53 } } ] } }',
    /^b\.yaml:1:\d+: typed_dns_resolver_config\.typed_config\.resolvers: is not supported by Heddle yet/,
  ],
  [
    'REST polling',
    ads.replace('DELTA_GRPC', 'REST'),
    /ads_config\.api_type: REST is not supported by Heddle yet/,
  ],
  [
    'the old transport version',
    ads.replace('transport_api_version: V3', 'transport_api_version: V2'),
    /transport_api_version/,
  ],
  [
    'clusters of one name',
    'static_resources: { clusters: [ { name: a }, { name: a } ] }',
    /^b\.yaml:1:\d+: static_resources\.clusters\[1\]\.name: "a" is the name of static_resources\.clusters\[0\] already/,
  ],
  [
    'a route to a cluster that is not there',
    unnamedListener.replace(
      'ROUTES',
      'route_config: { virtual_hosts: [ { name: v, domains: ["*"], routes: [ { match: { prefix: / }, route: { cluster: gone } } ] } ] }',
    ),
    /route_config: routes to cluster "gone", which is no static cluster/,
  ],
  [
    'RTDS',
    'layered_runtime: { layers: [ { name: r, rtds_layer: { name: r, rtds_config: { ads: {} } } } ] }',
    /layers\[0\]\.rtds_layer: is not supported by Heddle yet/,
  ],
  [
    'two layers of one name',
    'layered_runtime: { layers: [ { name: a, admin_layer: {} }, { name: a, static_layer: { k: [1] } } ] }',
    /layers\[1\]\.name: "a" occurs twice/,
  ],
  [
    'an overload manager',
    'overload_manager: { resource_monitors: [] }',
    /^b\.yaml:1:1: overload_manager: is not supported by Heddle yet/,
  ],
  [
    'a secret of nothing',
    'static_resources: { secrets: [ { name: s } ] }',
    /static_resources\.secrets\[0\]: holds no secret/,
  ],
  [
    'two secrets of one name',
    'static_resources: { secrets: [ { name: s, generic_secret: {} }, { name: s, generic_secret: {} } ] }',
    /static_resources\.secrets\[1\]\.name: "s" is the name of static_resources\.secrets\[0\]/,
  ],
  [
    'zone-aware routing',
    'cluster_manager: { local_cluster_name: l }',
    /local_cluster_name: is not supported by Heddle yet/,
  ],
];

for (const [what, text, expected] of refusals) {
  test(`a bootstrap is refused for ${what}`, () => {
    const problems = problemsOf(text, text.startsWith('{"') ? 'b.json' : 'b.yaml');
    assert.equal(problems.filter((problem) => expected.test(problem)).length, 1, problems.join('\n'));
  });
}

test('all problems come at once', () => {
  assert.equal(
    problemsOf(
      'static_resources: { clusters: [ { name: a, connect_timeout: 0s }, { name: b, outlier_detection: {} } ] }',
    ).length,
    2,
  );
});

const accepted: readonly [string, string][] = [
  ['without a node, without admin', 'static_resources: {}'],
  ['that is an empty object', '{}'],
  ['with JSON in a .yaml', '{"static_resources": {"clusters": [{"name": "a"}]}}'],
  ['with a document marker', '---\nstatic_resources: {}'],
  [
    'with yes for a boolean',
    'static_resources: { clusters: [ { name: a, ignore_health_on_host_removal: yes } ] }',
  ],
  [
    'with enum names in lower case',
    'static_resources: { clusters: [ { name: a, type: static, lb_policy: round_robin } ] }',
  ],
];

for (const [what, text] of accepted) {
  test(`a bootstrap is taken ${what}`, () => assert.deepEqual(problemsOf(text), []));
}

test('a key that occurs twice is taken with a warning', () => {
  const { warnings } = load('node: { id: a }\nnode: { id: b }');
  assert.match(formatProblem(warnings[0] ?? { path: '', message: '' }), /^b\.yaml:2:1: /);
});

const flags = {
  controlPlane: '127.0.0.1:18000',
  isDelta: true,
  adminAddress: '127.0.0.1',
  adminPort: 9901,
  nodeMetadata: {},
};

test('flags make a bootstrap', () => {
  const bootstrap = makeBootstrap(
    { ...flags, nodeMetadata: { service: 'web', upstreams: ['api'], outboundPort: 15001 } },
    decoderOptions,
    { ...overrides, id: 'web-1' },
  );
  assert.equal(bootstrap.node.id, 'web-1');
  assert.equal(bootstrap.node.cluster, 'web');
  assert.deepEqual(bootstrap.node.metadata, {
    heddle: { service: 'web', upstreams: ['api'], outboundPort: 15001 },
  });
  assert.equal(bootstrap.ads?.variant, 'delta');
  assert.deepEqual(bootstrap.ads.addresses, [{ address: '127.0.0.1', port: 18000 }]);
  assert.deepEqual(bootstrap.admin?.address, { address: '127.0.0.1', port: 9901 });
  assert.notEqual(bootstrap.cds, undefined);
  assert.equal(
    makeBootstrap({ ...flags, controlPlane: '[::1]:1' }, decoderOptions, { ...overrides, id: 'a' }).ads
      ?.addresses[0]?.address,
    '::1',
  );
});

test('a control plane address without a port is refused', () => {
  assert.throws(
    () => makeBootstrap({ ...flags, controlPlane: 'localhost' }, decoderOptions, { ...overrides, id: 'a' }),
    /"localhost" is not host:port/,
  );
});

test('a second source is merged over the first as protobuf merges', () => {
  const source = (name: string, text: string) => ({ bytes: Buffer.from(text), name, reader: yamlReader });
  const merge = (base: string, over: string) =>
    loadBootstrap([source('b.yaml', base), source('--config-yaml', over)], {
      decoder: decoderOptions,
      overrides,
    });
  const { bootstrap } = merge(
    'node: { id: a, cluster: b }\nstatic_resources: { clusters: [ { name: x } ] }',
    'node: { id: c }\nstatic_resources: { clusters: [ { name: z } ] }',
  );
  assert.deepEqual([bootstrap.node.id, bootstrap.node.cluster], ['c', 'b']);
  assert.deepEqual(
    bootstrap.staticClusters.map(({ name }) => name),
    ['x', 'z'],
  );
  // Each problem stands where its source has it.
  const clusters = (...names: string[]): string =>
    `static_resources: { clusters: [ ${names.map((name) => `{ name: ${name} }`).join(', ')} ] }`;
  assert.throws(
    () => merge(`admin: {}\n${clusters('x', 'x')}`, clusters('z', 'x')),
    (thrown) => {
      assert.ok(thrown instanceof InvalidInputError);
      assert.deepEqual(
        thrown.problems.map(({ path }) => path),
        ['b.yaml:2:54', '--config-yaml:1:54'],
      );
      return true;
    },
  );
});

test('the protobuf encoding is read, and an unknown field of it refused or warned of', () => {
  const { api } = decoderOptions;
  const bytes = api.encode('envoy.config.bootstrap.v3.Bootstrap', { node: { id: 'a' } });
  const read = (content: Uint8Array, allowsUnknownFields = false): LoadedBootstrap =>
    loadBootstrap([{ bytes: content, name: 'b.pb', reader: 'wire' }], {
      decoder: decoderOptions,
      overrides,
      allowsUnknownFields,
    });
  assert.equal(read(bytes).bootstrap.node.id, 'a');
  // Field 30000, a number.
  const more = Buffer.concat([bytes, Buffer.from([0x80, 0xd3, 0x0e, 0x01])]);
  assert.throws(() => read(more), /b\.pb: .*the API has no such field/);
  assert.match(read(more, true).warnings[0]?.message ?? '', /is ignored: .*no such field/);
  assert.throws(() => read(Buffer.from('node: {}')), /^InvalidInputError: b\.pb: not a envoy/);
});

test('deprecated fields work, with a warning each unless nobody wants them', () => {
  const text = `admin: { access_log_path: /dev/null, address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
static_resources:
  clusters:
  - name: c
    http2_protocol_options: {}
    max_requests_per_connection: 5
    common_http_protocol_options: { idle_timeout: 10s }
  listeners:
  - { name: l, reuse_port: true, drain_type: MODIFY_ONLY, address: { socket_address: { address: 127.0.0.1, port_value: 0 } }, filter_chains: [] , default_filter_chain: { filters: [ { name: t, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: c } } ] } }
`;
  const warningsOf = (hasDeprecationWarnings: boolean): string[] =>
    loadBootstrap([{ bytes: Buffer.from(text), name: 'b.yaml', reader: yamlReader }], {
      decoder: { ...decoderOptions, hasDeprecationWarnings },
      overrides,
    })
      .warnings.map(formatProblem)
      .filter((line) => line.includes('is deprecated'));
  assert.deepEqual(
    warningsOf(true).map((line) => line.replace(/: is deprecated.*/, '')),
    [
      'b.yaml:1:27: admin.access_log_path',
      'b.yaml:5:5: static_resources.clusters[0].http2_protocol_options',
      'b.yaml:6:34: static_resources.clusters[0].max_requests_per_connection',
      'b.yaml:7:5: static_resources.clusters[0].common_http_protocol_options',
      'b.yaml:9:28: static_resources.listeners[0].reuse_port',
    ],
  );
  assert.deepEqual(warningsOf(false), []);
  const [cluster] = load(text).bootstrap.staticClusters;
  assert.equal(cluster?.http.maxRequestsPerConnection, 5);
});

test('tags of statistics are as Envoy takes them, though they are ignored', () => {
  const problems = problemsOf(
    'stats_config: { stats_tags: [ { tag_name: t }, { tag_name: t, regex: "(" }, { tag_name: t, regex: "(a)[.]\\\\2" }, { tag_name: t, regex: "(a)[.]\\\\1" }, { tag_name: "", fixed_value: v }, { tag_name: envoy.cluster_name } ] }',
  );
  assert.equal(problems.length, 4);
  assert.match(problems[0] ?? '', /stats_tags\[0\]: "t" needs a regex or a fixed_value/);
  assert.match(problems[1] ?? '', /stats_tags\[1\]\.regex: /);
  assert.match(problems[2] ?? '', /stats_tags\[2\]\.regex: there is no group 2/);
  assert.match(problems[3] ?? '', /stats_tags\[4\]\.tag_name: must not be empty/);
});
