import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListenerFilter } from '../../model/listener-filters.ts';
import { decodeYaml, problemsOfYaml, resourceTypes } from '../testing/decode-yaml.ts';

type Json = Readonly<Record<string, unknown>>;

const filters = 'type.googleapis.com/envoy.extensions.filters';

function listenerWith(filter: Json): string {
  const manager = {
    '@type': `${filters}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 's',
    http_filters: [{ name: 'r', typed_config: { '@type': `${filters}.http.router.v3.Router` } }],
    route_config: { name: 'r', virtual_hosts: [] },
  };
  return JSON.stringify({
    name: 'l',
    address: { socket_address: { address: '127.0.0.1', port_value: 8080 } },
    listener_filters: [filter],
    filter_chains: [{ filters: [{ name: 'm', typed_config: manager }] }],
  });
}

function decodeFilter(filter: Json): ListenerFilter | undefined {
  return decodeYaml(resourceTypes.listener, listenerWith(filter)).listenerFilters?.filters[0];
}

function proxyProtocol(fields: Json = {}, more: Json = {}): Json {
  const type = `${filters}.listener.proxy_protocol.v3.ProxyProtocol`;
  return { name: 'p', typed_config: { '@type': type, ...fields }, ...more };
}

test('the PROXY protocol filter', () => {
  assert.deepEqual(decodeFilter(proxyProtocol()), {
    kind: 'proxy-protocol',
    statPrefix: '',
    allowsWithoutHeader: false,
    allowedVersions: [1, 2],
    rules: [],
    rulesLocation: 'dynamic-metadata',
    passThroughTlvs: [],
  });
  const told = decodeFilter(
    proxyProtocol({
      stat_prefix: 'p',
      allow_requests_without_proxy_protocol: true,
      disallowed_versions: ['V1'],
      tlv_location: 'FILTER_STATE',
      pass_through_tlvs: { match_type: 'INCLUDE', tlv_type: [2, 234] },
      rules: [
        { tlv_type: 2, on_tlv_present: { key: 'authority' } },
        {
          tlv_type: 234,
          on_tlv_present: { key: 'vpc', metadata_namespace: 'aws', value_string_encoding: 'BASE64' },
        },
        { tlv_type: 5 },
      ],
    }),
  );
  assert.deepEqual(told, {
    kind: 'proxy-protocol',
    statPrefix: 'p',
    allowsWithoutHeader: true,
    allowedVersions: [2],
    rules: [
      {
        tlvType: 2,
        metadataNamespace: 'envoy.filters.listener.proxy_protocol',
        key: 'authority',
        encoding: 'utf8',
      },
      { tlvType: 234, metadataNamespace: 'aws', key: 'vpc', encoding: 'base64' },
    ],
    rulesLocation: 'filter-state',
    passThroughTlvs: [2, 234],
  });
  const all = decodeFilter(proxyProtocol({ pass_through_tlvs: { match_type: 'INCLUDE_ALL' } }));
  assert.equal(all?.kind === 'proxy-protocol' && all.passThroughTlvs, 'all');
  assert.match(
    problemsOfYaml(
      resourceTypes.listener,
      listenerWith(proxyProtocol({ rules: [{ tlv_type: 256 }] })),
    ).join(),
    /listener_filters\[0\]\.typed_config\.rules\[0\]\.tlv_type/,
  );
});

test('the local rate limit, whose bucket all workers share', () => {
  const type = `${filters}.listener.local_ratelimit.v3.LocalRateLimit`;
  const limited = (fields: Json, bucket: Json = {}): Json => ({
    name: 'l',
    typed_config: {
      '@type': type,
      stat_prefix: 's',
      token_bucket: { max_tokens: 3, fill_interval: '1s', ...bucket },
      ...fields,
    },
  });
  const decoded = decodeFilter(limited({}));
  assert.ok(decoded?.kind === 'local-rate-limit');
  const { bucket, ...rest } = decoded;
  assert.deepEqual(rest, {
    kind: 'local-rate-limit',
    statPrefix: 's',
    isEnabled: true,
    maxTokens: 3,
    tokensPerFill: 1,
    fillIntervalMs: 1000,
  });
  assert.equal(bucket.byteLength, 8);
  const off = decodeFilter(limited({ runtime_enabled: { runtime_key: 'k', default_value: false } }));
  assert.equal(off?.kind === 'local-rate-limit' && off.isEnabled, false);
  const lines = problemsOfYaml(
    resourceTypes.listener,
    listenerWith(limited({}, { fill_interval: '0.049s' })),
  );
  assert.match(lines.join(), /^listener_filters\[0\]\.typed_config\.token_bucket\.fill_interval: must not/);
});

test('what Node cannot do is refused, with what to do instead', () => {
  for (const [type, hint] of [
    ['original_dst.v3.OriginalDst', /proxy_protocol$/],
    ['original_src.v3.OriginalSrc', /upstream_proxy_protocol$/],
  ] as const) {
    const filter = { name: 'o', typed_config: { '@type': `${filters}.listener.${type}` } };
    const [line = ''] = problemsOfYaml(resourceTypes.listener, listenerWith(filter));
    assert.match(line, /^listener_filters\[0\]\.typed_config: .* is not possible here: Node /);
    assert.match(line, hint);
  }
});

test('where a filter is disabled', () => {
  const port = { destination_port_range: { start: 80, end: 90 } };
  const disabledBy = (filter_disabled: Json) =>
    decodeFilter(proxyProtocol({}, { filter_disabled }))?.disabled;
  const expected = { kind: 'destination-port', start: 80, end: 90 };
  assert.deepEqual(disabledBy({ any_match: true }), { kind: 'any' });
  assert.deepEqual(disabledBy(port), expected);
  const set = { rules: [port, { not_match: port }] };
  const rules = [expected, { kind: 'not', rule: expected }];
  assert.deepEqual(disabledBy({ or_match: set }), { kind: 'or', rules });
  assert.deepEqual(disabledBy({ not_match: { and_match: set } }), {
    kind: 'not',
    rule: { kind: 'and', rules },
  });
  const problemsOf = (filter_disabled: Json): string =>
    problemsOfYaml(resourceTypes.listener, listenerWith(proxyProtocol({}, { filter_disabled }))).join('\n');
  assert.match(problemsOf({}), /filter_disabled/);
  assert.match(problemsOf({ or_match: { rules: [port] } }), /filter_disabled\.or_match\.rules/);
});
