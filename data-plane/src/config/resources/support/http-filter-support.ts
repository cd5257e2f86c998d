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
  [`${filters}.health_check.v3.HealthCheck`]: {
    supported: ['pass_through_mode', 'cache_time', 'cluster_min_healthy_percentages', 'headers'],
  },
};
