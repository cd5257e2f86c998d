import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpConnectionManager } from '../model/http-connection-manager.ts';
import { managerOf as modelManagerOf } from '../model/listener.ts';
import { defaultAccessLogFormat } from './access-log.ts';
import { decodeYaml, ignoredOfYaml, problemsOfYaml, resourceTypes } from './testing/decode-yaml.ts';

const { listener } = resourceTypes;
const router =
  '{ name: router, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } }';

function managerYaml(fields: string, filters = router): string {
  return `{ name: hcm, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: s, http_filters: [ ${filters} ], ${fields} } }`;
}

const routes =
  'route_config: { name: r, virtual_hosts: [ { name: v, domains: ["*"], routes: [ { match: { prefix: / }, route: { cluster: c } } ] } ] }';

function listenerYaml(filter: string, more = ''): string {
  return `
name: l
address: { socket_address: { address: 127.0.0.1, port_value: 8080 } }
filter_chains: [ { filters: [ ${filter} ] } ]
${more}`;
}

function managerOf(yaml: string): HttpConnectionManager {
  return modelManagerOf(decodeYaml(listener, yaml).filterChains[0]!)!;
}

test('a listener and its connection manager have the defaults of Envoy', () => {
  const decoded = decodeYaml(listener, listenerYaml(managerYaml(routes)));
  const { filterChains, ...rest } = decoded;
  assert.deepEqual(rest, {
    name: 'l',
    address: { address: '127.0.0.1', port: 8080 },
    trafficDirection: 'unspecified',
    perConnectionBufferLimitBytes: 1048576,
    drainType: 'default',
    statPrefix: '',
  });
  const manager = modelManagerOf(filterChains[0]!);
  assert.partialDeepStrictEqual(manager, {
    statPrefix: 's',
    httpFilters: [
      {
        name: 'router',
        type: 'envoy.extensions.filters.http.router.v3.Router',
        config: { suppressEnvoyHeaders: false },
        isDisabled: false,
      },
    ],
    accessLogs: [],
    generateRequestId: true,
    serverName: 'envoy',
    serverHeaderTransformation: 'overwrite',
    streamIdleTimeoutMs: 300000,
    requestTimeoutMs: 0,
    delayedCloseTimeoutMs: 1000,
    drainTimeoutMs: 5000,
    idleTimeoutMs: 3600000,
    maxRequestHeadersBytes: 61440,
    maxHeadersCount: 100,
    stripPort: 'none',
    upgrades: {},
  });
});

test('what loosens the codec is handed on', () => {
  const options =
    'accept_http_10: true, allow_chunked_length: true, allow_custom_methods: true, enable_trailers: true';
  assert.partialDeepStrictEqual(
    managerOf(listenerYaml(managerYaml(`${routes}, http_protocol_options: { ${options} }`))),
    { acceptHttp10: true, allowChunkedLength: true, allowCustomMethods: true, enableTrailers: true },
  );
});

test('an upgrade may have filters of its own, which end with a router too', () => {
  const yaml = (filters: string): string =>
    listenerYaml(
      managerYaml(
        `route_config: {}, upgrade_configs: [ { upgrade_type: websocket, enabled: false, filters: [ ${filters} ] } ]`,
      ),
    );
  const { websocket } = managerOf(yaml(router)).upgrades;
  assert.ok(websocket !== undefined);
  assert.equal(websocket.isEnabled, false);
  assert.deepEqual(
    websocket.httpFilters?.map(({ name }) => name),
    ['router'],
  );
  const [problem = ''] = problemsOfYaml(listener, yaml(`${router}, ${router}`));
  assert.match(problem, /upgrade_configs\[0\]\.filters\[0\]: router is terminal and must be the last filter/);
});

test('names of fields may keep their case or be proper, and addresses may be internal', () => {
  const preserving =
    '{ stateful_formatter: { name: f, typed_config: { "@type": type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig, formatter_type_on_envoy_headers: PROPER_CASE } } }';
  for (const [format, expected] of [
    ['{ proper_case_words: {} }', { remembersCase: false, isProperCase: true }],
    [preserving, { remembersCase: true, isProperCase: true }],
    [preserving.replace('PROPER_CASE', 'DEFAULT'), { remembersCase: true, isProperCase: false }],
  ] as const) {
    const manager = managerOf(
      listenerYaml(managerYaml(`${routes}, http_protocol_options: { header_key_format: ${format} }`)),
    );
    assert.deepEqual(manager.headerKeyFormat, expected);
  }
  const { internalAddresses, areUnixSocketsInternal } = managerOf(
    listenerYaml(
      managerYaml(
        `${routes}, internal_address_config: { unix_sockets: true, cidr_ranges: [ { address_prefix: 10.0.0.0, prefix_len: 8 } ] }`,
      ),
    ),
  );
  assert.deepEqual(internalAddresses, [{ address: '10.0.0.0', prefixLength: 8 }]);
  assert.equal(areUnixSocketsInternal, true);
});

