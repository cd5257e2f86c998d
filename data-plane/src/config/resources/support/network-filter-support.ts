import type { SupportTable } from './message-support.ts';

const filters = 'envoy.extensions.filters.network';

const onlyFilterState = 'only access logs could show it, and the operator that does prints `-` here';

export const networkFilterSupport: SupportTable = {
  [`${filters}.tcp_proxy.v3.TcpProxy`]: {
    supported: [
      'stat_prefix',
      'cluster',
      'weighted_clusters',
      'metadata_match',
      'idle_timeout',
      'max_downstream_connection_duration',
      'max_downstream_connection_duration_jitter_percentage',
      'max_connect_attempts',
      'backoff_options',
      'access_log',
      'access_log_options',
      'access_log_flush_interval',
      'flush_access_log_on_connected',
      'tunneling_config',
      'upstream_connect_mode',
      'check_drain_close',
      'proxy_protocol_tlv_merge_policy',
    ],
    only: {
      upstream_connect_mode: ['IMMEDIATE'],
      check_drain_close: [false],
      proxy_protocol_tlv_merge_policy: ['ADD_IF_ABSENT'],
    },
    ignored: { hash_policy: 'only ring hash and Maglev read it, and those are refused' },
  },
  [`${filters}.tcp_proxy.v3.TcpProxy.WeightedCluster`]: { supported: ['clusters'] },
  [`${filters}.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight`]: {
    supported: ['name', 'weight', 'metadata_match'],
  },
  [`${filters}.tcp_proxy.v3.TcpProxy.TcpAccessLogOptions`]: {
    supported: ['access_log_flush_interval', 'flush_access_log_on_connected', 'flush_access_log_on_start'],
  },
  [`${filters}.tcp_proxy.v3.TcpProxy.TunnelingConfig`]: {
    supported: ['hostname', 'use_post', 'post_path', 'headers_to_add'],
    ignored: {
      propagate_response_headers: onlyFilterState,
      propagate_response_trailers: onlyFilterState,
    },
  },
  [`${filters}.echo.v3.Echo`]: { supported: [] },
  [`${filters}.direct_response.v3.Config`]: { supported: ['response'] },
  [`${filters}.connection_limit.v3.ConnectionLimit`]: {
    supported: ['stat_prefix', 'max_connections', 'delay', 'runtime_enabled'],
  },
  [`${filters}.local_ratelimit.v3.LocalRateLimit`]: {
    supported: ['stat_prefix', 'token_bucket', 'runtime_enabled', 'share_key'],
  },
  [`${filters}.sni_cluster.v3.SniCluster`]: { supported: [] },
  'envoy.config.core.v3.RuntimeFeatureFlag': { supported: ['default_value', 'runtime_key'] },
};
