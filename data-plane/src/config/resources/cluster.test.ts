import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeYaml, ignoredOfYaml, problemsOfYaml, resourceTypes } from './testing/decode-yaml.ts';

const { cluster } = resourceTypes;

test('an empty cluster has the defaults of Envoy', () => {
  assert.deepEqual(decodeYaml(cluster, 'name: a'), {
    name: 'a',
    statName: 'a',
    discovery: {
      kind: 'static',
      endpoints: { clusterName: 'a', priorities: [], overprovisioningFactor: 140 },
    },
    connectTimeoutMs: 5000,
    perConnectionBufferLimitBytes: 1048576,
    loadBalancer: { kind: 'round-robin' },
    common: {
      healthyPanicThresholdPercent: 50,
      updateMergeWindowMs: 1000,
      ignoreNewHostsUntilFirstHealthCheck: false,
      closeConnectionsOnHostSetChange: false,
      isLocalityWeighted: false,
    },
    circuitBreakers: {
      default: {
        maxConnections: 1024,
        maxPendingRequests: 1024,
        maxRequests: 1024,
        maxRetries: 3,
        trackRemaining: false,
      },
      high: {
        maxConnections: 1024,
        maxPendingRequests: 1024,
        maxRequests: 1024,
        maxRetries: 3,
        trackRemaining: false,
      },
    },
    http: {
      protocol: 'http1',
      idleTimeoutMs: 3600000,
      maxConnectionDurationMs: 0,
      maxRequestsPerConnection: 0,
      maxResponseHeadersBytes: 81920,
      maxHeadersCount: 100,
      enableTrailers: false,
    },
    ignoreHealthOnHostRemoval: false,
    closeConnectionsOnHostHealthFailure: false,
    metadata: {},
  });
});

test('endpoints, health check and thresholds are read', () => {
  const decoded = decodeYaml(
    cluster,
    `
name: a
alt_stat_name: b
type: STATIC
lb_policy: LEAST_REQUEST
least_request_lb_config: { choice_count: 3, slow_start_config: { slow_start_window: 10s } }
common_lb_config: { healthy_panic_threshold: { value: 0 }, locality_weighted_lb_config: {} }
circuit_breakers: { thresholds: [ { priority: HIGH, max_requests: 7, retry_budget: { budget_percent: { value: 25 } } } ] }
health_checks:
- { timeout: 1s, interval: 2.5s, unhealthy_threshold: 2, healthy_threshold: 1, http_health_check: { path: /ok, expected_statuses: [ { start: 200, end: 300 } ] } }
load_assignment:
  cluster_name: a
  endpoints:
  - priority: 1
    locality: { region: r, zone: z }
    load_balancing_weight: 3
    lb_endpoints:
    - { endpoint: { hostname: h, address: { socket_address: { address: 10.0.0.1, port_value: 80 } } }, load_balancing_weight: 5, health_status: DRAINING, metadata: { filter_metadata: { envoy.lb: { canary: true, v: "2" } } } }
    - { endpoint: { address: { socket_address: { address: "::1", port_value: 81 } }, health_check_config: { port_value: 9000 } } }
    - { endpoint: { address: { socket_address: { address: 10.0.0.1, port_value: 80 } } } }
`,
  );
  assert.equal(decoded.statName, 'b');
  assert.deepEqual(decoded.loadBalancer, {
    kind: 'least-request',
    choiceCount: 3,
    activeRequestBias: 1,
    slowStart: { windowMs: 10000, aggression: 1, minWeightPercent: 10 },
  });
  assert.equal(decoded.common.healthyPanicThresholdPercent, 0);
  assert.equal(decoded.common.isLocalityWeighted, true);
  assert.equal(decoded.circuitBreakers.high.maxRequests, 7);
  assert.deepEqual(decoded.circuitBreakers.high.retryBudget, { budgetPercent: 25, minRetryConcurrency: 3 });
  assert.equal(decoded.circuitBreakers.default.maxRequests, 1024);
  assert.equal(decoded.healthCheck?.intervalMs, 2500);
  assert.equal(decoded.healthCheck.unhealthyEdgeIntervalMs, 2500);
  assert.equal(decoded.healthCheck.noTrafficHealthyIntervalMs, 60000);
  assert.deepEqual(decoded.discovery, {
    kind: 'static',
    endpoints: {
      clusterName: 'a',
      overprovisioningFactor: 140,
      priorities: [
        [],
        [
          {
            locality: { region: 'r', zone: 'z', subZone: '' },
            weight: 3,
            endpoints: [
              {
                address: { address: '10.0.0.1', port: 80 },
                hostname: 'h',
                weight: 5,
                healthStatus: 'draining',
                isCanary: true,
                lbMetadata: { canary: true, v: '2' },
                disableActiveHealthCheck: false,
              },
              {
                address: { address: '::1', port: 81 },
                hostname: '',
                weight: 1,
                healthStatus: 'unknown',
                isCanary: false,
                lbMetadata: {},
                disableActiveHealthCheck: false,
                healthCheckPort: 9000,
              },
            ],
          },
        ],
      ],
    },
  });
  assert.equal(Object.isFrozen(decoded.discovery.endpoints.priorities), true);
});

