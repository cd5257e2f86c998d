import type { StreamBytes, StreamResetReason } from '../codec/codec.ts';
import type { HeaderMap } from '../codec/header-map.ts';
import type { ForwardAction } from '../config/model/route.ts';
import type { FormatContext } from '../downstream/http/access-log/format-operator.ts';
import type { DecoderFilterCallbacks, WatermarkCallbacks } from '../downstream/http/http-filter.ts';
import type { LocalReply } from '../downstream/http/local-reply.ts';
import { addFlag } from '../downstream/http/stream-info-record.ts';
import { asksForTunnel, opensTunnel } from '../downstream/http/upgrade.ts';
import { WheelTimer, type TimerTarget } from '../time/timer-ring.ts';
import type { ThreadLocalCluster, UpstreamConnectionInfo } from '../upstream/upstream.ts';
import { setAnswerHeaders, setAttemptHeaders, withAttemptCount } from './attempt-headers.ts';
import { countAnswer, countReset, recordAttempt, recordConnection } from './attempt-record.ts';
import { choosePool, socketOptionsOf } from './choose-pool.ts';
import { HostSelection } from './host-selection.ts';
import { applyHeaderChanges } from './header-mutation.ts';
import { isRepeatable } from './repeatable-request.ts';
import { RequestBody } from './request-body.ts';
import { takeRequestTimeouts, type RequestTimeouts } from './request-timeouts.ts';
import { detailsOfReset, flagOfReset, isConnectFailure, replyToReset } from './reset-reason.ts';
import type { ResolvedRoute } from './resolved-route.ts';
import { RetryState } from './retry.ts';
import { RetryAccounting } from './retry-accounting.ts';
import type { RouterContext } from './router-context.ts';
import { UpstreamRequest, type UpstreamRequestOwner } from './upstream-request.ts';

/** A server that refuses so many times in a row is not about to take it. */
const maxRepeatCount = 3;

/**
 * One request on its way to a cluster: picks hosts, starts attempts, times them, repeats them, and passes the answer
 * on. It keeps its cluster's settings to the end and picks every host from the current ones.
 *
 * A request that its server has not looked at, as far as anybody can tell (`isRepeatable`), and whose body (if any) is at
 * hand, goes out once more at once, whatever the retry policy says.
 */
export class ForwardedRequest implements UpstreamRequestOwner, TimerTarget, WatermarkCallbacks {
  readonly #context: RouterContext;
  readonly #callbacks: DecoderFilterCallbacks;
  readonly #headers: HeaderMap;
  readonly #route: ResolvedRoute;
  readonly #action: ForwardAction;
  readonly #cluster: ThreadLocalCluster;
  readonly #timeouts: RequestTimeouts;
  readonly #body: RequestBody;
  readonly #startedMs: number;
  #retry: RetryState | undefined;
  #retries: RetryAccounting | undefined;
  #attempt: UpstreamRequest | undefined;
  #attemptCount = 0;
  #repeatCount = 0;
  #hasResponseStarted = false;
  #isCanary = false;
  #isOver = false;
  readonly #isUpgrade: boolean;
  #timeoutStatus = 504;
  #requestCompleteMs: number | undefined;
  #routeTimer: WheelTimer | undefined;
  #backOffTimer: WheelTimer | undefined;
  readonly #hosts: HostSelection;

  constructor(
    context: RouterContext,
    callbacks: DecoderFilterCallbacks,
    route: ResolvedRoute,
    action: ForwardAction,
    cluster: ThreadLocalCluster,
    headers: HeaderMap,
  ) {
    this.#context = context;
    this.#callbacks = callbacks;
    this.#headers = headers;
    this.#route = route;
    this.#action = action;
    this.#cluster = cluster;
    this.#startedMs = context.wheel.monotonicMs();
    this.#isUpgrade = asksForTunnel(headers);
    // What a client asks of the router is taken out before the route's own changes are made.
    this.#timeouts = takeRequestTimeouts(headers, route.timeouts);
    if (headers.remove('x-envoy-upstream-rq-timeout-alt-response')) this.#timeoutStatus = 204;
    this.#retry = RetryState.create(route.retryPolicy, headers);
    this.#hosts = new HostSelection(route);
    this.#body = new RequestBody(this.#retry !== undefined, cluster.info.http.protocol !== 'http1');
  }

