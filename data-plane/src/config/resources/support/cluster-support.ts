import { harmless, type SupportTable } from './message-support.ts';

const cluster = 'envoy.config.cluster.v3';
const core = 'envoy.config.core.v3';
const policies = 'envoy.extensions.load_balancing_policies';
const slowStart = { supported: ['slow_start_window', 'aggression', 'min_weight_percent'] };

export const clusterSupport: SupportTable = {
  [`${cluster}.Cluster`]: {
    supported: [
      'name',
      'alt_stat_name',
      'type',
      'cluster_type',
      'eds_cluster_config',
      'connect_timeout',
      'per_connection_buffer_limit_bytes',
      'lb_policy',
      'load_assignment',
      'health_checks',
      'max_requests_per_connection',
      'circuit_breakers',
      'upstream_http_protocol_options',
      'common_http_protocol_options',
      'http_protocol_options',
      'http2_protocol_options',
      'protocol_selection',
      'typed_extension_protocol_options',
      'dns_refresh_rate',
      'dns_jitter',
      'dns_failure_refresh_rate',
      'respect_dns_ttl',
      'dns_lookup_family',
      'typed_dns_resolver_config',
      'wait_for_warm_on_init',
      'least_request_lb_config',
      'round_robin_lb_config',
      'common_lb_config',
      'transport_socket',
      'transport_socket_matches',
      'metadata',
      'upstream_connection_options',
      'close_connections_on_host_health_failure',
      'ignore_health_on_host_removal',
      'load_balancing_policy',
    ],
    only: {
      type: ['STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS'],
      lb_policy: ['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'LOAD_BALANCING_POLICY_CONFIG'],
    },
    ignored: {
      cleanup_interval: 'only original destination clusters use it, and those are refused',
      lrs_server: harmless.loadReports,
      lrs_report_endpoint_metrics: harmless.loadReports,
      stats_matcher: harmless.statistics,
      track_cluster_stats: harmless.statistics,
      track_timeout_budgets: harmless.statistics,
    },
    rows: {
      common_http_protocol_options: 'upstream HttpProtocolOptions',
      http_protocol_options: 'upstream Http1ProtocolOptions',
    },
  },
  [`${cluster}.Cluster.TransportSocketMatch`]: { supported: ['name', 'match', 'transport_socket'] },
  [`${cluster}.Cluster.EdsClusterConfig`]: { supported: ['eds_config', 'service_name'] },
  [`${cluster}.Cluster.CustomClusterType`]: { supported: ['name', 'typed_config'] },
  [`${cluster}.Cluster.RefreshRate`]: { supported: ['base_interval', 'max_interval'] },
  [`${cluster}.Cluster.CommonLbConfig`]: {
    supported: [
      'healthy_panic_threshold',
      'locality_weighted_lb_config',
      'update_merge_window',
      'ignore_new_hosts_until_first_hc',
      'close_connections_on_host_set_change',
    ],
    ignored: { consistent_hashing_lb_config: 'only ring hash and Maglev read it, and those are refused' },
  },
  [`${cluster}.Cluster.CommonLbConfig.LocalityWeightedLbConfig`]: { supported: [] },
  [`${cluster}.Cluster.RoundRobinLbConfig`]: { supported: ['slow_start_config'] },
  [`${cluster}.Cluster.LeastRequestLbConfig`]: {
    supported: ['choice_count', 'active_request_bias', 'slow_start_config'],
  },
  [`${cluster}.Cluster.SlowStartConfig`]: slowStart,
  [`${cluster}.CircuitBreakers`]: { supported: ['thresholds'] },
  [`${cluster}.CircuitBreakers.Thresholds`]: {
    supported: [
      'priority',
      'max_connections',
      'max_pending_requests',
      'max_requests',
      'max_retries',
      'retry_budget',
      'track_remaining',
    ],
    ignored: { max_connection_pools: 'every host has one pool for each priority' },
  },
  [`${cluster}.CircuitBreakers.Thresholds.RetryBudget`]: {
    supported: ['budget_percent', 'min_retry_concurrency'],
  },
  [`${cluster}.LoadBalancingPolicy`]: { supported: ['policies'] },
  [`${cluster}.LoadBalancingPolicy.Policy`]: { supported: ['typed_extension_config'] },
  [`${cluster}.UpstreamConnectionOptions`]: {
    supported: [],
    ignored: {
      tcp_keepalive: 'time-outs and health checks (to the management server: pings) find dead peers',
      set_local_interface_name_on_upstream_connections: 'only names an interface in logs',
    },
  },
  [`${core}.TypedExtensionConfig`]: { supported: ['name', 'typed_config'] },
  [`${core}.TransportSocket`]: { supported: ['name', 'typed_config'] },
  [`${core}.RuntimeDouble`]: { supported: ['default_value'], ignored: { runtime_key: harmless.runtimeKey } },
  [`${core}.Metadata`]: {
    supported: ['filter_metadata'],
    ignored: { typed_filter_metadata: harmless.metadata },
  },
  [`${core}.ConfigSource`]: {
    supported: [
      'ads',
      'path',
      'path_config_source',
      'api_config_source',
      'initial_fetch_timeout',
      'resource_api_version',
    ],
    only: { resource_api_version: ['AUTO', 'V3'] },
  },
  [`${policies}.round_robin.v3.RoundRobin`]: { supported: ['slow_start_config', 'locality_lb_config'] },
  [`${policies}.least_request.v3.LeastRequest`]: {
    supported: ['choice_count', 'active_request_bias', 'slow_start_config', 'locality_lb_config'],
  },
  [`${policies}.random.v3.Random`]: { supported: ['locality_lb_config'] },
  [`${policies}.common.v3.SlowStartConfig`]: slowStart,
  [`${policies}.common.v3.LocalityLbConfig`]: { supported: ['locality_weighted_lb_config'] },
  [`${policies}.common.v3.LocalityLbConfig.LocalityWeightedLbConfig`]: { supported: [] },
  'envoy.extensions.clusters.dns.v3.DnsCluster': {
    supported: [
      'dns_refresh_rate',
      'dns_failure_refresh_rate',
      'respect_dns_ttl',
      'dns_jitter',
      'typed_dns_resolver_config',
      'dns_lookup_family',
      'all_addresses_in_single_endpoint',
    ],
  },
  'envoy.extensions.clusters.dns.v3.DnsCluster.RefreshRate': { supported: ['base_interval', 'max_interval'] },
  'envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig': {
    supported: [],
    ignored: {
      num_retries: 'a failed resolution is tried again at the refresh rate',
      num_resolver_threads: 'the runtime owns the threads',
    },
  },
  'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig': {
    supported: [],
    ignored: { udp_max_queries: 'the runtime owns the sockets' },
  },
};
