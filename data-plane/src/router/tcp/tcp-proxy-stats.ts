import { describeStats, type StatsOf } from '../../stats/describe-stats.ts';

/** What the TCP proxies with one `stat_prefix` count, under Envoy's names. */
export const tcpProxyStats = describeStats(['tcp.<stat_prefix>.'], (make) => ({
  cxTotal: make.counter('downstream_cx_total', 'Connections of clients.'),
  cxNoRoute: make.counter(
    'downstream_cx_no_route',
    'Those of them whose cluster does not exist or does not serve yet.',
  ),
  rxBytesTotal: make.counter('downstream_cx_rx_bytes_total', 'Bytes received from clients.'),
  txBytesTotal: make.counter('downstream_cx_tx_bytes_total', 'Bytes sent to clients.'),
  pausedReading: make.counter(
    'downstream_flow_control_paused_reading_total',
    'Times that a client was not read from, since its upstream took no more bytes.',
  ),
  resumedReading: make.counter(
    'downstream_flow_control_resumed_reading_total',
    'Times that such a client was read from again.',
  ),
  idleTimeout: make.counter(
    'idle_timeout',
    'Connections that were closed because they carried nothing for `idle_timeout`.',
  ),
  maxDurationReached: make.counter(
    'max_downstream_connection_duration',
    'Connections that were closed at the age of `max_downstream_connection_duration`.',
  ),
  upstreamFlushTotal: make.counter(
    'upstream_flush_total',
    'Connections of clients that were gone while the upstream had not taken all of their bytes.',
  ),
  upstreamFlushActive: make.gauge(
    'upstream_flush_active',
    'Those of them whose bytes still go to the upstream.',
    'connections',
  ),
}));

export type TcpProxyStats = StatsOf<typeof tcpProxyStats>;
