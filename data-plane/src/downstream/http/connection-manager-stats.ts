import { describeStats, type StatMaker, type StatsOf } from '../../stats/describe-stats.ts';
import type { Counter } from '../../stats/stats.ts';

/** Answers by the hundreds of their status. */
class ResponseClasses {
  readonly #completed: Counter;
  readonly #byHundreds: readonly Counter[];

  constructor(make: StatMaker) {
    this.#completed = make.counter('downstream_rq_completed', 'Answers, informational ones too.');
    this.#byHundreds = [
      make.counter('downstream_rq_1xx', 'Answers 100 to 199, those ahead of the final answer too.'),
      make.counter('downstream_rq_2xx', 'Answers 200 to 299.'),
      make.counter('downstream_rq_3xx', 'Answers 300 to 399.'),
      make.counter('downstream_rq_4xx', 'Answers 400 to 499.'),
      make.counter('downstream_rq_5xx', 'Answers 500 to 599.'),
    ];
  }

  /** A response head went out. */
  onResponse(status: number): void {
    this.#completed.inc();
    this.#byHundreds[Math.floor(status / 100) - 1]?.inc();
  }
}

/** The answers of a manager once more, below the listener that they left by. */
export const listenerResponseStats = describeStats(
  ['listener.<address>.http.<stat_prefix>.'],
  (make) => new ResponseClasses(make),
);

