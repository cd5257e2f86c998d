import { describeStats, type StatsOf } from '../../stats/describe-stats.ts';

/** What the sessions of UDP proxies to a cluster count, under Envoy's names. */
export const udpClusterStats = describeStats(['cluster.<cluster>.udp.'], (make) => ({
  receivedDatagrams: make.counter('sess_rx_datagrams', 'Datagrams received from hosts.'),
  droppedDatagrams: make.counter(
    'sess_rx_datagrams_dropped',
    'Datagrams from hosts that were dropped, since they are longer than `max_rx_datagram_size`.',
  ),
  receiveErrors: make.counter(
    'sess_rx_errors',
    'Errors of the system while receiving, such as a closed port.',
  ),
  sentDatagrams: make.counter('sess_tx_datagrams', 'Datagrams sent to hosts.'),
  sendErrors: make.counter('sess_tx_errors', 'Datagrams that the system did not send.'),
}));

export type UdpClusterStats = StatsOf<typeof udpClusterStats>;
