import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeYaml, ignoredOfYaml, problemsOfYaml, resourceTypes } from '../testing/decode-yaml.ts';

const { listener } = resourceTypes;
const extensions = 'type.googleapis.com/envoy.extensions.filters';

function listenerYaml(name: string, type: string, fields = ''): string {
  const manager = `{
    "@type": ${extensions}.network.http_connection_manager.v3.HttpConnectionManager,
    stat_prefix: s, route_config: { name: r },
    http_filters: [
      { name: f, typed_config: { "@type": ${extensions}.http.${name}.v3.${type}, ${fields} } },
      { name: router, typed_config: { "@type": ${extensions}.http.router.v3.Router } } ] }`;
  return `
name: l
address: { socket_address: { address: 127.0.0.1, port_value: 8080 } }
filter_chains: [ { filters: [ { name: hcm, typed_config: ${manager} } ] } ]`;
}

function configOf(...parts: Parameters<typeof listenerYaml>): unknown {
  const filter = decodeYaml(listener, listenerYaml(...parts)).filterChains[0]?.networkFilter;
  assert.equal(filter?.kind, 'http-connection-manager');
  return filter.config.httpFilters[0]?.config;
}

test('grpc_stats: no method by name unless that is asked for', () => {
  const stats = (fields?: string) => configOf('grpc_stats', 'FilterConfig', fields);
  assert.deepEqual(stats(), { methods: { kind: 'none' }, hasUpstreamTime: false });
  assert.deepEqual(stats('stats_for_all_methods: false, replace_dots_in_grpc_service_name: true'), stats());
  assert.deepEqual(stats('stats_for_all_methods: true, enable_upstream_stats: true'), {
    methods: { kind: 'all', replacesDots: false },
    hasUpstreamTime: true,
  });
  assert.deepEqual(stats('stats_for_all_methods: true, replace_dots_in_grpc_service_name: true'), {
    methods: { kind: 'all', replacesDots: true },
    hasUpstreamTime: false,
  });
  const list = 'services: [ { name: p.S, method_names: [A, B] }, { name: T, method_names: [C] } ]';
  assert.deepEqual(stats(`individual_method_stats_allowlist: { ${list} }`), {
    methods: { kind: 'listed', names: ['p.S/A', 'p.S/B', 'T/C'] },
    hasUpstreamTime: false,
  });
});

test('grpc_stats: emit_filter_state is accepted, and said to have no effect', () => {
  const yaml = listenerYaml('grpc_stats', 'FilterConfig', 'emit_filter_state: true');
  assert.match(ignoredOfYaml(listener, yaml).join('\n'), /typed_config\.emit_filter_state: is ignored: only/);
});

test('grpc_stats: the rules of the API hold within the list', () => {
  const list = 'individual_method_stats_allowlist: { services: [ { name: "", method_names: [] } ] }';
  const problems = problemsOfYaml(listener, listenerYaml('grpc_stats', 'FilterConfig', list)).join('\n');
  assert.match(problems, /services\[0\]\.name/);
  assert.match(problems, /services\[0\]\.method_names/);
});

test('grpc_web and grpc_http1_bridge', () => {
  assert.deepEqual(configOf('grpc_web', 'GrpcWeb'), {});
  const bridge = (fields?: string) => configOf('grpc_http1_bridge', 'Config', fields);
  assert.deepEqual(bridge(), { upgradesProtobuf: false, ignoresQuery: false });
  assert.deepEqual(bridge('upgrade_protobuf_to_grpc: true'), { upgradesProtobuf: true, ignoresQuery: false });
  assert.deepEqual(bridge('ignore_query_parameters: true'), { upgradesProtobuf: false, ignoresQuery: true });
});