/** What the HTTP connection managers with one `stat_prefix` count, under Envoy's names. */
export const connectionManagerStats = describeStats(['http.<stat_prefix>.'], (make) => {
  const responses = new ResponseClasses(make);
  return {
    cxTotal: make.counter('downstream_cx_total', 'Connections of clients.'),
    cxSslTotal: make.counter('downstream_cx_ssl_total', 'Those of them with TLS.'),
    cxSslActive: make.gauge('downstream_cx_ssl_active', 'Open ones with TLS.', 'connections'),
    cxHttp1Total: make.counter('downstream_cx_http1_total', 'Those of them that speak HTTP/1.1.'),
    cxHttp2Total: make.counter('downstream_cx_http2_total', 'Those of them that speak HTTP/2.'),
    cxActive: make.gauge('downstream_cx_active', 'Connections that are open.', 'connections'),
    cxHttp1Active: make.gauge(
      'downstream_cx_http1_active',
      'Those of them that speak HTTP/1.1.',
      'connections',
    ),
    cxHttp2Active: make.gauge(
      'downstream_cx_http2_active',
      'Those of them that speak HTTP/2.',
      'connections',
    ),
    cxDestroy: make.counter('downstream_cx_destroy', 'Connections that have ended.'),
    cxDestroyLocal: make.counter('downstream_cx_destroy_local', 'Those of them that this side ended.'),
    cxDestroyRemote: make.counter('downstream_cx_destroy_remote', 'Those of them that the client ended.'),
    cxDestroyActiveRq: make.counter(
      'downstream_cx_destroy_active_rq',
      'Connections that ended with a request under way.',
    ),
    cxDestroyLocalActiveRq: make.counter(
      'downstream_cx_destroy_local_active_rq',
      'Those of them that this side ended.',
    ),
    cxDestroyRemoteActiveRq: make.counter(
      'downstream_cx_destroy_remote_active_rq',
      'Those of them that the client ended.',
    ),
    cxIdleTimeout: make.counter(
      'downstream_cx_idle_timeout',
      'Connections that were closed because they carried nothing for `idle_timeout`.',
    ),
    cxMaxDurationReached: make.counter(
      'downstream_cx_max_duration_reached',
      'Connections that reached the age of `max_connection_duration`, and end with their next answer.',
    ),
    cxDelayedCloseTimeout: make.counter(
      'downstream_cx_delayed_close_timeout',
      'Connections whose client had not gone, or had not taken everything, after `delayed_close_timeout`.',
    ),
    flowControl: {
      pausedReading: make.counter(
        'downstream_flow_control_paused_reading_total',
        'Times that a request was not read on, since the upstream or a filter took no more bytes.',
      ),
      resumedReading: make.counter(
        'downstream_flow_control_resumed_reading_total',
        'Times that such a request was read on.',
      ),
    },
    cxMaxRequestsReached: make.counter(
      'downstream_cx_max_requests_reached',
      'Connections that carried `max_requests_per_connection` requests, and end with that answer.',
    ),
    cxDrainClose: make.counter(
      'downstream_cx_drain_close',
      'Connections that were told to end because their listener drains or they have lasted long enough.',
    ),
    cxProtocolError: make.counter(
      'downstream_cx_protocol_error',
      'Requests that were not HTTP; their connection was closed.',
    ),
    cxUpgradesTotal: make.counter(
      'downstream_cx_upgrades_total',
      'Requests for another protocol, such as WebSocket, or a tunnel (CONNECT) that were allowed.',
    ),
    cxUpgradesActive: make.gauge(
      'downstream_cx_upgrades_active',
      'Those of them that are under way.',
      'requests',
    ),
    cxRxBytesTotal: make.counter(
      'downstream_cx_rx_bytes_total',
      'Bytes received; counted when the connection has ended.',
    ),
    cxTxBytesTotal: make.counter(
      'downstream_cx_tx_bytes_total',
      'Bytes sent; counted when the connection has ended.',
    ),
    cxLengthMs: make.histogram('downstream_cx_length_ms', 'Lifetime of a connection.', 'ms'),
    rqTotal: make.counter('downstream_rq_total', 'Requests, refused ones among them.'),
    rqHttp1Total: make.counter('downstream_rq_http1_total', 'Requests over HTTP/1.1.'),
    rqHttp2Total: make.counter('downstream_rq_http2_total', 'Requests over HTTP/2.'),
    rqActive: make.gauge('downstream_rq_active', 'Requests under way.', 'requests'),
    rqRxReset: make.counter('downstream_rq_rx_reset', 'Requests that the client broke off.'),
    rqTxReset: make.counter('downstream_rq_tx_reset', 'Answers that were broken off.'),
    rqTooManyPrematureResets: make.counter(
      'downstream_rq_too_many_premature_resets',
      'Connections that were ended because their client broke off too many requests before their answer.',
    ),
    rqNonRelativePath: make.counter(
      'downstream_rq_non_relative_path',
      'Requests that were refused because their path does not begin with a slash.',
    ),
    rqTooLarge: make.counter(
      'downstream_rq_too_large',
      'Requests that were refused with 431 or 413 because head or body were too large.',
    ),
    rqTimeout: make.counter(
      'downstream_rq_timeout',
      'Requests that did not arrive whole within `request_timeout`.',
    ),
    rqHeaderTimeout: make.counter(
      'downstream_rq_header_timeout',
      'Requests whose head did not arrive within `request_headers_timeout`.',
    ),
    rqIdleTimeout: make.counter(
      'downstream_rq_idle_timeout',
      'Requests that carried nothing for `stream_idle_timeout`.',
    ),
    rqMaxDurationReached: make.counter(
      'downstream_rq_max_duration_reached',
      'Requests that reached `max_stream_duration`.',
    ),
    rqFailedPathNormalization: make.counter(
      'downstream_rq_failed_path_normalization',
      'Requests that were refused because their path cannot be normalised or has escaped slashes.',
    ),
    rqRedirectedWithNormalizedPath: make.counter(
      'downstream_rq_redirected_with_normalized_path',
      'Requests that were redirected to their path without escaped slashes.',
    ),
    rqResponseBeforeRqComplete: make.counter(
      'downstream_rq_response_before_rq_complete',
      'Answers that began before their request had arrived whole.',
    ),
    rqWsOnNonWsRoute: make.counter(
      'downstream_rq_ws_on_non_ws_route',
      'Upgrades that were refused because the route does not allow them.',
    ),
    rqFilterException: make.counter(
      'downstream_rq_filter_exception',
      'Requests in which an HTTP filter threw.',
    ),
    rqTime: make.histogram(
      'downstream_rq_time',
      'Time from the first byte of a request to the last of its answer.',
      'ms',
    ),
    /** A response head went out. */
    onResponse: (status: number): void => responses.onResponse(status),
  };
});

export type ConnectionManagerStats = StatsOf<typeof connectionManagerStats>;
