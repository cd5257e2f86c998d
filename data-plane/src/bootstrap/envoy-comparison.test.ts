import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InvalidInputError, formatProblem } from '@heddle/shared/errors/problem';
import { usePeer } from '@heddle/shared/testing/peers';
import { decoderOptions } from '../config/resources/testing/decode-yaml.ts';
import { compileFormat } from '../downstream/http/access-log/compile-format.ts';
import { yamlReader } from '@heddle/shared/xds/read-yaml';
import { loadBootstrap } from './load-bootstrap.ts';
import { configSourceCases, type Case } from './testing/config-source-cases.ts';

const hcmType =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const router =
  '{ name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } }';
const fileLog = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';
const optionsType = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

const endpointAt = (address: string): string =>
  `load_assignment: { cluster_name: c, endpoints: [ { lb_endpoints: [ { endpoint: { address: { socket_address: { address: ${address}, port_value: 80 } } } } ] } ] }`;
const cluster = (fields: string): string => `static_resources: { clusters: [ { name: c, ${fields} } ] }`;
const manager = (fields: string, filters = router): string =>
  `{ name: m, typed_config: { "@type": ${hcmType}, stat_prefix: s, http_filters: [ ${filters} ], ${fields} } }`;
const listener = (chains: string, fields = ''): string =>
  `static_resources: { listeners: [ { name: l, address: { socket_address: { address: 127.0.0.1, port_value: 10000 } }, filter_chains: [ ${chains} ] ${fields} } ], clusters: [ { name: c, ${endpointAt('127.0.0.1')} } ] }`;
const routes = (list: string, fields = ''): string =>
  `route_config: { name: t, virtual_hosts: [ { name: v, domains: ["*"], routes: [ ${list} ] } ] ${fields} }`;
const route = (match: string, action = 'route: { cluster: c }', fields = ''): string =>
  listener(`{ filters: [ ${manager(routes(`{ match: { ${match} }, ${action} ${fields} }`))} ] }`);
const ads = (
  fields: string,
  clusterFields = `typed_extension_protocol_options: { ${optionsType}: { "@type": type.googleapis.com/${optionsType}, explicit_http_config: { http2_protocol_options: {} } } }, ${endpointAt('127.0.0.1')}`,
): string =>
  `node: { id: a, cluster: b }\ndynamic_resources: { ads_config: { api_type: GRPC, transport_api_version: V3, grpc_services: [ { envoy_grpc: { cluster_name: c } } ] }, ${fields} }\n${cluster(clusterFields)}`;

