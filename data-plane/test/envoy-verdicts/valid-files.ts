import { clusterOf, endpoints, features, listenerOf, type Feature } from './bootstrap-file.ts';

const types = 'type.googleapis.com/envoy';
const health = 'timeout: 1s, interval: 5s, unhealthy_threshold: 2, healthy_threshold: 3';
const httpOptions = (fields: string): string =>
  `typed_extension_protocol_options: { envoy.extensions.upstreams.http.v3.HttpProtocolOptions: { "@type": ${types}.extensions.upstreams.http.v3.HttpProtocolOptions, ${fields} } }`;
const ads = (cluster: string, fields: string): string =>
  `node: { id: a, cluster: b }\ndynamic_resources: { ads_config: { api_type: GRPC, transport_api_version: V3, grpc_services: [ { envoy_grpc: { cluster_name: c } } ] }, ${fields} }\n${clusterOf(cluster)}`;
const http2 = httpOptions('explicit_http_config: { http2_protocol_options: {} }');
const policy = (type: string, fields = ''): string =>
  `load_balancing_policy: { policies: [ { typed_extension_config: { name: p, typed_config: { "@type": ${types}.extensions.load_balancing_policies.${type} ${fields} } } } ] }, ${endpoints()}`;
const upstreamTls = (fields: string): string =>
  `${endpoints()}, transport_socket: { name: tls, typed_config: { "@type": ${types}.extensions.transport_sockets.tls.v3.UpstreamTlsContext, ${fields} } }`;

