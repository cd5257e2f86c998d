import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { encodeYaml, resourceTypes } from './testing/decode-yaml.ts';

const samples = [
  {
    type: resourceTypes.cluster,
    yaml: `
name: a
type: STRICT_DNS
lb_policy: LEAST_REQUEST
least_request_lb_config: { choice_count: 3, slow_start_config: { slow_start_window: 10s } }
circuit_breakers: { thresholds: [ { priority: HIGH, retry_budget: { budget_percent: { value: 25 } } } ] }
health_checks: [ { timeout: 1s, interval: 2s, unhealthy_threshold: 2, healthy_threshold: 1, http_health_check: { path: /ok, expected_statuses: [ { start: 200, end: 300 } ] } } ]
typed_extension_protocol_options: { envoy.extensions.upstreams.http.v3.HttpProtocolOptions: { "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: { http_protocol_options: { enable_trailers: true } } } }
load_assignment: { cluster_name: a, endpoints: [ { priority: 1, locality: { region: r }, lb_endpoints: [ { endpoint: { address: { socket_address: { address: db.test, port_value: 80 } } }, metadata: { filter_metadata: { envoy.lb: { canary: true } } } } ] } ] }
`,
  },
  {
    type: resourceTypes.listener,
    yaml: `
name: l
address: { socket_address: { address: 127.0.0.1, port_value: 8080 } }
filter_chains:
- filter_chain_match: { source_ports: [1, 2], prefix_ranges: [ { address_prefix: 10.0.0.0, prefix_len: 8 } ] }
  filters:
  - name: m
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
      stat_prefix: s
      access_log: [ { name: f, filter: { status_code_filter: { comparison: { op: GE, value: { default_value: 500, runtime_key: k } } } }, typed_config: { "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /x, log_format: { json_format: { a: { b: c } } } } } ]
      http_filters: [ { name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ]
      route_config:
        virtual_hosts:
        - name: v
          domains: ["*"]
          retry_policy: { retry_on: 5xx, retry_back_off: { base_interval: 1s } }
          routes:
          - { match: { safe_regex: { regex: "/a+" }, headers: [ { name: h, range_match: { start: 1, end: 2 } } ] }, redirect: { response_code: FOUND, host_redirect: h } }
          - { match: { prefix: / }, route: { weighted_clusters: { clusters: [ { name: c, weight: 1 } ] }, regex_rewrite: { pattern: { regex: a }, substitution: b } }, request_headers_to_add: [ { header: { key: a, value: b } } ] }
`,
  },
] as const;

test('whatever bytes arrive, they are decoded or refused with reasons; nothing is thrown', () => {
  const rng = createSeededRng(7);
  const outcomes = { ok: 0, refused: 0 };
  for (const { type, yaml } of samples) {
    const original = encodeYaml(type, yaml);
    assert.equal(type.decode(original).kind, 'ok');
    for (let i = 0; i < 600; i++) {
      const bytes = Buffer.from(original);
      for (let k = randomInteger(rng, 4); k >= 0; k--) {
        bytes[randomInteger(rng, bytes.length)] = randomInteger(rng, 256);
      }
      const decoded = type.decode(
        bytes.subarray(0, rng.next() < 0.1 ? randomInteger(rng, bytes.length) : bytes.length),
      );
      outcomes[decoded.kind] += 1;
      if (decoded.kind === 'refused') assert.ok(decoded.problems.length > 0);
      else structuredClone(decoded.value);
    }
  }
  assert.ok(outcomes.ok > 50 && outcomes.refused > 50, JSON.stringify(outcomes));
});

test('equal bytes give equal values', () => {
  for (const { type, yaml } of samples) {
    const bytes = encodeYaml(type, yaml);
    assert.deepEqual(type.decode(bytes), type.decode(Buffer.from(bytes)));
  }
});
