import { harmless, type SupportTable } from './message-support.ts';

const endpoint = 'envoy.config.endpoint.v3';
const core = 'envoy.config.core.v3';

export const endpointSupport: SupportTable = {
  [`${endpoint}.ClusterLoadAssignment`]: { supported: ['cluster_name', 'endpoints', 'policy'] },
  [`${endpoint}.ClusterLoadAssignment.Policy`]: { supported: ['overprovisioning_factor'] },
  [`${endpoint}.LocalityLbEndpoints`]: {
    supported: ['locality', 'lb_endpoints', 'load_balancing_weight', 'priority', 'metadata'],
    ignored: {
      proximity: 'Envoy does not use it either',
    },
  },
  [`${endpoint}.LbEndpoint`]: {
    supported: ['endpoint', 'health_status', 'metadata', 'load_balancing_weight'],
  },
  [`${endpoint}.Endpoint`]: {
    supported: ['address', 'health_check_config', 'hostname'],
    ignored: { observability_name: harmless.statistics },
  },
  [`${endpoint}.Endpoint.HealthCheckConfig`]: {
    supported: ['port_value', 'hostname', 'address', 'disable_active_health_check'],
  },
  [`${core}.Address`]: { supported: ['socket_address', 'pipe'] },
  [`${core}.Pipe`]: { supported: ['path', 'mode'] },
  [`${core}.SocketAddress`]: {
    supported: ['protocol', 'address', 'port_value'],
    only: { protocol: ['TCP', 'UDP'] },
  },
  [`${core}.HealthCheck`]: {
    supported: [
      'name',
      'timeout',
      'interval',
      'initial_jitter',
      'interval_jitter',
      'interval_jitter_percent',
      'unhealthy_threshold',
      'healthy_threshold',
      'reuse_connection',
      'transport_socket_match_criteria',
      'http_health_check',
      'tcp_health_check',
      'grpc_health_check',
      'no_traffic_interval',
      'no_traffic_healthy_interval',
      'unhealthy_interval',
      'unhealthy_edge_interval',
      'healthy_edge_interval',
    ],
    ignored: {
      event_log_path: 'only affects the event log, which is not written yet',
      event_logger: 'only affects the event log, which is not written yet',
      always_log_health_check_failures: 'only affects the event log, which is not written yet',
      always_log_health_check_success: 'only affects the event log, which is not written yet',
      tls_options: 'only affects TLS, which is refused',
    },
  },
  [`${core}.HealthCheck.HttpHealthCheck`]: {
    supported: [
      'host',
      'path',
      'request_headers_to_add',
      'expected_statuses',
      'retriable_statuses',
      'codec_client_type',
      'method',
    ],
    only: { codec_client_type: ['HTTP1', 'HTTP2'] },
    ignored: { response_buffer_size: 'only matters beside receive, which is refused' },
  },
  [`${core}.HealthCheck.GrpcHealthCheck`]: {
    supported: ['service_name', 'authority', 'initial_metadata'],
  },
  [`${core}.HealthCheck.TcpHealthCheck`]: { supported: ['send', 'receive'] },
  [`${core}.HealthCheck.Payload`]: { supported: ['text', 'binary'] },
};