const cases: readonly Case[] = [
  ...configSourceCases,
  { name: 'nothing but braces', text: '{}' },
  { name: 'an empty file', text: '' },
  { name: 'an unknown field', text: 'admn: {}' },
  { name: 'a node id that YAML reads as a boolean', text: 'node: { id: n }' },
  { name: 'a node id that YAML reads as a number', text: 'node: { id: 123 }' },
  { name: 'yes for a boolean', text: cluster('ignore_health_on_host_removal: yes') },
  { name: 'a tab', text: 'node:\n\tid: a' },
  { name: 'a key that occurs twice', text: 'node: { id: a }\nnode: { id: b }' },
  {
    name: 'an admin interface',
    text: 'admin: { address: { socket_address: { address: 127.0.0.1, port_value: 9901 } } }',
  },
  {
    name: 'an admin address that is a name',
    text: 'admin: { address: { socket_address: { address: localhost, port_value: 1 } } }',
  },
  ...['/run/a.sock', '"@a"', `/tmp/${'x'.repeat(102)}`, `/tmp/${'x'.repeat(103)}`, '"/a\\0b"'].flatMap(
    (path): Case[] => [
      {
        name: `an admin interface at the pipe ${path}`,
        text: `admin: { address: { pipe: { path: ${path} } } }`,
      },
      {
        name: `an endpoint at the pipe ${path}`,
        text: cluster(endpointAt('a').replace(/socket_address: {.*?}/, `pipe: { path: ${path} }`)),
      },
    ],
  ),
  ...['"@a", mode: 384', '/a, mode: 511', '/a, mode: 512', '""'].map((fields): Case => ({
    name: `an admin interface at the pipe ${fields}`,
    text: `admin: { address: { pipe: { path: ${fields} } } }`,
  })),
  {
    name: 'a pipe whose health is checked at a port',
    text: cluster(
      endpointAt('a').replace(
        /socket_address: {.*?} }/,
        'pipe: { path: /a } }, health_check_config: { port_value: 80 }',
      ),
    ),
  },
  {
    name: 'a pipe in a DNS cluster',
    text: cluster(
      `type: STRICT_DNS, ${endpointAt('a').replace(/socket_address: {.*?}/, 'pipe: { path: /a }')}`,
    ),
    stricter: 'Envoy resolves an empty name',
  },
  {
    name: 'a static cluster',
    text: cluster(`connect_timeout: 0.25s, type: STATIC, lb_policy: ROUND_ROBIN, ${endpointAt('127.0.0.1')}`),
  },
  {
    name: 'a static cluster with a name for an address',
    text: cluster(`type: STATIC, ${endpointAt('db.test')}`),
  },
  {
    name: 'a DNS cluster',
    text: cluster(`type: STRICT_DNS, dns_lookup_family: V4_ONLY, ${endpointAt('localhost')}`),
  },
  { name: 'a logical DNS cluster without an endpoint', text: cluster('type: LOGICAL_DNS') },
  {
    name: 'the typed DNS cluster',
    text: cluster(
      `cluster_type: { name: d, typed_config: { "@type": type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster, dns_refresh_rate: 60s } }, ${endpointAt('localhost')}`,
    ),
  },
  { name: 'a connect time-out of zero', text: cluster('connect_timeout: 0s') },
  { name: 'clusters of one name', text: 'static_resources: { clusters: [ { name: a }, { name: a } ] }' },
  { name: 'a cluster without a name', text: 'static_resources: { clusters: [ { type: STATIC } ] }' },
  {
    name: 'two health checks',
    text: cluster(
      'health_checks: [ &h { timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {} }, *h ]',
    ),
  },
  {
    name: 'a health check without an interval',
    text: cluster(
      'health_checks: [ { timeout: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {} } ]',
    ),
  },
  {
    name: 'expected statuses that are empty',
    text: cluster(
      'health_checks: [ { timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: { path: /, expected_statuses: [ { start: 200, end: 200 } ] } } ]',
    ),
  },
  {
    name: 'a typed load balancer',
    text: cluster(
      'load_balancing_policy: { policies: [ { typed_extension_config: { name: p, typed_config: { "@type": type.googleapis.com/envoy.extensions.load_balancing_policies.random.v3.Random } } } ] }',
    ),
  },
  {
    name: 'a slow start without a window',
    text: cluster(
      'round_robin_lb_config: { slow_start_config: { aggression: { default_value: 2, runtime_key: k } } }',
    ),
  },
  { name: 'an EDS cluster without a source', text: cluster('type: EDS') },
  {
    name: 'a retry budget and thresholds',
    text: cluster(
      'circuit_breakers: { thresholds: { max_requests: 5, retry_budget: { budget_percent: { value: 25 } } } }',
    ),
  },
  { name: 'outlier detection', text: cluster('outlier_detection: {}'), stricter: 'not implemented' },
  { name: 'ring hash', text: cluster('lb_policy: RING_HASH'), stricter: 'not implemented' },
  { name: 'a listener with a route', text: route('prefix: /') },
  { name: 'a listener without filter chains', text: listener('') },
  {
    name: 'a listener at a name',
    text: route('prefix: /').replace(
      'address: 127.0.0.1, port_value: 10000',
      'address: localhost, port_value: 10000',
    ),
  },
  { name: 'a route to a cluster that is not there', text: route('prefix: /', 'route: { cluster: gone }') },
  {
    name: 'such a route where that is allowed',
    text: listener(
      `{ filters: [ ${manager(routes('{ match: { prefix: / }, route: { cluster: gone } }', ', validate_clusters: false'))} ] }`,
    ),
  },
  {
    name: 'a domain twice',
    text: listener(
      `{ filters: [ ${manager('route_config: { virtual_hosts: [ { name: a, domains: [x.test] }, { name: b, domains: [X.test] } ] }')} ] }`,
    ),
  },
  { name: 'a look-ahead', text: route('safe_regex: { regex: "/(?=a)" }') },
  { name: 'a repeat over 1000', text: route('safe_regex: { regex: "/a{1001}" }') },
  { name: 'named groups', text: route('safe_regex: { regex: "/(?P<n>a)(?i)b" }') },
  { name: 'a separated prefix that ends in a slash', text: route('path_separated_prefix: /a/') },
  {
    name: 'weights that are all zero',
    text: route('prefix: /', 'route: { weighted_clusters: { clusters: [ { name: c, weight: 0 } ] } }'),
  },
  {
    name: 'weights',
    text: route(
      'prefix: /',
      'route: { weighted_clusters: { clusters: [ { name: c, weight: 1 }, { name: c, weight: 2 } ] } }',
    ),
  },
  {
    name: 'append beside append_action',
    text: route(
      'prefix: /',
      undefined,
      ', request_headers_to_add: [ { header: { key: a, value: b }, append: true, append_action: ADD_IF_ABSENT } ]',
    ),
  },
  {
    name: 'append false beside the default action',
    text: route(
      'prefix: /',
      undefined,
      ', request_headers_to_add: [ { header: { key: a, value: b }, append: false } ]',
    ),
  },
  {
    name: 'a mutation of host',
    text: route('prefix: /', undefined, ', request_headers_to_add: [ { header: { key: Host, value: b } } ]'),
  },
  {
    name: 'a removal of a pseudo-header',
    text: route('prefix: /', undefined, ', response_headers_to_remove: [":status"]'),
  },
  {
    name: 'a lone %',
    text: route('prefix: /', undefined, ', request_headers_to_add: [ { header: { key: a, value: "5%" } } ]'),
  },
  {
    name: 'an unknown operator',
    text: route(
      'prefix: /',
      undefined,
      ', request_headers_to_add: [ { header: { key: a, value: "%NO_SUCH%" } } ]',
    ),
  },
  {
    name: 'a direct response that is too long',
    text: route(
      'prefix: /',
      `direct_response: { status: 200, body: { inline_string: "${'x'.repeat(4097)}" } }`,
    ),
  },
  {
    name: 'a direct response',
    text: route('prefix: /', 'direct_response: { status: 200, body: { inline_string: ok } }'),
  },
  { name: 'a direct response without a status', text: route('prefix: /', 'direct_response: {}') },
  {
    name: 'a redirect',
    text: route('prefix: /', 'redirect: { https_redirect: true, response_code: FOUND }'),
  },
  {
    name: 'two rewrites',
    text: route(
      'prefix: /',
      'route: { cluster: c, prefix_rewrite: /a, regex_rewrite: { pattern: { regex: b }, substitution: c } }',
    ),
  },
  {
    name: 'a retry policy',
    text: route(
      'prefix: /',
      'route: { cluster: c, retry_policy: { retry_on: "5xx,nonsense", retry_back_off: { base_interval: 1s } } }',
    ),
  },
  {
    name: 'a back-off that ends before it begins',
    text: route(
      'prefix: /',
      'route: { cluster: c, retry_policy: { retry_on: 5xx, retry_back_off: { base_interval: 1s, max_interval: 0.5s } } }',
    ),
  },
  {
    name: 'ignore_case with a regular expression',
    text: route(
      'prefix: /, headers: [ { name: h, string_match: { ignore_case: true, safe_regex: { regex: a } } } ]',
    ),
  },
  {
    name: 'an empty prefix in a header matcher',
    text: route('prefix: /, headers: [ { name: h, string_match: { prefix: "" } } ]'),
  },
  {
    name: 'a router that is not the last',
    text: listener(
      `{ filters: [ ${manager(routes(''), `${router}, { name: h, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck, pass_through_mode: false } }`)} ] }`,
    ),
  },
  {
    name: 'no router',
    text: listener(
      `{ filters: [ ${manager(routes(''), '{ name: h, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck, pass_through_mode: false } }')} ] }`,
    ),
  },
  {
    name: 'a cached health check that does not pass through',
    text: listener(
      `{ filters: [ ${manager(routes(''), `{ name: h, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck, pass_through_mode: false, cache_time: 1s } }, ${router}`)} ] }`,
    ),
  },
  {
    name: 'both ways to strip a port',
    text: listener(
      `{ filters: [ ${manager(`${routes('')}, strip_any_host_port: true, strip_matching_host_port: true`)} ] }`,
    ),
  },
  {
    name: 'two chains for the same connections',
    text: listener(`{ filters: [ ${manager(routes(''))} ] }, { filters: [ ${manager(routes(''))} ] }`),
  },
  {
    name: 'chains that differ in a source port',
    text: listener(
      `{ filter_chain_match: { source_ports: [1] }, filters: [ ${manager(routes(''))} ] }, { filter_chain_match: { source_ports: [2] }, filters: [ ${manager(routes(''))} ] }`,
    ),
  },
  {
    name: 'a text log',
    text: listener(
      `{ filters: [ ${manager(`${routes('')}, access_log: { name: f, typed_config: { "@type": ${fileLog}, path: /dev/null, log_format: { text_format_source: { inline_string: "%START_TIME% %REQ(:path)%" } } } }`)} ] }`,
    ),
  },
  {
    name: 'a log with an unknown operator',
    text: listener(
      `{ filters: [ ${manager(`${routes('')}, access_log: { name: f, typed_config: { "@type": ${fileLog}, path: /dev/null, log_format: { json_format: { a: "%NO_SUCH%" } } } }`)} ] }`,
    ),
  },
  {
    name: 'a connection manager without a prefix',
    text: listener(`{ filters: [ ${manager(routes('')).replace('stat_prefix: s, ', '')} ] }`),
  },
  { name: 'ADS', text: ads('cds_config: { ads: {} }, lds_config: { ads: {} }') },
  { name: 'ADS without a node id', text: ads('cds_config: { ads: {} }').replace('id: a, ', '') },
  {
    name: 'ADS over a cluster that is not there',
    text: ads('cds_config: { ads: {} }').replace('cluster_name: c } }', 'cluster_name: d } }'),
  },
  {
    name: 'ADS over an EDS cluster',
    text: ads('cds_config: { ads: {} }', 'type: EDS, eds_cluster_config: { eds_config: { ads: {} } }'),
  },
  {
    name: 'ADS in version 2',
    text: ads('cds_config: { ads: {} }').replace('transport_api_version: V3', 'transport_api_version: V2'),
  },
  {
    name: 'runtime layers',
    text: 'layered_runtime: { layers: [ { name: a, static_layer: { k: { l: 1 } } }, { name: b, admin_layer: {} } ] }',
  },
  {
    name: 'runtime layers of one name',
    text: 'layered_runtime: { layers: [ { name: a, static_layer: {} }, { name: a, admin_layer: {} } ] }',
  },
  {
    name: 'two admin layers',
    text: 'layered_runtime: { layers: [ { name: a, admin_layer: {} }, { name: b, admin_layer: {} } ] }',
  },
  {
    name: 'a list in a runtime layer',
    text: 'layered_runtime: { layers: [ { name: a, static_layer: { k: [1] } } ] }',
  },
  { name: 'a local cluster that is not there', text: 'cluster_manager: { local_cluster_name: l }' },
];