test('EDS: the service name, or else the cluster name, and the time for the first fetch', () => {
  const eds = (config: string): string => `{ name: a, type: EDS, eds_cluster_config: { ${config} } }`;
  assert.deepEqual(decodeYaml(cluster, eds('eds_config: { ads: {}, resource_api_version: V3 }')).discovery, {
    kind: 'eds',
    serviceName: 'a',
    source: { kind: 'ads' },
    initialFetchTimeoutMs: 15000,
  });
  assert.deepEqual(
    decodeYaml(cluster, eds('service_name: s, eds_config: { ads: {}, initial_fetch_timeout: 0s }')).discovery,
    { kind: 'eds', serviceName: 's', source: { kind: 'ads' }, initialFetchTimeoutMs: 0 },
  );
});

const dnsEndpoint =
  'load_assignment: { cluster_name: a, endpoints: [ { lb_endpoints: [ { endpoint: { address: { socket_address: { address: db.test, port_value: 80 } } } } ] } ] }';

test('DNS: by type and by the typed cluster', () => {
  const old = decodeYaml(
    cluster,
    `{ name: a, type: strict_dns, dns_lookup_family: V4_ONLY, dns_failure_refresh_rate: { base_interval: 1s }, ${dnsEndpoint} }`,
  );
  assert.equal(old.discovery.kind, 'strict-dns');
  assert.partialDeepStrictEqual(old.discovery, {
    refreshRateMs: 5000,
    failureRefreshBaseMs: 1000,
    failureRefreshMaxMs: 10000,
    lookupFamily: 'v4-only',
    waitForWarmOnInit: true,
  });
  const typed = decodeYaml(
    cluster,
    `
name: a
cluster_type:
  name: envoy.clusters.dns
  typed_config: { "@type": type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster, dns_refresh_rate: 60s, respect_dns_ttl: true, dns_lookup_family: V6_ONLY, all_addresses_in_single_endpoint: true }
${dnsEndpoint}
`,
  );
  assert.partialDeepStrictEqual(typed.discovery, {
    kind: 'logical-dns',
    refreshRateMs: 60000,
    respectDnsTtl: true,
    lookupFamily: 'v6-only',
  });
  assert.equal(
    typed.discovery.kind === 'logical-dns' &&
      typed.discovery.endpoints.priorities[0]?.[0]?.endpoints[0]?.hostname,
    'db.test',
  );
});

test('typed load balancers: the first known one counts', () => {
  const decoded = decodeYaml(
    cluster,
    `
name: a
load_balancing_policy:
  policies:
  - typed_extension_config: { name: x, typed_config: { "@type": type.googleapis.com/envoy.extensions.load_balancing_policies.maglev.v3.Maglev } }
  - typed_extension_config: { name: z, typed_config: { "@type": type.googleapis.com/envoy.extensions.load_balancing_policies.random.v3.Random } }
`,
  );
  assert.deepEqual(decoded.loadBalancer, { kind: 'random' });
});

function proxied(inner: string, config = ''): string {
  return `{ name: p, typed_config: { "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport, transport_socket: ${inner} ${config} } }`;
}

test('the PROXY protocol to upstreams, around what is plain and what is not', () => {
  const plain = proxied('{ name: envoy.transport_sockets.raw_buffer }');
  const decoded = decodeYaml(cluster, `{ name: a, transport_socket: ${plain} }`);
  assert.deepEqual(decoded.proxyProtocol, { version: 1, passThroughTlvs: [], addedTlvs: [] });
  assert.equal(decoded.tls, undefined);
  const secure = proxied(
    '{ name: t, typed_config: { "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, sni: a.test } }',
    ', config: { version: V2, pass_through_tlvs: { match_type: INCLUDE, tlv_type: [ 2 ] }, added_tlvs: [ { type: 225, value: /w== } ] }',
  );
  const other = decodeYaml(cluster, `{ name: a, transport_socket: ${secure} }`);
  assert.deepEqual(other.proxyProtocol, {
    version: 2,
    passThroughTlvs: [2],
    addedTlvs: [{ type: 225, valueHex: 'ff' }],
  });
  assert.equal(other.tls?.sni, 'a.test');
});

