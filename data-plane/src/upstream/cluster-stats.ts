import { describeStats, type CounterFamily, type StatsOf } from '../stats/describe-stats.ts';
import type { Counter, Histogram, StatsScope } from '../stats/stats.ts';
import type { ClusterStats, CounterLike, RetryStats } from './upstream.ts';

/** Prefixes of what is counted about answers: all of them, and those of some kind once more. */
const kindsOfAnswers = ['', 'canary.', 'internal.', 'external.'];

export const responseStats = describeStats(
  [...kindsOfAnswers, 'retry.'].map((kind) => `cluster.<cluster>.${kind}`),
  (make) => ({
    completed: make.counter(
      'upstream_rq_completed',
      'Answers, those of this side for want of one among them.',
    ),
    byClass: [
      make.counter('upstream_rq_1xx', 'Answers 100 to 199, those ahead of the final answer too.'),
      make.counter('upstream_rq_2xx', 'Answers 200 to 299.'),
      make.counter('upstream_rq_3xx', 'Answers 300 to 399.'),
      make.counter('upstream_rq_4xx', 'Answers 400 to 499.'),
      make.counter('upstream_rq_5xx', 'Answers 500 to 599.'),
    ],
    byCode: make.counters('upstream_rq_<code>', 'Answers with this status.'),
  }),
);

export const responseTimeStats = describeStats(
  kindsOfAnswers.map((kind) => `cluster.<cluster>.${kind}`),
  (make) => ({
    timeMs: make.histogram(
      'upstream_rq_time',
      'Time from the end of the request to the end of the answer.',
      'ms',
    ),
  }),
);

export const requestStats = describeStats(['cluster.<cluster>.'], (make) => ({
  retries: {
    attempted: make.counter('upstream_rq_retry', 'Retries that were begun.'),
    succeeded: make.counter('upstream_rq_retry_success', 'Retries whose answer was passed on.'),
    limitExceeded: make.counter(
      'upstream_rq_retry_limit_exceeded',
      'Requests that were not retried again because `num_retries` was used up.',
    ),
    overflow: make.counter(
      'upstream_rq_retry_overflow',
      'Requests that were not retried because of the circuit breaker `max_retries`.',
    ),
    backOffExponential: make.counter(
      'upstream_rq_retry_backoff_exponential',
      'Retries that waited for the exponential back-off.',
    ),
    abandoned: make.counter(
      'retry_or_shadow_abandoned',
      'Requests that could not be retried any more because their body outgrew the buffer.',
    ),
  },
  timeouts: {
    request: make.counter('upstream_rq_timeout', 'Requests that reached the time-out of their route.'),
    perTry: make.counter(
      'upstream_rq_per_try_timeout',
      'Attempts that reached the time-out for one attempt.',
    ),
    perTryIdle: make.counter(
      'upstream_rq_per_try_idle_timeout',
      'Attempts in which nothing came or went for the idle time-out of one attempt.',
    ),
  },
  connectAttemptsExceeded: make.counter(
    'upstream_cx_connect_attempts_exceeded',
    'TCP connections of clients that were given up after `max_connect_attempts`.',
  ),
  noneHealthy: make.counter('upstream_cx_none_healthy', 'Requests for which there was no host.'),
  resetsReceived: make.counter('upstream_rq_rx_reset', 'Requests that the host broke off.'),
  resetsSent: make.counter('upstream_rq_tx_reset', 'Requests that this side broke off.'),
  flowControl: {
    pausedReading: make.counter(
      'upstream_flow_control_paused_reading_total',
      'Times that an answer was not read on, since its client took no more bytes.',
    ),
    resumedReading: make.counter(
      'upstream_flow_control_resumed_reading_total',
      'Times that such an answer was read on.',
    ),
  },
}));

export const panicStats = describeStats(['cluster.<cluster>.'], (make) => ({
  picks: make.counter(
    'lb_healthy_panic',
    'Hosts that were picked whatever their health, since too few are healthy.',
  ),
}));

export const warmingStats = describeStats(['cluster.<cluster>.'], (make) => ({
  state: make.gauge('warming_state', '1 while the cluster, new or changed, does not serve yet.', '0 or 1'),
}));