const envoy = usePeer('envoy');
const options = { ...decoderOptions, compileFormat };
const folder = mkdtempSync(join(tmpdir(), 'heddle-bootstrap-'));
after(() => rmSync(folder, { recursive: true }));

/** Empty if Envoy takes the file, else what it says. */
function askEnvoy(path: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(envoy.path, ['--mode', 'validate', '-c', path, '--log-level', 'error'], (error, _, stderr) => {
      resolve(error === null ? '' : stderr || error.message);
    });
  });
}

function askHeddle(text: string): string {
  try {
    loadBootstrap([{ bytes: Buffer.from(text), name: 'b.yaml', reader: yamlReader }], {
      decoder: options,
      overrides: { version: '1' },
    });
    return '';
  } catch (thrown) {
    assert.ok(thrown instanceof InvalidInputError, String(thrown));
    return thrown.problems.map(formatProblem).join('\n');
  }
}

for (const [i, { name, text, stricter }] of cases.entries()) {
  test(`as Envoy: ${name}`, { skip: envoy.skip }, async () => {
    const path = join(folder, `${i}.yaml`);
    writeFileSync(path, text);
    const [theirs, ours] = [await askEnvoy(path), askHeddle(text)];
    const report = `Envoy: ${theirs || 'accepts'}\nHeddle: ${ours || 'accepts'}`;
    if (stricter === undefined) assert.equal(ours === '', theirs === '', report);
    else assert.deepEqual([ours === '', theirs === ''], [false, true], report);
  });
}
