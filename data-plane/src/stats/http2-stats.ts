import { describeStats } from './describe-stats.ts';

/** What HTTP/2 codecs count, under Envoy's names: all clients together, and each cluster. */
export const http2Stats = describeStats(['http2.', 'cluster.<cluster>.http2.'], (make) => {
  const counters = {
    goaway_sent: make.counter('goaway_sent', 'GOAWAY frames that were sent.'),
    header_overflow: make.counter(
      'header_overflow',
      'Messages that were refused because their fields were too many or too large.',
    ),
    inbound_empty_frames_flood: make.counter(
      'inbound_empty_frames_flood',
      'Connections that were ended because too many frames without content came one after the other.',
    ),
    inbound_priority_frames_flood: make.counter(
      'inbound_priority_frames_flood',
      'Connections that were ended because too many PRIORITY frames came for the streams that there were.',
    ),
    inbound_window_update_frames_flood: make.counter(
      'inbound_window_update_frames_flood',
      'Connections that were ended because too many WINDOW_UPDATE frames came for what was sent.',
    ),
    keepalive_timeout: make.counter(
      'keepalive_timeout',
      'Connections that were ended because a PING was not acknowledged in time.',
    ),
    outbound_control_flood: make.counter(
      'outbound_control_flood',
      'Connections that were ended because the peer made too many answers to its control frames wait.',
    ),
    outbound_flood: make.counter(
      'outbound_flood',
      'Connections that were ended because too many frames waited to be written.',
    ),
    rx_messaging_error: make.counter('rx_messaging_error', 'Messages that broke a rule of HTTP.'),
    rx_reset: make.counter('rx_reset', 'Streams that the peer reset.'),
    stream_refused_errors: make.counter(
      'stream_refused_errors',
      'Streams that the peer refused before it looked at them.',
    ),
    trailers: make.counter('trailers', 'Messages that ended with trailers.'),
    tx_reset: make.counter('tx_reset', 'Streams that were reset here.'),
  };
  const gauges = {
    streams_active: make.gauge('streams_active', 'Streams that are open.', 'streams'),
    pending_send_bytes: make.gauge(
      'pending_send_bytes',
      'Bytes of bodies that wait for the peer to take them.',
      'bytes',
    ),
  };
  return {
    count(counter: keyof typeof counters): void {
      counters[counter].inc();
    },
    add(gauge: keyof typeof gauges, change: number): void {
      gauges[gauge].add(change);
    },
  };
});

/** What the codecs of clients count alone. */
export const http2ServerStats = describeStats(['http2.'], (make) => ({
  txFlushTimeout: make.counter(
    'tx_flush_timeout',
    'Streams that were reset because the client took nothing of their answer for `stream_idle_timeout`.',
  ),
}));