  /** Changes the head as the route says, and starts the first attempt. */
  start(endStream: boolean): void {
    const suppress = this.#context.suppressEnvoyHeaders;
    if (this.#route.requestChanges.length > 0) {
      applyHeaderChanges(this.#route.requestChanges, this.#headers, this.#formatContext(undefined));
    }
    this.#route.hostRewriter?.apply(this.#headers, suppress);
    this.#route.pathRewriter?.apply(this.#headers, suppress);
    this.#hosts.socketOptions = socketOptionsOf(this.#cluster, this.#headers, this.#callbacks.streamInfo);
    this.#callbacks.setDownstreamWatermarkCallbacks(this);
    if (endStream) this.#onRequestComplete();
    // Nothing more comes of an upgrade before its answer, which is what the time-out waits for.
    else if (this.#isUpgrade) this.#startRouteTimer();
    this.#startAttempt(false);
  }

  onRequestData(chunk: Buffer, endStream: boolean): void {
    if (this.#isOver) return;
    this.#body.add(chunk);
    if (this.#body.isKept && this.#body.keptBytes > this.#bodyLimitBytes() && !this.#giveUpRetries()) return;
    if (endStream) this.#onRequestComplete();
    this.#attempt?.encodeData(chunk, endStream);
    if (endStream && this.#attempt?.hasAnswerEnded === true)
      this.#onUpstreamComplete(this.#context.wheel.monotonicMs());
  }

  onRequestTrailers(trailers: HeaderMap): void {
    if (this.#isOver) return;
    this.#body.trailers = trailers;
    this.#onRequestComplete();
    this.#attempt?.encodeTrailers(trailers);
  }

  /** The stream is gone, complete or not. */
  onDestroy(): void {
    this.#isOver = true;
    if (this.#attempt?.reset() === true) this.#cluster.stats.resetsSent.inc();
    this.#release();
  }

  onUpstreamConnected(attempt: UpstreamRequest, to: UpstreamConnectionInfo, bytes: StreamBytes): void {
    const info = this.#callbacks.streamInfo;
    recordConnection(info, to, bytes, this.#context.wheel.monotonicMs());
    if (attempt === this.#attempt) info.upstreamHost = attempt.host.address;
  }

  onUpstreamBytesSent(isLast: boolean): void {
    if (isLast) this.#callbacks.streamInfo.lastUpstreamTxByteMs = this.#context.wheel.monotonicMs();
  }

  onUpstreamBackPressure(isAbove: boolean): void {
    this.#callbacks.readDisableDownstream(isAbove);
  }

  onUpstreamInformational(attempt: UpstreamRequest, headers: HeaderMap): void {
    countAnswer(this.#cluster.stats, attempt.host, headers, this.#callbacks.streamInfo);
    this.#callbacks.encodeInformational(headers);
  }

  onUpstreamHeaders(attempt: UpstreamRequest, headers: HeaderMap, endStream: boolean): void {
    const info = this.#callbacks.streamInfo;
    const nowMs = this.#context.wheel.monotonicMs();
    const status = Number(headers.get(':status') ?? '0');
    info.firstUpstreamByteMs = nowMs;
    if (this.#cluster.info.isHealthChecked === true && headers.has('x-envoy-immediate-health-check-fail')) {
      this.#cluster.onHostFailed(attempt.host);
    }
    const retry = this.#retry;
    if (retry !== undefined && this.#takesRetry(retry, retry.wantsRetryOfAnswer(headers, status))) {
      attempt.host.stats.onRequestEnd(true);
      this.#cluster.stats.onRetriedResponse(status);
      attempt.reset();
      this.#scheduleRetry(retry);
      return;
    }
    this.#isCanary = countAnswer(this.#cluster.stats, attempt.host, headers, info);
    attempt.host.stats.onRequestEnd(status >= 500);
    info.responseDetails = 'via_upstream';
    info.responseStatus = status;
    this.#endRetries();
    this.#hasResponseStarted = true;
    if (this.#isUpgrade && opensTunnel(status, this.#headers)) {
      attempt.isTunnel = true;
      if (this.#routeTimer !== undefined) this.#context.wheel.cancel(this.#routeTimer);
    }
    const doneMs = this.#context.suppressEnvoyHeaders ? undefined : this.#requestCompleteMs;
    setAnswerHeaders(
      headers,
      this.#route,
      this.#attemptCount,
      doneMs === undefined ? undefined : nowMs - doneMs,
    );
    if (this.#route.responseChanges.length > 0) {
      applyHeaderChanges(this.#route.responseChanges, headers, this.#formatContext(headers));
    }
    if (endStream) this.#onUpstreamComplete(nowMs);
    this.#callbacks.encodeHeaders(headers, endStream);
  }

  onUpstreamData(attempt: UpstreamRequest, chunk: Buffer, endStream: boolean): void {
    if (endStream && !attempt.hasAnswerEnded) this.#onUpstreamComplete(this.#context.wheel.monotonicMs());
    this.#callbacks.encodeData(chunk, endStream);
  }

  onUpstreamTrailers(_attempt: UpstreamRequest, trailers: HeaderMap): void {
    this.#onUpstreamComplete(this.#context.wheel.monotonicMs());
    this.#callbacks.encodeTrailers(trailers);
  }

  onUpstreamReset(attempt: UpstreamRequest, reason: StreamResetReason, detail: string): void {
    const info = this.#callbacks.streamInfo;
    // Of a connection that was there once, the reason itself says it all.
    const failure = isConnectFailure(reason) ? detail : '';
    info.upstreamTransportFailureReason = failure;
    countReset(this.#cluster.stats, attempt.connection, reason);
    if (!this.#hasResponseStarted) {
      if (
        this.#repeatCount < maxRepeatCount &&
        isRepeatable(attempt.connection, reason, this.#body, this.#headers)
      ) {
        this.#repeatCount++;
        this.#cluster.stats.retries.attempted.inc();
        // A server that refused streams has said by now how many it takes.
        this.#startAttempt(reason !== 'remote-refused-stream');
        return;
      }
      if (reason !== 'overflow') attempt.host.stats.onRequestEnd(true);
      if (this.#retriesReset(reason, attempt.isRequestSent)) return;
    }
    this.#onFinalReset(reason, failure);
  }

  onPerTryTimeout(attempt: UpstreamRequest, kind: 'per-try' | 'per-try-idle'): void {
    attempt.host.stats.onRequestTimeout();
    attempt.host.stats.onRequestEnd(true);
    const { perTry, perTryIdle } = this.#cluster.stats.timeouts;
    (kind === 'per-try' ? perTry : perTryIdle).inc();
    if (!this.#hasResponseStarted && this.#retriesReset('local-reset', attempt.isRequestSent)) return;
    this.#onTimeout(kind === 'per-try' ? 'upstream_per_try_timeout' : 'upstream_per_try_idle_timeout');
  }

  get downstreamRoomBytes(): number {
    return this.#callbacks.downstreamRoomBytes;
  }

  onAboveWriteHighWatermark(): void {
    this.#cluster.stats.flowControl.pausedReading.inc();
    this.#attempt?.readDisable(true);
  }

  onBelowWriteLowWatermark(): void {
    this.#cluster.stats.flowControl.resumedReading.inc();
    this.#attempt?.readDisable(false);
  }

  onTimer(timer: WheelTimer): void {
    if (timer === this.#backOffTimer) return this.#startAttempt(false);
    this.#cluster.stats.timeouts.request.inc();
    const attempt = this.#attempt;
    if (attempt !== undefined && attempt.isAwaitingHeaders) attempt.host.stats.onRequestTimeout();
    if (attempt?.reset() === true) {
      this.#cluster.stats.resetsSent.inc();
      if (!this.#hasResponseStarted) attempt.host.stats.onRequestEnd(true);
    }
    this.#onTimeout('response_timeout');
  }

  #startAttempt(needsFreshConnection: boolean): void {
    const info = this.#callbacks.streamInfo;
    this.#attemptCount++;
    const host = this.#cluster.chooseHost(this.#hosts);
    if (host === undefined) {
      this.#attempt = undefined;
      info.upstreamAttemptCount = this.#attemptCount;
      this.#cluster.stats.noneHealthy.inc();
      this.#cluster.stats.onResponse(503, false, info.isInternalRequest);
      this.#end({ status: 503, body: 'no healthy upstream', details: 'no_healthy_upstream', flag: 'UH' });
      return;
    }
    recordAttempt(info, host, this.#attemptCount, this.#context.wheel.monotonicMs());
    if (this.#retry !== undefined) this.#hosts.onHostTried(host);
    const elapsedMs = this.#attemptCount === 1 ? 0 : this.#context.wheel.monotonicMs() - this.#startedMs;
    const facts = { host, count: this.#attemptCount, elapsedMs, timeouts: this.#timeouts };
    setAttemptHeaders(this.#headers, this.#route, this.#context.suppressEnvoyHeaders, facts);
    const attempt = new UpstreamRequest(
      this,
      this.#context.wheel,
      host,
      this.#headers,
      this.#timeouts,
      this.#callbacks.decoderBufferLimit,
    );
    this.#attempt = attempt;
    const pool = choosePool(this.#cluster, host, this.#action, this.#headers, info.protocol, this.#hosts);
    attempt.start(pool, this.#body, needsFreshConnection, this.#isUpgrade);
  }

  #onRequestComplete(): void {
    this.#body.isComplete = true;
    this.#requestCompleteMs = this.#context.wheel.monotonicMs();
    if (this.#attempt?.isTunnel !== true && this.#routeTimer === undefined) this.#startRouteTimer();
  }

  #startRouteTimer(): void {
    if (this.#timeouts.routeMs === 0) return;
    this.#context.wheel.schedule((this.#routeTimer ??= new WheelTimer(this)), this.#timeouts.routeMs);
  }

  #onUpstreamComplete(nowMs: number): void {
    this.#callbacks.streamInfo.lastUpstreamByteMs = nowMs;
    if (this.#requestCompleteMs !== undefined) {
      const ms = nowMs - this.#requestCompleteMs;
      this.#cluster.stats.onResponseTime(ms, this.#isCanary, this.#callbacks.streamInfo.isInternalRequest);
    }
    this.#release();
  }

  /** Schedules the retry of an attempt that had no answer; false: the reset is final. */
  #retriesReset(reason: StreamResetReason, isRequestSent: boolean): boolean {
    const retry = this.#retry;
    if (retry === undefined || !this.#takesRetry(retry, retry.wantsRetryOfReset({ reason, isRequestSent })))
      return false;
    this.#scheduleRetry(retry);
    return true;
  }

  #takesRetry(retry: RetryState, isWanted: boolean): boolean {
    this.#retries ??= new RetryAccounting(this.#cluster, this.#action.priority);
    return this.#retries.decide(retry, isWanted, this.#callbacks.streamInfo);
  }

  #scheduleRetry(retry: RetryState): void {
    this.#attempt = undefined;
    this.#backOffTimer ??= new WheelTimer(this);
    this.#context.wheel.schedule(this.#backOffTimer, retry.backOffMs(this.#context.rng.next()));
  }

  /** The body outgrew what is kept for retries. False: there is no attempt that could take it, so this answers 507. */
  #giveUpRetries(): boolean {
    this.#cluster.stats.retries.abandoned.inc();
    if (this.#attempt !== undefined) {
      this.#endRetries();
      return true;
    }
    this.#end({
      status: 507,
      body: 'exceeded request buffer limit while retrying upstream',
      details: 'request_payload_exceeded_retry_buffer_limit',
    });
    return false;
  }

  #bodyLimitBytes(): number {
    return this.#route.perRequestBufferLimitBytes ?? this.#callbacks.decoderBufferLimit;
  }

  #endRetries(): void {
    this.#retries?.end();
    this.#retry = undefined;
    this.#body.drop();
  }

  #onFinalReset(reason: StreamResetReason, failure: string): void {
    const info = this.#callbacks.streamInfo;
    addFlag(info, flagOfReset(reason));
    if (this.#hasResponseStarted) {
      this.#abortResponse(`upstream_reset_after_response_started${detailsOfReset(reason, '')}`);
      return;
    }
    const isRetried = this.#attemptCount > 1;
    const reply = replyToReset(reason, failure, isRetried, this.#context.suppressEnvoyHeaders);
    this.#cluster.stats.onResponse(reply.status, false, info.isInternalRequest);
    this.#end(reply);
  }

  #onTimeout(details: string): void {
    const info = this.#callbacks.streamInfo;
    addFlag(info, 'UT');
    if (this.#hasResponseStarted) {
      this.#abortResponse(details);
      return;
    }
    this.#cluster.stats.onResponse(this.#timeoutStatus, false, info.isInternalRequest);
    const body = this.#timeoutStatus === 504 ? 'upstream request timeout' : '';
    this.#end({ status: this.#timeoutStatus, body, details });
  }

  #abortResponse(details: string): void {
    this.#context.stats.resetAfterResponseStarted.inc();
    this.#release();
    this.#callbacks.resetStream(details);
  }

  #end(reply: LocalReply): void {
    this.#release();
    this.#callbacks.sendLocalReply(withAttemptCount(reply, this.#route, this.#attemptCount));
  }

  #release(): void {
    this.#isOver = true;
    this.#attempt = undefined;
    if (this.#routeTimer !== undefined) this.#context.wheel.cancel(this.#routeTimer);
    if (this.#backOffTimer !== undefined) this.#context.wheel.cancel(this.#backOffTimer);
    this.#endRetries();
  }

  #formatContext(responseHeaders: HeaderMap | undefined): FormatContext {
    return {
      streamInfo: this.#callbacks.streamInfo,
      requestHeaders: this.#headers,
      responseHeaders,
      responseTrailers: undefined,
    };
  }
}
