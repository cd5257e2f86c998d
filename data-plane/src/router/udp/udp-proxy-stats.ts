import { describeStats, type StatsOf } from '../../stats/describe-stats.ts';

/** What the UDP proxies with one `stat_prefix` count, under Envoy's names. */
export const udpProxyStats = describeStats(['udp.<stat_prefix>.'], (make) => ({
  sessionsTotal: make.counter('downstream_sess_total', 'Sessions that were begun.'),
  sessionsActive: make.gauge('downstream_sess_active', 'Sessions that there are.', 'sessions'),
  noRoute: make.counter(
    'downstream_sess_no_route',
    'Datagrams whose cluster does not exist or does not serve yet.',
  ),
  receivedBytes: make.counter('downstream_sess_rx_bytes', 'Bytes received from clients.'),
  receivedDatagrams: make.counter('downstream_sess_rx_datagrams', 'Datagrams received from clients.'),
  receiveErrors: make.zeroCounter(
    'downstream_sess_rx_errors',
    'Errors of the system while receiving; it tells a socket of many peers of none.',
  ),
  sentBytes: make.counter('downstream_sess_tx_bytes', 'Bytes sent to clients.'),
  sentDatagrams: make.counter('downstream_sess_tx_datagrams', 'Datagrams sent to clients.'),
  sendErrors: make.counter('downstream_sess_tx_errors', 'Datagrams that the system did not send to clients.'),
  idleTimeout: make.counter(
    'idle_timeout',
    'Sessions that ended because they carried nothing for `idle_timeout`.',
  ),
}));

export type UdpProxyStats = StatsOf<typeof udpProxyStats>;
