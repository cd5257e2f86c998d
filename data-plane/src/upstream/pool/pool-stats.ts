import type { Counter, Gauge, Histogram, StatsScope } from '../../stats/stats.ts';

/** What the pools of a cluster count, under Envoy's names in the scope `cluster.<name>.`. */
export interface PoolStats {
  readonly connectionsTotal: Counter;
  readonly http1Total: Counter;
  readonly connectionsActive: Gauge;
  readonly connectFailures: Counter;
  readonly connectTimeouts: Counter;
  readonly connectionOverflow: Counter;
  readonly idleTimeouts: Counter;
  readonly maxDurationReached: Counter;
  readonly maxRequestsReached: Counter;
  readonly protocolErrors: Counter;
  readonly destroyed: Counter;
  readonly destroyedLocal: Counter;
  readonly destroyedRemote: Counter;
  readonly destroyedWithActiveRequest: Counter;
  readonly destroyedLocalWithActiveRequest: Counter;
  readonly destroyedRemoteWithActiveRequest: Counter;
  readonly closeNotify: Counter;
  readonly receivedBytes: Counter;
  readonly sentBytes: Counter;
  readonly connectMs: Histogram;
  readonly lengthMs: Histogram;
  readonly requestsPerConnection: Histogram;
  readonly requestsTotal: Counter;
  readonly requestsActive: Gauge;
  readonly requestOverflow: Counter;
  readonly requestsCancelled: Counter;
  readonly pendingTotal: Counter;
  readonly pendingActive: Gauge;
  readonly pendingOverflow: Counter;
  readonly pendingFailureEject: Counter;
  readonly backedUp: Counter;
  readonly drained: Counter;
}

export function createPoolStats(cluster: StatsScope): PoolStats {
  return {
    connectionsTotal: cluster.counter('upstream_cx_total'),
    http1Total: cluster.counter('upstream_cx_http1_total'),
    connectionsActive: cluster.gauge('upstream_cx_active'),
    connectFailures: cluster.counter('upstream_cx_connect_fail'),
    connectTimeouts: cluster.counter('upstream_cx_connect_timeout'),
    connectionOverflow: cluster.counter('upstream_cx_overflow'),
    idleTimeouts: cluster.counter('upstream_cx_idle_timeout'),
    maxDurationReached: cluster.counter('upstream_cx_max_duration_reached'),
    maxRequestsReached: cluster.counter('upstream_cx_max_requests'),
    protocolErrors: cluster.counter('upstream_cx_protocol_error'),
    destroyed: cluster.counter('upstream_cx_destroy'),
    destroyedLocal: cluster.counter('upstream_cx_destroy_local'),
    destroyedRemote: cluster.counter('upstream_cx_destroy_remote'),
    destroyedWithActiveRequest: cluster.counter('upstream_cx_destroy_with_active_rq'),
    destroyedLocalWithActiveRequest: cluster.counter('upstream_cx_destroy_local_with_active_rq'),
    destroyedRemoteWithActiveRequest: cluster.counter('upstream_cx_destroy_remote_with_active_rq'),
    closeNotify: cluster.counter('upstream_cx_close_notify'),
    receivedBytes: cluster.counter('upstream_cx_rx_bytes_total'),
    sentBytes: cluster.counter('upstream_cx_tx_bytes_total'),
    connectMs: cluster.histogram('upstream_cx_connect_ms'),
    lengthMs: cluster.histogram('upstream_cx_length_ms'),
    requestsPerConnection: cluster.histogram('upstream_rq_per_cx'),
    requestsTotal: cluster.counter('upstream_rq_total'),
    requestsActive: cluster.gauge('upstream_rq_active'),
    requestOverflow: cluster.counter('upstream_rq_active_overflow'),
    requestsCancelled: cluster.counter('upstream_rq_cancelled'),
    pendingTotal: cluster.counter('upstream_rq_pending_total'),
    pendingActive: cluster.gauge('upstream_rq_pending_active'),
    pendingOverflow: cluster.counter('upstream_rq_pending_overflow'),
    pendingFailureEject: cluster.counter('upstream_rq_pending_failure_eject'),
    backedUp: cluster.counter('upstream_flow_control_backed_up_total'),
    drained: cluster.counter('upstream_flow_control_drained_total'),
  };
}
