import { describeStats, type StatsOf } from '../../stats/describe-stats.ts';

/** What the pools of a cluster count, under Envoy's names. */
export const poolStats = describeStats(['cluster.<cluster>.'], (make) => ({
  connectionsTotal: make.counter('upstream_cx_total', 'Connections that were begun to hosts of the cluster.'),
  http1Total: make.counter('upstream_cx_http1_total', 'Those of them that speak HTTP/1.1.'),
  http2Total: make.counter('upstream_cx_http2_total', 'Those of them that speak HTTP/2.'),
  connectionsActive: make.gauge(
    'upstream_cx_active',
    'Connections that are open or being opened.',
    'connections',
  ),
  connectFailures: make.counter(
    'upstream_cx_connect_fail',
    'Connections that were never established, time-outs among them.',
  ),
  connectTimeouts: make.counter(
    'upstream_cx_connect_timeout',
    'Connections that were not established within `connect_timeout`.',
  ),
  connectionOverflow: make.counter(
    'upstream_cx_overflow',
    'Times that the limit of connections (circuit breaker `max_connections`) kept a pool from opening another.',
  ),
  idleTimeouts: make.counter(
    'upstream_cx_idle_timeout',
    'Connections that were closed because they carried nothing for `idle_timeout`.',
  ),
  maxDurationReached: make.counter(
    'upstream_cx_max_duration_reached',
    'Connections that were retired at the age of `max_connection_duration`.',
  ),
  maxRequestsReached: make.counter(
    'upstream_cx_max_requests',
    'Connections that were retired after `max_requests_per_connection` requests.',
  ),
  protocolErrors: make.counter(
    'upstream_cx_protocol_error',
    'Connections that were closed because the answer was not HTTP.',
  ),
  destroyed: make.counter('upstream_cx_destroy', 'Established connections that have ended.'),
  destroyedLocal: make.counter('upstream_cx_destroy_local', 'Those of them that this side ended.'),
  destroyedRemote: make.counter('upstream_cx_destroy_remote', 'Those of them that the host ended.'),
  destroyedWithActiveRequest: make.counter(
    'upstream_cx_destroy_with_active_rq',
    'Established connections that ended with a request under way.',
  ),
  destroyedLocalWithActiveRequest: make.counter(
    'upstream_cx_destroy_local_with_active_rq',
    'Those of them that this side ended.',
  ),
  destroyedRemoteWithActiveRequest: make.counter(
    'upstream_cx_destroy_remote_with_active_rq',
    'Those of them that the host ended.',
  ),
  closeNotify: make.counter(
    'upstream_cx_close_notify',
    'Times that a server announced the end of a connection (`connection: close`, GOAWAY).',
  ),
  receivedBytes: make.counter('upstream_cx_rx_bytes_total', 'Bytes received from hosts.'),
  sentBytes: make.counter('upstream_cx_tx_bytes_total', 'Bytes sent to hosts.'),
  connectMs: make.histogram('upstream_cx_connect_ms', 'Time to establish a connection.', 'ms'),
  lengthMs: make.histogram('upstream_cx_length_ms', 'Lifetime of a connection.', 'ms'),
  requestsPerConnection: make.histogram(
    'upstream_rq_per_cx',
    'Requests that a connection carried in its life.',
    'requests',
  ),
  requestsTotal: make.counter('upstream_rq_total', 'Requests that were given to a connection.'),
  requestsActive: make.gauge('upstream_rq_active', 'Requests that are on a connection.', 'requests'),
  requestOverflow: make.counter(
    'upstream_rq_active_overflow',
    'Requests that were refused because of the circuit breaker `max_requests`.',
  ),
  requestsCancelled: make.counter(
    'upstream_rq_cancelled',
    'Requests that ended while they waited for a connection.',
  ),
  pendingTotal: make.counter('upstream_rq_pending_total', 'Requests that had to wait for a connection.'),
  pendingActive: make.gauge('upstream_rq_pending_active', 'Requests that wait for a connection.', 'requests'),
  pendingOverflow: make.counter(
    'upstream_rq_pending_overflow',
    'Requests that were refused because of the circuit breaker `max_pending_requests`.',
  ),
  pendingFailureEject: make.counter(
    'upstream_rq_pending_failure_eject',
    'Requests whose connection failed: the one they waited for, or, with HTTP/2, the one they were on.',
  ),
  backedUp: make.counter(
    'upstream_flow_control_backed_up_total',
    'Times that a connection took no more bytes for now.',
  ),
  drained: make.counter(
    'upstream_flow_control_drained_total',
    'Times that such a connection took bytes again.',
  ),
}));

export type PoolStats = StatsOf<typeof poolStats>;
