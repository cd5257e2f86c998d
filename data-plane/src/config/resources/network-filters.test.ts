import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeYaml, problemsOfYaml, resourceTypes } from './testing/decode-yaml.ts';

const { listener } = resourceTypes;
const filterType = 'type.googleapis.com/envoy.extensions.filters.network';

function filter(type: string, fields = ''): string {
  return `{ name: ${type}, typed_config: { "@type": ${filterType}.${type}, ${fields} } }`;
}

function listenerYaml(...filters: readonly string[]): string {
  return `
name: l
address: { socket_address: { address: 127.0.0.1, port_value: 8080 } }
filter_chains: [ { filters: [ ${filters.join(', ')} ] } ]`;
}

const chainOf = (...filters: readonly string[]) =>
  decodeYaml(listener, listenerYaml(...filters)).filterChains[0]!;
const problemsOf = (...filters: readonly string[]) => problemsOfYaml(listener, listenerYaml(...filters));
const echo = filter('echo.v3.Echo');
const limit = (fields: string): string =>
  filter('connection_limit.v3.ConnectionLimit', `stat_prefix: s, max_connections: 2, ${fields}`);

test('filters before the terminal one keep their order', () => {
  const { precedingFilters, networkFilter } = chainOf(limit('delay: 1.5s'), limit(''), echo);
  assert.equal(networkFilter.kind, 'echo');
  assert.partialDeepStrictEqual(precedingFilters, [
    {
      kind: 'connection-limit',
      config: { statPrefix: 's', maxConnections: 2, delayMs: 1500, isEnabled: true },
    },
    { kind: 'connection-limit', config: { delayMs: 0 } },
  ]);
  const off = chainOf(limit('runtime_enabled: { default_value: false, runtime_key: none }'), echo);
  assert.partialDeepStrictEqual(off.precedingFilters, [{ config: { isEnabled: false } }]);
  assert.deepEqual(
    chainOf(filter('direct_response.v3.Config', 'response: { inline_string: "é" }')).networkFilter,
    { kind: 'direct-response', body: Buffer.from('é').toString('latin1') },
  );
});

test('a chain ends with a terminal filter, and has no other', () => {
  const path = 'filter_chains[0].filters';
  assert.deepEqual(problemsOf(echo, echo), [
    `${path}[0]: echo.v3.Echo is terminal and must be the last filter`,
  ]);
  assert.deepEqual(problemsOf(limit('')), [
    `${path}[0]: connection_limit.v3.ConnectionLimit is not terminal: a filter that takes the connection must follow it`,
  ]);
  assert.deepEqual(problemsOf(), [`${path}: must not be empty`]);
  const unknown = filter('ext_authz.v3.ExtAuthz', 'stat_prefix: s');
  assert.match(
    problemsOf(unknown, echo).join('\n'),
    /filters\[0\]\.typed_config: .*ExtAuthz is not supported/,
  );
});

test('a bucket belongs to one filter, or to those of its key and its limits', () => {
  const rateLimit = (fields: string, maxTokens = 2, interval = '1s') =>
    filter(
      'local_ratelimit.v3.LocalRateLimit',
      `stat_prefix: s, token_bucket: { max_tokens: ${maxTokens}, fill_interval: ${interval} }, ${fields}`,
    );
  const buckets = [
    rateLimit(''),
    rateLimit(''),
    ...['k', 'k', 'l'].map((key) => rateLimit(`share_key: ${key}`)),
  ];
  const { precedingFilters } = chainOf(...buckets, rateLimit('share_key: k', 3), echo);
  const [a, b, c, d, e, f] = precedingFilters.map((row) =>
    row.kind === 'local-rate-limit' ? row.config.bucket : undefined,
  );
  assert.equal(new Set([a, b, c, e, f]).size, 5);
  assert.equal(c, d);
  assert.partialDeepStrictEqual(precedingFilters[0], {
    config: { statPrefix: 's', isEnabled: true, maxTokens: 2, tokensPerFill: 1, fillIntervalMs: 1000 },
  });
  assert.deepEqual(problemsOf(rateLimit('', 2, '0.049s'), echo), [
    'filter_chains[0].filters[0].typed_config.token_bucket.fill_interval: must not be below 50 ms',
  ]);
});

test('rules for access are asked in the order of their names; what cannot be asked is refused', () => {
  const rbac = (policies: string): string =>
    filter('rbac.v3.RBAC', `stat_prefix: s, rules: { action: DENY, policies: { ${policies} } }`);
  const all = '{ permissions: [ { any: true } ], principals: [ { any: true } ] }';
  const [preceding] = chainOf(rbac(`b: ${all}, a: ${all}`), echo).precedingFilters;
  assert.partialDeepStrictEqual(preceding, {
    kind: 'rbac',
    config: {
      isContinuous: false,
      delayDenyMs: 0,
      rules: { action: 'DENY', policies: [{ name: 'a' }, { name: 'b' }] },
    },
  });
  const path = 'filter_chains[0].filters[0].typed_config.rules.policies["p"]';
  const permission = (rule: string): string[] =>
    problemsOf(rbac(`p: { permissions: [ { ${rule} } ], principals: [ { any: true } ] }`), echo);
  assert.deepEqual(permission('destination_port_range: { start: 5, end: 5 }'), [
    `${path}.permissions[0].destination_port_range: must be within 0 and 65536, and not empty`,
  ]);
  assert.match(
    permission('not_rule: { header: { name: x } }').join(),
    /permissions\[0\]\.not_rule\.header: /,
  );
  assert.match(
    permission('metadata: { filter: x, path: [ { key: k } ], value: { bool_match: true } }').join(),
    /permissions\[0\]\.metadata: /,
  );
});

test('what a TCP proxy is told of the hosts that it wants, and what it is not', () => {
  const lb = (text: string): string => `metadata_match: { filter_metadata: { envoy.lb: { ${text} } } }`;
  const proxy = (fields: string): string => filter('tcp_proxy.v3.TcpProxy', `stat_prefix: s, ${fields}`);
  const weighted = `weighted_clusters: { clusters: [ { name: a, weight: 1, ${lb('v: 2')} }, { name: b, weight: 3 } ] }`;
  assert.partialDeepStrictEqual(chainOf(proxy(`${lb('v: 1, zone: x')}, ${weighted}`)).networkFilter, {
    config: {
      totalWeight: 4,
      clusters: [
        { name: 'a', weight: 1, metadataMatch: { v: 2, zone: 'x' } },
        { name: 'b', weight: 3, metadataMatch: { v: 1, zone: 'x' } },
      ],
    },
  });
  const paths = (fields: string) =>
    problemsOf(proxy(`cluster: a, ${fields}`)).map((text) => text.split(':')[0]);
  const at = 'filter_chains[0].filters[0].typed_config';
  assert.deepEqual(paths('on_demand: { odcds_config: { ads: {} } }'), [`${at}.on_demand`]);
  assert.deepEqual(paths('proxy_protocol_tlvs: [ { type: 224, value: eA== } ]'), [
    `${at}.proxy_protocol_tlvs`,
  ]);
  assert.deepEqual(paths('backoff_options: { base_interval: 1s, max_interval: 0.5s }'), [
    `${at}.backoff_options.max_interval`,
  ]);
});
