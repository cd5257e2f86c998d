import type { Counter, Gauge, Histogram, StatsScope } from '../../stats/stats.ts';

/** Statistics of one `stat_prefix`, below `http.<stat_prefix>.`, under Envoy's names. Looked up once. */
export class ConnectionManagerStats {
  readonly cxTotal: Counter;
  readonly cxHttp1Total: Counter;
  readonly cxHttp1Active: Gauge;
  readonly cxActive: Gauge;
  readonly cxDestroy: Counter;
  readonly cxDestroyLocal: Counter;
  readonly cxDestroyRemote: Counter;
  readonly cxDestroyActiveRq: Counter;
  readonly cxDestroyLocalActiveRq: Counter;
  readonly cxDestroyRemoteActiveRq: Counter;
  readonly cxIdleTimeout: Counter;
  readonly cxMaxDurationReached: Counter;
  readonly cxMaxRequestsReached: Counter;
  readonly cxDrainClose: Counter;
  readonly cxProtocolError: Counter;
  readonly cxUpgradesTotal: Counter;
  readonly cxUpgradesActive: Gauge;
  readonly cxRxBytesTotal: Counter;
  readonly cxTxBytesTotal: Counter;
  readonly cxLengthMs: Histogram;
  readonly rqTotal: Counter;
  readonly rqHttp1Total: Counter;
  readonly rqActive: Gauge;
  readonly rqCompleted: Counter;
  readonly rqRxReset: Counter;
  readonly rqTxReset: Counter;
  readonly rqNonRelativePath: Counter;
  readonly rqTooLarge: Counter;
  readonly rqTimeout: Counter;
  readonly rqHeaderTimeout: Counter;
  readonly rqIdleTimeout: Counter;
  readonly rqMaxDurationReached: Counter;
  readonly rqFailedPathNormalization: Counter;
  readonly rqRedirectedWithNormalizedPath: Counter;
  readonly rqResponseBeforeRqComplete: Counter;
  readonly rqWsOnNonWsRoute: Counter;
  /** A filter threw; no Envoy has this one. */
  readonly rqFilterException: Counter;
  readonly rqTime: Histogram;
  /** Index = hundreds of the status. */
  readonly #statusClasses: readonly Counter[];

  constructor(scope: StatsScope) {
    const cx = (name: string) => scope.counter(`downstream_cx_${name}`);
    const rq = (name: string) => scope.counter(`downstream_rq_${name}`);
    this.cxTotal = cx('total');
    this.cxHttp1Total = cx('http1_total');
    this.cxHttp1Active = scope.gauge('downstream_cx_http1_active');
    this.cxActive = scope.gauge('downstream_cx_active');
    this.cxDestroy = cx('destroy');
    this.cxDestroyLocal = cx('destroy_local');
    this.cxDestroyRemote = cx('destroy_remote');
    this.cxDestroyActiveRq = cx('destroy_active_rq');
    this.cxDestroyLocalActiveRq = cx('destroy_local_active_rq');
    this.cxDestroyRemoteActiveRq = cx('destroy_remote_active_rq');
    this.cxIdleTimeout = cx('idle_timeout');
    this.cxMaxDurationReached = cx('max_duration_reached');
    this.cxMaxRequestsReached = cx('max_requests_reached');
    this.cxDrainClose = cx('drain_close');
    this.cxProtocolError = cx('protocol_error');
    this.cxUpgradesTotal = cx('upgrades_total');
    this.cxUpgradesActive = scope.gauge('downstream_cx_upgrades_active');
    this.cxRxBytesTotal = cx('rx_bytes_total');
    this.cxTxBytesTotal = cx('tx_bytes_total');
    this.cxLengthMs = scope.histogram('downstream_cx_length_ms');
    this.rqTotal = rq('total');
    this.rqHttp1Total = rq('http1_total');
    this.rqActive = scope.gauge('downstream_rq_active');
    this.rqCompleted = rq('completed');
    this.rqRxReset = rq('rx_reset');
    this.rqTxReset = rq('tx_reset');
    this.rqNonRelativePath = rq('non_relative_path');
    this.rqTooLarge = rq('too_large');
    this.rqTimeout = rq('timeout');
    this.rqHeaderTimeout = rq('header_timeout');
    this.rqIdleTimeout = rq('idle_timeout');
    this.rqMaxDurationReached = rq('max_duration_reached');
    this.rqFailedPathNormalization = rq('failed_path_normalization');
    this.rqRedirectedWithNormalizedPath = rq('redirected_with_normalized_path');
    this.rqResponseBeforeRqComplete = rq('response_before_rq_complete');
    this.rqWsOnNonWsRoute = rq('ws_on_non_ws_route');
    this.rqFilterException = rq('filter_exception');
    this.rqTime = scope.histogram('downstream_rq_time');
    this.#statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx'].map(rq);
  }

  /** A response head went out. */
  onResponse(status: number): void {
    this.rqCompleted.inc();
    this.#statusClasses[Math.floor(status / 100) - 1]?.inc();
  }
}
