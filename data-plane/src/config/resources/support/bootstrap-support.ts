import { harmless, type SupportTable } from './message-support.ts';

const bootstrap = 'envoy.config.bootstrap.v3';
const core = 'envoy.config.core.v3';

const aggregatedSource = `${core}.ApiConfigSource (of ads_config)`;
const apiSource = [
  'api_type',
  'transport_api_version',
  'grpc_services',
  'cluster_names',
  'refresh_delay',
  'request_timeout',
  'rate_limit_settings',
  'set_node_on_first_message_only',
] as const;

export const bootstrapSupport: SupportTable = {
  [`${bootstrap}.Bootstrap`]: {
    supported: [
      'node',
      'static_resources',
      'dynamic_resources',
      'cluster_manager',
      'typed_dns_resolver_config',
      'layered_runtime',
      'admin',
    ],
    ignored: {
      flags_path: 'flag files are not read',
      stats_sinks: harmless.statistics,
      deferred_stat_options: harmless.statistics,
      stats_config: harmless.statistics,
      stats_flush_interval: 'statistics are always current, and there are no sinks to flush to',
      stats_flush_on_admin: harmless.statistics,
      stats_server_version_override: harmless.statistics,
      stats_eviction_interval: harmless.statistics,
      enable_dispatcher_stats: harmless.statistics,
      tracing: harmless.tracing,
      watchdog: 'a worker that dies is started again; there is no watchdog',
      watchdogs: 'a worker that dies is started again; there is no watchdog',
      default_socket_interface: 'there is one socket interface',
      perf_tracing_file_path: 'only affects tracing of the process itself',
      application_log_config: 'the log of the process has one format: JSON lines',
      grpc_async_client_manager_config: 'only affects how long idle gRPC clients are kept',
      memory_allocator_manager: 'the runtime manages the memory',
      enable_worker_cpu_affinity: 'the kernel places the workers',
    },
  },
  [`${core}.Node`]: {
    supported: [
      'id',
      'cluster',
      'metadata',
      'locality',
      'user_agent_name',
      'user_agent_version',
      'user_agent_build_version',
      'client_features',
    ],
    ignored: {
      extensions: 'the proxy says itself which extensions it has',
      listening_addresses: 'the management server learns addresses from listeners',
    },
  },
  [`${core}.BuildVersion`]: { supported: ['version', 'metadata'] },
  'envoy.type.v3.SemanticVersion': { supported: ['major_number', 'minor_number', 'patch'] },
  [`${bootstrap}.Admin`]: {
    supported: ['address'],
    ignored: {
      access_log: 'the admin interface keeps no access log',
      access_log_path: 'the admin interface keeps no access log',
      profile_path: 'there is no profiler endpoint',
      ignore_global_conn_limit: 'the admin interface has no limit of connections',
    },
  },
  [`${bootstrap}.Bootstrap.StaticResources`]: { supported: ['listeners', 'clusters', 'secrets'] },
  [`${bootstrap}.Bootstrap.DynamicResources`]: {
    supported: ['lds_config', 'cds_config', 'ads_config'],
    rows: { ads_config: aggregatedSource },
  },
  [`${bootstrap}.ClusterManager`]: {
    supported: ['load_stats_config'],
    rows: { load_stats_config: aggregatedSource },
    ignored: {
      outlier_detection: 'only affects the event log of outlier detection, which is refused',
      enable_deferred_cluster_creation: 'clusters are always made on all workers',
    },
  },
  [`${bootstrap}.LayeredRuntime`]: { supported: ['layers'] },
  [`${bootstrap}.RuntimeLayer`]: { supported: ['name', 'static_layer', 'admin_layer'] },
  [`${bootstrap}.RuntimeLayer.AdminLayer`]: { supported: [] },
  [aggregatedSource]: {
    supported: apiSource,
    only: { api_type: ['GRPC', 'DELTA_GRPC'], transport_api_version: ['V3'] },
  },
  [`${core}.ApiConfigSource`]: {
    supported: apiSource,
    only: { api_type: ['GRPC', 'DELTA_GRPC', 'REST'], transport_api_version: ['V3'] },
  },
  [`${core}.RateLimitSettings`]: { supported: ['max_tokens', 'fill_rate'] },
  [`${core}.GrpcService`]: {
    supported: ['envoy_grpc', 'initial_metadata'],
    ignored: { timeout: 'streams have no end, and the first fetch has its own time-out' },
  },
  [`${core}.GrpcService.EnvoyGrpc`]: {
    supported: ['cluster_name', 'authority', 'retry_policy'],
    ignored: {
      max_receive_message_length: 'messages may have any length',
      skip_envoy_headers: 'no such headers are sent',
    },
  },
  [`${core}.RetryPolicy`]: {
    supported: ['retry_back_off'],
    ignored: {
      num_retries: 'a stream is retried for ever, as in Envoy',
      retry_on: 'a stream is always retried',
    },
  },
  [`${core}.BackoffStrategy`]: { supported: ['base_interval', 'max_interval'] },
};
