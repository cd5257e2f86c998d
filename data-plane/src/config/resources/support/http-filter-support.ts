import { harmless, type SupportTable } from './message-support.ts';

const filters = 'envoy.extensions.filters.http';

export const httpFilterSupport: SupportTable = {
  [`${filters}.router.v3.Router`]: {
    supported: ['suppress_envoy_headers'],
    ignored: {
      dynamic_stats: harmless.statistics,
      start_child_span: harmless.tracing,
      suppress_grpc_request_failure_code_stats: harmless.statistics,
    },
  },
  [`${filters}.grpc_stats.v3.FilterConfig`]: {
    supported: [
      'individual_method_stats_allowlist',
      'stats_for_all_methods',
      'enable_upstream_stats',
      'replace_dots_in_grpc_service_name',
    ],
    ignored: {
      emit_filter_state: 'only access logs could show it, and the operator that does prints `-` here',
    },
  },
  'envoy.config.core.v3.GrpcMethodList': { supported: ['services'] },
  'envoy.config.core.v3.GrpcMethodList.Service': { supported: ['name', 'method_names'] },
  [`${filters}.grpc_web.v3.GrpcWeb`]: { supported: [] },
  [`${filters}.grpc_http1_bridge.v3.Config`]: {
    supported: ['upgrade_protobuf_to_grpc', 'ignore_query_parameters'],
  },
  [`${filters}.health_check.v3.HealthCheck`]: {
    supported: ['pass_through_mode', 'cache_time', 'cluster_min_healthy_percentages', 'headers'],
  },
};