test('RDS, access logs and upgrades', () => {
  const manager = managerOf(
    listenerYaml(
      managerYaml(`
      rds: { route_config_name: r, config_source: { ads: {}, initial_fetch_timeout: 2s } },
      upgrade_configs: [ { upgrade_type: websocket }, { upgrade_type: other, enabled: false } ],
      access_log: [
        { name: f, typed_config: { "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /dev/null } },
        { name: o, typed_config: { "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog, log_format: { json_format: { a: "%REQ(x)%", n: 3, o: { b: x } }, omit_empty_values: true } },
          filter: { or_filter: { filters: [ { status_code_filter: { comparison: { op: GE, value: { default_value: 500, runtime_key: k } } } }, { not_health_check_filter: {} } ] } } },
        { name: t, typed_config: { "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /x, log_format: { text_format_source: { inline_string: "line" } } },
          filter: { grpc_status_filter: { statuses: [OK, CANCELED, UNAUTHENTICATED], exclude: true } } } ]`),
    ),
  );
  assert.deepEqual(manager.routes, {
    kind: 'rds',
    routeConfigName: 'r',
    source: { kind: 'ads' },
    initialFetchTimeoutMs: 2000,
  });
  assert.deepEqual(manager.upgrades, { websocket: { isEnabled: true }, other: { isEnabled: false } });
  assert.deepEqual(manager.accessLogs, [
    {
      sink: { kind: 'file', path: '/dev/null' },
      format: { kind: 'text', format: defaultAccessLogFormat },
      omitEmptyValues: false,
    },
    {
      sink: { kind: 'stdout' },
      format: { kind: 'json', format: { a: '%REQ(x)%', n: 3, o: { b: 'x' } } },
      omitEmptyValues: true,
      filter: {
        kind: 'or',
        filters: [{ kind: 'status-code', op: 'ge', value: 500 }, { kind: 'not-health-check' }],
      },
    },
    {
      sink: { kind: 'file', path: '/x' },
      format: { kind: 'text', format: 'line' },
      omitEmptyValues: false,
      filter: { kind: 'grpc-status', statuses: [0, 1, 16], isExcluding: true },
    },
  ]);
});

test('the hash of a filter chain is that of its content', () => {
  const hashOf = (yaml: string): string | undefined => decodeYaml(listener, yaml).filterChains[0]?.hash;
  const yaml = listenerYaml(managerYaml(routes));
  assert.equal(hashOf(yaml), hashOf(`${yaml}\nstat_prefix: other`));
  assert.notEqual(hashOf(yaml), hashOf(yaml.replace('cluster: c', 'cluster: d')));
});

test('filter chain matches', () => {
  const decoded = decodeYaml(
    listener,
    `
name: l
address: { socket_address: { address: "::", port_value: 1 } }
filter_chains:
- name: a
  filter_chain_match: { destination_port: 80, prefix_ranges: [ { address_prefix: 10.0.0.0, prefix_len: 8 } ], source_type: SAME_IP_OR_LOOPBACK, transport_protocol: raw_buffer }
  filters: [ ${managerYaml(routes)} ]
default_filter_chain: { filters: [ ${managerYaml(routes)} ] }
traffic_direction: INBOUND
drain_type: MODIFY_ONLY
`,
  );
  assert.deepEqual(decoded.filterChains[0]?.match, {
    destinationPort: 80,
    prefixRanges: [{ address: '10.0.0.0', prefixLength: 8 }],
    directSourcePrefixRanges: [],
    sourceType: 'local',
    sourcePrefixRanges: [],
    sourcePorts: [],
    serverNames: [],
    transportProtocol: 'raw_buffer',
    applicationProtocols: [],
  });
  assert.equal(decoded.defaultFilterChain?.match.sourceType, 'any');
  assert.equal(decoded.trafficDirection, 'inbound');
  assert.equal(decoded.drainType, 'modify-only');
});

const lua =
  '{ name: lua, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua } }';