/** Everything but HTTP. */
export const validFiles: readonly Feature[] = [
  ...features('bootstrap', {
    empty: '{}',
    admin: 'admin: { address: { socket_address: { address: 127.0.0.1, port_value: 9901 } } }',
    node: 'node: { id: a, cluster: b, locality: { region: r, zone: z, sub_zone: s }, metadata: { k: { l: [1, true, x] } }, user_agent_name: n, user_agent_version: "1" }',
    runtime:
      'layered_runtime: { layers: [ { name: base, static_layer: { a: { b: 1 }, c: { numerator: 5, denominator: HUNDRED } } }, { name: admin, admin_layer: {} } ] }',
    stats:
      'stats_flush_interval: 5s\nstats_config: { use_all_default_tags: true, stats_tags: [ { tag_name: t, fixed_value: v } ] }',
    'tags by expressions':
      'stats_config: { stats_tags: [ { tag_name: t, regex: "^a[.](b)" }, { tag_name: envoy.cluster_name } ] }',
    'statistics that are chosen':
      'stats_config: { stats_matcher: { inclusion_list: { patterns: [ { prefix: cluster. }, { safe_regex: { regex: "http[.].*" } } ] } }, histogram_bucket_settings: [ { match: { prefix: http }, buckets: [1, 5, 10] } ] }',
    watchdog:
      'watchdogs: { main_thread_watchdog: { miss_timeout: 1s, megamiss_timeout: 2s }, worker_watchdog: { kill_timeout: 10s } }',
    ads: ads(
      `connect_timeout: 1s, ${endpoints()}, ${http2}`,
      'cds_config: { ads: {}, resource_api_version: V3 }, lds_config: { ads: {}, initial_fetch_timeout: 5s }',
    ),
    'ads with back-off': ads(`${endpoints()}, ${http2}`, 'cds_config: { ads: {} }').replace(
      'envoy_grpc: { cluster_name: c }',
      'envoy_grpc: { cluster_name: c, authority: x, retry_policy: { retry_back_off: { base_interval: 0.1s, max_interval: 1s } } }, initial_metadata: [ { key: x-k, value: v } ]',
    ),
    secrets: `static_resources: { secrets: [ { name: authority, validation_context: { trust_chain_verification: ACCEPT_UNTRUSTED } } ] }`,
  }),
  ...features('cluster', {
    static: clusterOf(`type: STATIC, connect_timeout: 0.25s, lb_policy: ROUND_ROBIN, ${endpoints()}`),
    'strict-dns': clusterOf(
      `type: STRICT_DNS, dns_lookup_family: V4_ONLY, dns_refresh_rate: 30s, respect_dns_ttl: true, ${endpoints('localhost')}`,
    ),
    'logical-dns': clusterOf(
      `type: LOGICAL_DNS, dns_failure_refresh_rate: { base_interval: 1s, max_interval: 5s }, ${endpoints('localhost')}`,
    ),
    'typed-dns': clusterOf(
      `cluster_type: { name: d, typed_config: { "@type": ${types}.extensions.clusters.dns.v3.DnsCluster, dns_refresh_rate: 60s, dns_jitter: 1s } }, ${endpoints('localhost')}`,
    ),
    eds: ads(
      `${endpoints()}, ${http2} }, { name: e, type: EDS, eds_cluster_config: { eds_config: { ads: {}, resource_api_version: V3 }, service_name: s }`,
      'cds_config: { ads: {} }',
    ),
    localities: clusterOf(
      'common_lb_config: { locality_weighted_lb_config: {} }, load_assignment: { cluster_name: c, policy: { overprovisioning_factor: 150 }, endpoints: [ { locality: { region: r }, load_balancing_weight: 3, priority: 0, lb_endpoints: [ { endpoint: { address: { socket_address: { address: 10.0.0.1, port_value: 80 } } }, load_balancing_weight: 2 } ] }, { locality: { region: s }, load_balancing_weight: 1, priority: 1, lb_endpoints: [ { endpoint: { address: { socket_address: { address: 10.0.0.2, port_value: 80 } } } } ] } ] }',
    ),
    'circuit-breakers': clusterOf(
      `${endpoints()}, circuit_breakers: { thresholds: [ { priority: HIGH, max_connections: 1, max_pending_requests: 2, max_requests: 3, max_retries: 4, track_remaining: true }, { retry_budget: { budget_percent: { value: 25 }, min_retry_concurrency: 3 } } ] }`,
    ),
    'health-http': clusterOf(
      `${endpoints()}, health_checks: [ { ${health}, interval_jitter_percent: 10, http_health_check: { path: /health, host: h, expected_statuses: [ { start: 200, end: 300 } ], request_headers_to_add: [ { header: { key: x-a, value: b } } ] } } ]`,
    ),
    'health-tcp': clusterOf(
      `${endpoints()}, health_checks: [ { ${health}, no_traffic_interval: 60s, tcp_health_check: { send: { text: "0a0b" }, receive: [ { text: "0c" } ] } } ]`,
    ),
    'health-grpc': clusterOf(
      `${endpoints()}, ${http2}, health_checks: [ { ${health}, grpc_health_check: { service_name: s, authority: a } } ]`,
    ),
    'round-robin': clusterOf(
      policy(
        'round_robin.v3.RoundRobin',
        ', slow_start_config: { slow_start_window: 30s, aggression: { default_value: 2, runtime_key: k } }',
      ),
    ),
    'least-request': clusterOf(policy('least_request.v3.LeastRequest', ', choice_count: 3')),
    random: clusterOf(policy('random.v3.Random')),
    'ring-hash': clusterOf(
      `lb_policy: RING_HASH, ring_hash_lb_config: { minimum_ring_size: 64 }, ${endpoints()}`,
    ),
    maglev: clusterOf(`lb_policy: MAGLEV, ${endpoints()}`),
    subsets: clusterOf(
      `lb_subset_config: { fallback_policy: ANY_ENDPOINT, subset_selectors: [ { keys: [v] } ] }, ${endpoints()}`,
    ),
    outliers: clusterOf(
      `outlier_detection: { consecutive_5xx: 3, interval: 5s, base_ejection_time: 10s, max_ejection_percent: 50 }, ${endpoints()}`,
    ),
    'upstream http': clusterOf(
      `${endpoints()}, ${httpOptions('explicit_http_config: { http_protocol_options: { header_key_format: { proper_case_words: {} } } }, common_http_protocol_options: { idle_timeout: 10s, max_requests_per_connection: 5 }')}`,
    ),
    'upstream http2': clusterOf(
      `${endpoints()}, ${httpOptions('explicit_http_config: { http2_protocol_options: { max_concurrent_streams: 100, initial_stream_window_size: 65536, connection_keepalive: { interval: 30s, timeout: 5s } } }')}`,
    ),
    'http2 by the old field': clusterOf(`${endpoints()}, http2_protocol_options: {}`),
    'old protocol fields': clusterOf(
      `${endpoints()}, common_http_protocol_options: { idle_timeout: 10s }, http_protocol_options: {}, max_requests_per_connection: 7, protocol_selection: USE_CONFIGURED_PROTOCOL`,
    ),
    'upstream tls': clusterOf(
      upstreamTls(
        'sni: a.test, common_tls_context: { tls_params: { tls_minimum_protocol_version: TLSv1_2 }, alpn_protocols: [h2], validation_context: { trusted_ca: { filename: /etc/ssl/certs/ca-certificates.crt }, match_typed_subject_alt_names: [ { san_type: DNS, matcher: { exact: a.test } } ] } }',
      ),
    ),
    keepalive: clusterOf(
      `${endpoints()}, upstream_connection_options: { tcp_keepalive: { keepalive_time: 60, keepalive_interval: 10, keepalive_probes: 3 } }, per_connection_buffer_limit_bytes: 32768`,
    ),
    'a cluster without endpoints': clusterOf('type: STATIC'),
    preconnect: clusterOf(`${endpoints()}, preconnect_policy: { per_upstream_preconnect_ratio: 1.5 }`),
  }),
  ...features('listener', {
    tcp: listenerOf(
      `{ name: t, typed_config: { "@type": ${types}.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: c, idle_timeout: 60s, max_connect_attempts: 3 } }`,
    ),
    'tcp with weights': listenerOf(
      `{ name: t, typed_config: { "@type": ${types}.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, weighted_clusters: { clusters: [ { name: c, weight: 2 }, { name: c, weight: 3 } ] } } }`,
    ),
    rbac: listenerOf(
      `{ name: r, typed_config: { "@type": ${types}.extensions.filters.network.rbac.v3.RBAC, stat_prefix: s, rules: { action: ALLOW, policies: { p: { permissions: [ { destination_port: 80 } ], principals: [ { direct_remote_ip: { address_prefix: 10.0.0.0, prefix_len: 8 } } ] } } } } }, { name: t, typed_config: { "@type": ${types}.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: c } }`,
    ),
    'rate limit': listenerOf(
      `{ name: r, typed_config: { "@type": ${types}.extensions.filters.network.local_ratelimit.v3.LocalRateLimit, stat_prefix: s, token_bucket: { max_tokens: 10, tokens_per_fill: 5, fill_interval: 1s } } }, { name: t, typed_config: { "@type": ${types}.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: c } }`,
    ),
    'listener filters': listenerOf(
      `{ name: t, typed_config: { "@type": ${types}.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: c } }`,
      `, listener_filters_timeout: 5s, listener_filters: [ { name: p, typed_config: { "@type": ${types}.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol } }, { name: i, typed_config: { "@type": ${types}.extensions.filters.listener.tls_inspector.v3.TlsInspector } } ]`,
    ),
    'old fields': listenerOf(
      `{ name: t, typed_config: { "@type": ${types}.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: c } }`,
      ', drain_type: MODIFY_ONLY, traffic_direction: INBOUND, stat_prefix: x, per_connection_buffer_limit_bytes: 1024, tcp_backlog_size: 10, reuse_port: true',
    ),
    'connection limit': listenerOf(
      `{ name: r, typed_config: { "@type": ${types}.extensions.filters.network.connection_limit.v3.ConnectionLimit, stat_prefix: s, max_connections: 10, delay: 1s } }, { name: t, typed_config: { "@type": ${types}.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: c } }`,
    ),
    'chain match': `static_resources: { listeners: [ { name: l, address: { socket_address: { address: 0.0.0.0, port_value: 0 } }, filter_chains: [ { filter_chain_match: { destination_port: 80, prefix_ranges: [ { address_prefix: 10.0.0.0, prefix_len: 8 } ], source_type: EXTERNAL, source_ports: [1, 2] }, filters: [ { name: t, typed_config: { "@type": ${types}.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: c } } ] } ], default_filter_chain: { filters: [ { name: t, typed_config: { "@type": ${types}.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: c } } ] } } ], clusters: [ { name: c, ${endpoints()} } ] }`,
  }),
];