const refusals: readonly [string, string, readonly RegExp[]][] = [
  [
    'what is not implemented, by name',
    '{ name: a, outlier_detection: {}, lb_policy: MAGLEV }',
    [/^lb_policy: MAGLEV is not supported by Heddle yet/, /^outlier_detection: is not supported/],
  ],
  ['a rule of the API', '{ name: a, connect_timeout: 0s }', [/^connect_timeout: /]],
  [
    'a name where an IP must stand',
    `{ name: a, ${dnsEndpoint} }`,
    [
      /^load_assignment\.endpoints\[0\]\.lb_endpoints\[0\]\.endpoint\.address\.socket_address\.address: "db\.test" is not an IP/,
    ],
  ],
  [
    'two health checks',
    '{ name: a, health_checks: [ &h { timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {} }, *h ] }',
    [/^health_checks\[1\]: is a second health check/],
  ],
  [
    'the PROXY protocol around the PROXY protocol',
    `{ name: a, transport_socket: ${proxied(proxied('{ name: envoy.transport_sockets.raw_buffer }'))} }`,
    [
      /^transport_socket\.typed_config\.transport_socket: envoy\.extensions\.transport_sockets\.proxy_protocol/,
    ],
  ],
  [
    'METADATA frames over HTTP/2',
    '{ name: a, typed_extension_protocol_options: { envoy.extensions.upstreams.http.v3.HttpProtocolOptions: { "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: { http2_protocol_options: { allow_metadata: true } } } } }',
    [/explicit_http_config\.http2_protocol_options\.allow_metadata: true is not supported/],
  ],
  [
    'an EDS cluster with endpoints',
    '{ name: a, type: EDS, load_assignment: { cluster_name: a } }',
    [
      /^load_assignment: must not be set/,
      /^eds_cluster_config: is missing/,
      /^eds_cluster_config\.eds_config: is missing/,
    ],
  ],
  [
    'a logical DNS cluster without its one endpoint',
    '{ name: a, type: LOGICAL_DNS }',
    [/^load_assignment: has 0 endpoints/],
  ],
  [
    'no known policy',
    '{ name: a, load_balancing_policy: { policies: [] } }',
    [/^load_balancing_policy\.policies: name no policy/],
  ],
  [
    'EDS from a file that is not there',
    '{ name: a, type: EDS, eds_cluster_config: { eds_config: { path_config_source: { path: /x } } } }',
    [/^eds_cluster_config\.eds_config\.path_config_source\.path: there is no "\/x"/],
  ],
  [
    'EDS from where it comes from itself, which Envoy refuses too',
    '{ name: a, type: EDS, eds_cluster_config: { eds_config: { self: {} } } }',
    [
      /^eds_cluster_config\.eds_config\.self: is not supported/,
      /^eds_cluster_config\.eds_config: must be ads, path_config_source or api_config_source/,
    ],
  ],
  [
    'a poll of which nothing is said',
    '{ name: a, type: EDS, eds_cluster_config: { eds_config: { api_config_source: { api_type: REST, transport_api_version: V3 } } } }',
    [/api_config_source\.cluster_names: must name/, /api_config_source\.refresh_delay: must be set/],
  ],
  [
    'a stream as if it were a poll',
    '{ name: a, type: EDS, eds_cluster_config: { eds_config: { api_config_source: { api_type: GRPC, transport_api_version: V3, cluster_names: [ c ] } } } }',
    [/api_config_source\.grpc_services: must name/, /api_config_source\.cluster_names: must not be set/],
  ],
  [
    'hexadecimal that is none',
    '{ name: a, health_checks: [ { timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: { send: { text: xyz } } } ] }',
    [/send\.text: must be pairs of hex/],
  ],
];

for (const [what, yaml, expected] of refusals) {
  test(`a cluster is refused for ${what}`, () => {
    const problems = problemsOfYaml(cluster, yaml);
    assert.equal(problems.length, expected.length, problems.join('\n'));
    for (const [i, pattern] of expected.entries()) assert.match(problems[i] ?? '', pattern);
  });
}

test('harmless fields are listed', () => {
  assert.deepEqual(
    ignoredOfYaml(
      cluster,
      '{ name: a, track_cluster_stats: {}, upstream_connection_options: { tcp_keepalive: {} } }',
    ).length,
    2,
  );
});