/** Answers of one kind; a counter for each code is made when the code is first seen. */
class ResponseCounters {
  readonly #completed: Counter;
  readonly #byClass: readonly Counter[];
  readonly #family: CounterFamily;
  readonly #byCode: (Counter | undefined)[] = [];

  constructor(scope: StatsScope) {
    const { completed, byClass, byCode }: StatsOf<typeof responseStats> = responseStats.create(scope);
    this.#completed = completed;
    this.#byClass = byClass;
    this.#family = byCode;
  }

  count(status: number): void {
    this.#completed.inc();
    this.#byClass[Math.floor(status / 100) - 1]?.inc();
    const known = this.#byCode[status];
    if (known !== undefined) {
      known.inc();
      return;
    }
    const counter = this.#family.of(status);
    this.#byCode[status] = counter;
    counter.inc();
  }
}

/** Answers of one kind, and how long they took. */
class AnswerStats {
  readonly responses: ResponseCounters;
  readonly timeMs: Histogram;

  constructor(scope: StatsScope) {
    this.responses = new ResponseCounters(scope);
    this.timeMs = responseTimeStats.create(scope).timeMs;
  }
}

/** Statistics of a cluster that the router writes. `scope` is `cluster.<name>.`. */
export class WorkerClusterStats implements ClusterStats {
  readonly retries: RetryStats;
  readonly timeouts: {
    readonly request: CounterLike;
    readonly perTry: CounterLike;
    readonly perTryIdle: CounterLike;
  };
  readonly noneHealthy: CounterLike;
  readonly connectAttemptsExceeded: CounterLike;
  readonly resetsReceived: CounterLike;
  readonly resetsSent: CounterLike;
  readonly connectionFailureEject: CounterLike;
  readonly flowControl: ClusterStats['flowControl'];
  readonly #scope: StatsScope;
  readonly #all: AnswerStats;
  /** Made when first needed: most clusters have no canary and no retries, and see only one of the other two. */
  #canary: AnswerStats | undefined;
  #internal: AnswerStats | undefined;
  #external: AnswerStats | undefined;
  #retried: ResponseCounters | undefined;

  /** `connectionFailureEject` counts requests whose connection failed; pools count there those that had none yet. */
  constructor(scope: StatsScope, connectionFailureEject: CounterLike) {
    const stats = requestStats.create(scope);
    this.#scope = scope;
    this.#all = new AnswerStats(scope);
    this.retries = stats.retries;
    this.timeouts = stats.timeouts;
    this.noneHealthy = stats.noneHealthy;
    this.connectAttemptsExceeded = stats.connectAttemptsExceeded;
    this.resetsReceived = stats.resetsReceived;
    this.resetsSent = stats.resetsSent;
    this.connectionFailureEject = connectionFailureEject;
    this.flowControl = stats.flowControl;
  }

  onResponse(status: number, isCanary: boolean, isInternalRequest: boolean): void {
    this.#all.responses.count(status);
    if (isCanary) this.#canaryStats().responses.count(status);
    this.#originStats(isInternalRequest).responses.count(status);
  }

  onRetriedResponse(status: number): void {
    this.#retried ??= new ResponseCounters(this.#scope.scope('retry.'));
    this.#retried.count(status);
  }

  onResponseTime(ms: number, isCanary: boolean, isInternalRequest: boolean): void {
    this.#all.timeMs.record(ms);
    if (isCanary) this.#canaryStats().timeMs.record(ms);
    this.#originStats(isInternalRequest).timeMs.record(ms);
  }

  #canaryStats(): AnswerStats {
    this.#canary ??= new AnswerStats(this.#scope.scope('canary.'));
    return this.#canary;
  }

  #originStats(isInternalRequest: boolean): AnswerStats {
    if (isInternalRequest) {
      this.#internal ??= new AnswerStats(this.#scope.scope('internal.'));
      return this.#internal;
    }
    this.#external ??= new AnswerStats(this.#scope.scope('external.'));
    return this.#external;
  }
}