const refusals: readonly [string, string, RegExp][] = [
  [
    'an HTTP filter that is not known',
    listenerYaml(managerYaml(routes, `${lua}, ${router}`)),
    /^filter_chains\[0\]\.filters\[0\]\.typed_config\.http_filters\[0\]\.typed_config: envoy\.extensions\.filters\.http\.lua\.v3\.Lua is not supported by Heddle yet/,
  ],
  [
    'a router that is not the last',
    listenerYaml(
      managerYaml(
        routes,
        `${router}, { name: hc, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck, pass_through_mode: false } }`,
      ),
    ),
    /http_filters\[0\]: router is terminal and must be the last filter$/,
  ],
  [
    'no router',
    listenerYaml(
      managerYaml(
        routes,
        '{ name: hc, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck, pass_through_mode: false } }',
      ),
    ),
    /http_filters: must end with the router filter$/,
  ],
  [
    'another network filter',
    listenerYaml(
      '{ name: t, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.ext_authz.v3.ExtAuthz, stat_prefix: s } }',
    ),
    /^filter_chains\[0\]\.filters\[0\]\.typed_config: envoy\.extensions\.filters\.network\.ext_authz\.v3\.ExtAuthz is not supported/,
  ],
  [
    'TLS without a certificate',
    'name: l\naddress: { socket_address: { address: 127.0.0.1, port_value: 1 } }\nfilter_chains: [ { transport_socket: { name: tls, typed_config: { "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext } }, filters: [ ' +
      managerYaml(routes) +
      ' ] } ]',
    /^filter_chains\[0\]\.transport_socket\.typed_config\.common_tls_context\.tls_certificates: must not be empty/,
  ],
  [
    'two chains for the same connections',
    `name: l\naddress: { socket_address: { address: 127.0.0.1, port_value: 1 } }\nfilter_chains: [ { filter_chain_match: { source_ports: [1, 2] }, filters: [ ${managerYaml(routes)} ] }, { filter_chain_match: { source_ports: [2] }, filters: [ ${managerYaml(routes)} ] } ]`,
    /^filter_chains\[1\]\.filter_chain_match: matches the same connections as filter_chains\[0\]$/,
  ],
  [
    'no filter chain',
    'name: l\naddress: { socket_address: { address: 127.0.0.1, port_value: 1 } }',
    /^filter_chains: must not be empty$/,
  ],
  [
    'a name for an address',
    listenerYaml(managerYaml(routes)).replace('127.0.0.1', 'localhost'),
    /^address\.socket_address\.address: "localhost" is not an IP/,
  ],
  [
    'a problem deep in its routes',
    listenerYaml(managerYaml(routes.replace('prefix: /', 'path_separated_prefix: /a/'))),
    /typed_config\.route_config\.virtual_hosts\[0\]\.routes\[0\]\.match\.path_separated_prefix/,
  ],
  [
    'both ways to strip a port',
    listenerYaml(managerYaml(`${routes}, strip_any_host_port: true, strip_matching_host_port: true`)),
    /strip_any_host_port: and strip_matching_host_port/,
  ],
  [
    'HTTP/3 for clients',
    listenerYaml(managerYaml(`${routes}, codec_type: HTTP3`)),
    /codec_type: HTTP3 is not supported by Heddle yet \(supported: AUTO, HTTP1, HTTP2\)/,
  ],
  [
    'a log with a bad format',
    listenerYaml(
      managerYaml(
        `${routes}, access_log: [ { name: f, typed_config: { "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /x, log_format: { json_format: { k: "5%" } } } } ]`,
      ),
    ),
    /access_log\[0\]\.typed_config\.log_format\.json_format\["k"\]: a lone %/,
  ],
];

for (const [what, yaml, expected] of refusals) {
  test(`a listener is refused for ${what}`, () => {
    const problems = problemsOfYaml(listener, yaml);
    assert.equal(problems.filter((problem) => expected.test(problem)).length, 1, problems.join('\n'));
  });
}

test('an unknown filter that is optional is left out and listed', () => {
  const yaml = listenerYaml(
    managerYaml(routes, `${lua.replace('name: lua', 'is_optional: true, name: lua')}, ${router}`),
  );
  assert.equal(managerOf(yaml).httpFilters.length, 1);
  assert.match(
    ignoredOfYaml(listener, yaml)[0] ?? '',
    /http_filters\[0\]: is ignored: envoy\.extensions\.filters\.http\.lua\.v3\.Lua/,
  );
});

test('fields of a newer API are listed', () => {
  const bytes = Buffer.concat([Buffer.from([0xa0, 0x9c, 0x01, 0x01])]);
  const decoded = resourceTypes.endpoints.decode(Buffer.concat([Buffer.from([0x0a, 1, 0x61]), bytes]));
  assert.equal(decoded.kind, 'ok');
  assert.match(decoded.ignored[0]?.message ?? '', /has no such field/);
});

test('bytes that are no message are refused', () => {
  const decoded = resourceTypes.listener.decode(Buffer.from([0x0a, 0x7f]));
  assert.equal(decoded.kind, 'refused');
  assert.match(decoded.problems[0]?.message ?? '', /not a envoy\.config\.listener\.v3\.Listener/);
});
