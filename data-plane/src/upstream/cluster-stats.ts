import type { Counter, Histogram, StatsScope } from '../stats/stats.ts';
import type { ClusterStats, CounterLike, RetryStats } from './upstream.ts';

/** Answers by status under one prefix; a counter per code is made when the code is first seen. */
class ResponseCounters {
  readonly #scope: StatsScope;
  readonly #completed: Counter;
  readonly #byClass: readonly Counter[];
  readonly #byCode: (Counter | undefined)[] = [];

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.#completed = scope.counter('upstream_rq_completed');
    this.#byClass = [1, 2, 3, 4, 5].map((hundreds) => scope.counter(`upstream_rq_${hundreds}xx`));
  }

  count(status: number): void {
    this.#completed.inc();
    this.#byClass[Math.floor(status / 100) - 1]?.inc();
    const known = this.#byCode[status];
    if (known !== undefined) {
      known.inc();
      return;
    }
    const counter = this.#scope.counter(`upstream_rq_${status}`);
    this.#byCode[status] = counter;
    counter.inc();
  }
}

/** Statistics of a cluster that the router writes. `scope` is `cluster.<name>.`. */
export class WorkerClusterStats implements ClusterStats {
  readonly retries: RetryStats;
  readonly timeouts: { readonly request: CounterLike; readonly perTry: CounterLike };
  readonly noneHealthy: CounterLike;
  readonly resetsReceived: CounterLike;
  readonly resetsSent: CounterLike;
  readonly maintenanceMode: CounterLike;
  readonly #scope: StatsScope;
  readonly #all: ResponseCounters;
  readonly #timeMs: Histogram;
  /** Made when first needed: most clusters have no canary, and see only one of the other two. */
  #canary: ResponseCounters | undefined;
  #internal: ResponseCounters | undefined;
  #external: ResponseCounters | undefined;

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.#all = new ResponseCounters(scope);
    this.#timeMs = scope.histogram('upstream_rq_time');
    this.retries = {
      attempted: scope.counter('upstream_rq_retry'),
      succeeded: scope.counter('upstream_rq_retry_success'),
      limitExceeded: scope.counter('upstream_rq_retry_limit_exceeded'),
      overflow: scope.counter('upstream_rq_retry_overflow'),
      backOffExponential: scope.counter('upstream_rq_retry_backoff_exponential'),
      abandoned: scope.counter('retry_or_shadow_abandoned'),
    };
    this.timeouts = {
      request: scope.counter('upstream_rq_timeout'),
      perTry: scope.counter('upstream_rq_per_try_timeout'),
    };
    this.noneHealthy = scope.counter('upstream_cx_none_healthy');
    this.resetsReceived = scope.counter('upstream_rq_rx_reset');
    this.resetsSent = scope.counter('upstream_rq_tx_reset');
    this.maintenanceMode = scope.counter('upstream_rq_maintenance_mode');
  }

  onResponse(status: number, isCanary: boolean, isInternalRequest: boolean): void {
    this.#all.count(status);
    if (isCanary) {
      this.#canary ??= new ResponseCounters(this.#scope.scope('canary.'));
      this.#canary.count(status);
    }
    if (isInternalRequest) {
      this.#internal ??= new ResponseCounters(this.#scope.scope('internal.'));
      this.#internal.count(status);
    } else {
      this.#external ??= new ResponseCounters(this.#scope.scope('external.'));
      this.#external.count(status);
    }
  }

  onResponseTime(ms: number): void {
    this.#timeMs.record(ms);
  }
}
