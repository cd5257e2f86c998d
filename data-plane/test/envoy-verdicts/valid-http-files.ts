import { features, httpFilterOf, managerOf, routeOf, tableOf, type Feature } from './bootstrap-file.ts';

const types = 'type.googleapis.com/envoy';
const direct =
  'route_config: { virtual_hosts: [ { name: v, domains: ["*"], routes: [ { match: { prefix: / }, direct_response: { status: 200, body: { inline_string: ok } } } ] } ] }';
const fileLog = (fields: string): string =>
  `access_log: [ { name: f, typed_config: { "@type": ${types}.extensions.access_loggers.file.v3.FileAccessLog, path: /dev/null, ${fields} } } ]`;
const stdoutLog = (filter: string): string =>
  `access_log: [ { name: f, filter: { ${filter} }, typed_config: { "@type": ${types}.extensions.access_loggers.stream.v3.StdoutAccessLog } } ]`;

/** Connection managers, routes and HTTP filters. */
export const validHttpFiles: readonly Feature[] = [
  ...features('manager', {
    plain: managerOf(direct),
    timeouts: managerOf(
      `${direct}, stream_idle_timeout: 5s, request_timeout: 10s, request_headers_timeout: 1s, drain_timeout: 5s, delayed_close_timeout: 1s, common_http_protocol_options: { idle_timeout: 60s, max_connection_duration: 600s, max_headers_count: 50, headers_with_underscores_action: REJECT_REQUEST }`,
    ),
    protocols: managerOf(
      `${direct}, codec_type: AUTO, http2_protocol_options: { max_concurrent_streams: 100, initial_connection_window_size: 1048576 }, http_protocol_options: { accept_http_10: true, default_host_for_http_10: a.test }`,
    ),
    addresses: managerOf(
      `${direct}, use_remote_address: true, xff_num_trusted_hops: 1, skip_xff_append: false, internal_address_config: { unix_sockets: true, cidr_ranges: [ { address_prefix: 10.0.0.0, prefix_len: 8 } ] }`,
    ),
    'old word for a boolean': managerOf(`${direct}, use_remote_address: { value: true }`),
    names: managerOf(
      `${direct}, server_name: x, server_header_transformation: APPEND_IF_ABSENT, via: v, generate_request_id: false, forward_client_cert_details: SANITIZE_SET, set_current_client_cert_details: { subject: true, uri: true }`,
    ),
    paths: managerOf(
      `${direct}, normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: REJECT_REQUEST, strip_any_host_port: true, max_request_headers_kb: 30`,
    ),
    upgrades: managerOf(
      `${direct}, upgrade_configs: [ { upgrade_type: websocket }, { upgrade_type: CONNECT, enabled: false } ]`,
    ),
    'text log': managerOf(
      `${direct}, ${fileLog('log_format: { text_format_source: { inline_string: "%START_TIME% %REQ(:path)% %RESPONSE_CODE%\\n" } }')}`,
    ),
    'json log': managerOf(
      `${direct}, ${fileLog('log_format: { json_format: { code: "%RESPONSE_CODE%", nested: { a: "%REQ(X-A?:PATH):10%" } }, omit_empty_values: true }')}`,
    ),
    'log filters': managerOf(
      `${direct}, ${stdoutLog('and_filter: { filters: [ { status_code_filter: { comparison: { op: GE, value: { default_value: 400, runtime_key: k } } } }, { not_health_check_filter: {} }, { header_filter: { header: { name: x-a, present_match: true } } } ] }')}`,
    ),
    'log by duration': managerOf(
      `${direct}, ${stdoutLog('or_filter: { filters: [ { duration_filter: { comparison: { op: GE, value: { default_value: 100, runtime_key: k } } } }, { response_flag_filter: { flags: [NR, UH] } } ] }')}`,
    ),
    'local replies': managerOf(
      `${direct}, local_reply_config: { mappers: [ { filter: { status_code_filter: { comparison: { op: EQ, value: { default_value: 404, runtime_key: k } } } }, status_code: 410, body: { inline_string: gone } } ] }`,
    ),
  }),
  ...features('route', {
    prefix: routeOf(
      'prefix: /a, case_sensitive: false',
      'route: { cluster: c, prefix_rewrite: /b, timeout: 5s, idle_timeout: 10s }',
    ),
    'separated prefix': routeOf('path_separated_prefix: /a'),
    regex: routeOf(
      'safe_regex: { regex: "/[a-z]+/\\\\d+" }',
      'route: { cluster: c, regex_rewrite: { pattern: { regex: "^/(.*)$" }, substitution: "/\\\\1" } }',
    ),
    headers: routeOf(
      'prefix: /, headers: [ { name: a, string_match: { exact: b } }, { name: c, range_match: { start: 1, end: 5 } }, { name: d, string_match: { safe_regex: { regex: "x+" } }, invert_match: true } ], query_parameters: [ { name: q, string_match: { prefix: p } } ]',
    ),
    weights: routeOf(
      'prefix: /',
      'route: { weighted_clusters: { clusters: [ { name: c, weight: 1 }, { name: c, weight: 2, request_headers_to_add: [ { header: { key: x-w, value: w } } ] } ] } }',
    ),
    'cluster by header': routeOf(
      'prefix: /',
      'route: { cluster_header: x-cluster, cluster_not_found_response_code: NOT_FOUND }',
    ),
    redirect: routeOf(
      'path: /old',
      'redirect: { https_redirect: true, host_redirect: b.test, path_redirect: /new, response_code: FOUND, strip_query: true }',
    ),
    direct: routeOf(
      'prefix: /',
      'direct_response: { status: 503, body: { inline_string: down } }',
      ', response_headers_to_add: [ { header: { key: x-a, value: "%PROTOCOL%" }, append_action: OVERWRITE_IF_EXISTS_OR_ADD } ]',
    ),
    retries: routeOf(
      'prefix: /',
      'route: { cluster: c, retry_policy: { retry_on: "5xx,connect-failure", num_retries: 3, per_try_timeout: 1s, retriable_status_codes: [409], retry_back_off: { base_interval: 0.1s, max_interval: 1s } } }',
    ),
    'mutated headers': routeOf(
      'prefix: /',
      undefined,
      ', request_headers_to_add: [ { header: { key: x-a, value: "%DOWNSTREAM_REMOTE_ADDRESS%" } } ], request_headers_to_remove: [x-b], response_headers_to_remove: [x-c]',
    ),
    'host rewrite': routeOf(
      'prefix: /',
      'route: { cluster: c, host_rewrite_literal: b.test, append_x_forwarded_host: true }',
    ),
    fraction: routeOf(
      'prefix: /, runtime_fraction: { default_value: { numerator: 30, denominator: HUNDRED }, runtime_key: k }',
    ),
    hash: routeOf(
      'prefix: /',
      'route: { cluster: c, hash_policy: [ { header: { header_name: x-h } }, { cookie: { name: k, ttl: 60s, path: / } } ] }',
    ),
    mirror: routeOf(
      'prefix: /',
      'route: { cluster: c, request_mirror_policies: [ { cluster: c, runtime_fraction: { default_value: { numerator: 10 } } } ] }',
    ),
    durations: routeOf(
      'prefix: /',
      'route: { cluster: c, max_stream_duration: { max_stream_duration: 30s, grpc_timeout_header_max: 10s } }',
    ),
    connect: routeOf(
      'connect_matcher: {}',
      'route: { cluster: c, upgrade_configs: [ { upgrade_type: CONNECT, connect_config: {} } ] }',
    ),
    hosts: managerOf(
      'route_config: { name: t, request_headers_to_add: [ { header: { key: x-t, value: t } } ], virtual_hosts: [ { name: a, domains: [a.test, "*.a.test"], require_tls: EXTERNAL_ONLY, routes: [ { match: { prefix: / }, route: { cluster: c } } ] }, { name: b, domains: ["*"], routes: [ { match: { prefix: / }, route: { cluster: c } } ] } ] }',
    ),
    'virtual clusters': tableOf(
      '{ match: { prefix: / }, route: { cluster: c } }',
      ', virtual_clusters: [ { name: x, headers: [ { name: ":path", string_match: { prefix: /x } } ] } ]',
    ),
    'retry of the host': tableOf(
      '{ match: { prefix: / }, route: { cluster: c } }',
      ', retry_policy: { retry_on: gateway-error, host_selection_retry_max_attempts: 3 }, include_request_attempt_count: true',
    ),
    grpc: routeOf('prefix: /, grpc: {}'),
    'names and metadata': routeOf(
      'prefix: /',
      undefined,
      ', name: r, stat_prefix: p, metadata: { filter_metadata: { a: { b: c } } }, decorator: { operation: o }',
    ),
  }),
  ...features('http filter', {
    'health check': httpFilterOf(
      'health_check.v3.HealthCheck',
      'pass_through_mode: true, cache_time: 2s, headers: [ { name: ":path", string_match: { exact: /healthz } } ]',
    ),
    'grpc stats': httpFilterOf('grpc_stats.v3.FilterConfig', 'stats_for_all_methods: true'),
    'grpc web': httpFilterOf('grpc_web.v3.GrpcWeb'),
    'grpc bridge': httpFilterOf('grpc_http1_bridge.v3.Config'),
    cors: httpFilterOf('cors.v3.Cors'),
    fault: httpFilterOf('fault.v3.HTTPFault', 'delay: { fixed_delay: 1s, percentage: { numerator: 10 } }'),
    buffer: httpFilterOf('buffer.v3.Buffer', 'max_request_bytes: 1024'),
    rbac: httpFilterOf(
      'rbac.v3.RBAC',
      'rules: { policies: { p: { permissions: [ { any: true } ], principals: [ { any: true } ] } } }',
    ),
    'header mutation': httpFilterOf(
      'header_mutation.v3.HeaderMutation',
      'mutations: { request_mutations: [ { remove: x-a } ] }',
    ),
    'rate limit': httpFilterOf(
      'local_ratelimit.v3.LocalRateLimit',
      'stat_prefix: s, token_bucket: { max_tokens: 1, fill_interval: 1s }',
    ),
  }),
];
