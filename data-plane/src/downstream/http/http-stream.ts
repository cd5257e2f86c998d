import type {
  CodecError,
  RequestDecoder,
  ResponseEncoder,
  StreamCallbacks,
  StreamResetReason,
} from '../../codec/codec.ts';
import { HeaderMap } from '../../codec/header-map.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import { HttpFilterChain, type FilterChainOwner } from './http-filter-chain.ts';
import type { WatermarkCallbacks } from './http-filter.ts';
import type { LocalReply } from './local-reply.ts';
import type { ManagerConfig } from './manager-config.ts';
import { admitRequest } from './request-admission.ts';
import { finishResponseHeaders } from './response-headers.ts';
import type { RouteEntry } from './route-entry.ts';
import type { RouteSelector } from './route-selector.ts';
import { StreamDeadlines } from './stream-deadlines.ts';
import { addFlag, type StreamInfoRecord } from './stream-info-record.ts';
import { isUpgradeAllowed, opensTunnel, upgradeTypeOf } from './upgrade.ts';

/** What a stream asks of its connection. */
export interface HttpStreamOwner {
  readonly config: ManagerConfig;
  /** An answer begins: the connection drains from now on if it is time for that. */
  drainIfDue(): void;
  /** No request follows this one, where they follow each other. */
  closeAfterResponse(): void;
  /** A deadline came closer. */
  onDeadlineChange(deadlineMs: number): void;
  onStreamDestroyed(stream: HttpStream): void;
}

/** One request and its answer: between the codec and the filter chain. */
export class HttpStream implements RequestDecoder, StreamCallbacks, FilterChainOwner {
  readonly streamInfo: StreamInfoRecord;
  readonly deadlines: StreamDeadlines;
  requestHeaders: HeaderMap | undefined = undefined;
  /** In the list of its connection. */
  place = 0;
  readonly #owner: HttpStreamOwner;
  readonly #config: ManagerConfig;
  readonly #encoder: ResponseEncoder;
  /** The route table of this stream's whole life. */
  readonly #routes: RouteSelector | undefined;
  #chain: HttpFilterChain | undefined;
  #route: RouteEntry | undefined;
  #isRouteChosen = false;
  #responseHeaders: HeaderMap | undefined;
  #responseTrailers: HeaderMap | undefined;
  #watermarks: WatermarkCallbacks | undefined;
  #isAboveHighWatermark = false;
  /** 100 went out, in the upstream's stead. */
  #hasContinued = false;
  /** Of an upgrade that is asked for and allowed. */
  #upgradeType: string | undefined;
  /** The answer has turned the stream into bytes in both directions. */
  #isTunnel = false;
  isRequestComplete = false;
  #isResponseComplete = false;
  #isDestroyed = false;

  constructor(owner: HttpStreamOwner, encoder: ResponseEncoder, info: StreamInfoRecord) {
    this.#owner = owner;
    this.#config = owner.config;
    this.#encoder = encoder;
    this.streamInfo = info;
    info.downstreamBytes = encoder;
    this.#routes = this.#config.routeSource.current;
    this.deadlines = new StreamDeadlines(this.#config.config, info.startedAtMs);
    encoder.setCallbacks(this);
  }

  get wheel(): TimerWheel {
    return this.#config.dependencies.wheel;
  }

  internalOnlyHeaders(headers: HeaderMap): readonly string[] {
    return this.#routes?.internalOnlyHeaders(headers) ?? [];
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  // From the codec.

  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    this.requestHeaders = headers;
    // An expectation without a body is nobody's (RFC 9110 10.1.1): nothing answers it, and it is not passed on.
    const takesContinue = this.#takesContinueUpon(headers);
    if (endStream) this.#onRequestComplete();
    else if (takesContinue) this.#sendInformational(continueHeaders);
    const admission = admitRequest(headers, this.#config, this.streamInfo, this.internalOnlyHeaders(headers));
    if (admission.kind === 'refused') {
      this.#createChain().sendLocalReply(admission.reply);
      return;
    }
    const route = this.route();
    this.deadlines.applyRoute(route?.route.action, headers);
    this.#owner.onDeadlineChange(this.deadlines.next());
    if (admission.isUpgrade && !this.#admitUpgrade(headers, route)) {
      this.#config.stats.rqWsOnNonWsRoute.inc();
      this.#owner.closeAfterResponse();
      this.#createChain().sendLocalReply({ status: 403, body: '', details: 'upgrade_failed' });
      return;
    }
    this.#createChain().decodeHeaders(headers, endStream);
  }

  decodeData(chunk: Buffer, endStream: boolean): void {
    if (this.#isDestroyed) return;
    this.streamInfo.bytesReceived += chunk.length;
    if (endStream) this.#onRequestComplete();
    this.#touch();
    this.#chain?.decodeData(chunk, endStream);
    if (endStream && this.#isTunnel) this.#onResponseComplete();
  }

  decodeTrailers(trailers: HeaderMap): void {
    if (this.#isDestroyed) return;
    this.#onRequestComplete();
    this.#touch();
    this.#chain?.decodeTrailers(trailers);
  }

  onResetStream(reason: StreamResetReason, detail: string): void {
    if (this.#isDestroyed) return;
    const info = this.streamInfo;
    this.#config.stats.rqRxReset.inc();
    if (reason === 'local-reset' || reason === 'protocol-error') {
      if (reason === 'protocol-error') addFlag(info, 'DPE');
      info.responseDetails = detail;
    } else {
      const isConnectionGone = reason === 'connection-termination';
      addFlag(info, isConnectionGone ? 'DC' : 'DR');
      info.responseDetails = isConnectionGone ? 'downstream_remote_disconnect' : detail;
    }
    this.destroy();
  }

  onAboveWriteHighWatermark(): void {
    this.#isAboveHighWatermark = true;
    this.#watermarks?.onAboveWriteHighWatermark();
  }

  onBelowWriteLowWatermark(): void {
    this.#isAboveHighWatermark = false;
    this.#watermarks?.onBelowWriteLowWatermark();
    // A client that takes bytes is not idle.
    this.#touch();
  }

  /** The request turned out to be none, after its head. */
  onProtocolError(error: CodecError): void {
    addFlag(this.streamInfo, 'DPE');
    this.sendLocalReply({ status: error.status, body: error.body, details: error.details });
  }

  /** What a deadline of this stream calls for. Returns the next one. */
  checkDeadlines(nowMs: number): number {
    const expiry = this.deadlines.expired(nowMs, this.isRequestComplete);
    if (expiry === undefined) return this.deadlines.next();
    const { stats } = this.#config;
    stats[expiry.counter].inc();
    if (expiry.flag !== undefined) addFlag(this.streamInfo, expiry.flag);
    this.sendLocalReply(expiry.reply);
    return Infinity;
  }

  sendLocalReply(reply: LocalReply): void {
    if (!this.#isDestroyed) this.#createChain().sendLocalReply(reply);
  }

  // From the filter chain.

  onLocalReply(status: number): void {
    // Who sent one bad request is not read any further.
    if (status === 400) this.#owner.closeAfterResponse();
  }

  route(): RouteEntry | undefined {
    if (!this.#isRouteChosen && this.requestHeaders !== undefined) {
      this.#isRouteChosen = true;
      this.#route = this.#routes?.select(this.requestHeaders, this.streamInfo);
      this.streamInfo.route = this.#route;
    }
    return this.#route;
  }

  get chosenRoute(): RouteEntry | undefined {
    return this.#isRouteChosen ? this.#route : undefined;
  }

  clearRouteCache(): void {
    this.#isRouteChosen = false;
  }

  writeInformational(headers: HeaderMap): void {
    if (this.#isDestroyed) return;
    // Told already. Whatever else the upstream says before its answer is the client's (RFC 9110 15.2).
    if (this.#hasContinued && headers.get(':status') === '100') return;
    this.#sendInformational(headers);
  }

  writeHeaders(headers: HeaderMap, endStream: boolean, isLocal: boolean): void {
    if (this.#isDestroyed) return;
    const { config, dependencies } = this.#config;
    const info = this.streamInfo;
    const status = Number(headers.get(':status') ?? '0');
    this.#isTunnel = opensTunnel(status, this.requestHeaders);
    finishResponseHeaders(headers, config, dependencies.date, isLocal, status === 101);
    if (config.alwaysSetRequestIdInResponse) this.#copyRequestId(headers);
    info.responseStatus = status;
    info.firstDownstreamTxByteMs = this.#touch();
    this.#responseHeaders = headers;
    if (this.#isTunnel) this.deadlines.onUpgraded();
    else this.#decideClose();
    this.#countResponse(status);
    if (endStream) this.#isResponseComplete = true;
    this.#encoder.encodeHeaders(headers, endStream);
    if (endStream) this.#onResponseComplete();
  }

  writeData(chunk: Buffer, endStream: boolean): void {
    if (this.#isDestroyed) return;
    this.streamInfo.bytesSent += chunk.length;
    this.#touch();
    if (endStream) this.#isResponseComplete = true;
    this.#encoder.encodeData(chunk, endStream);
    if (endStream) this.#onResponseComplete();
  }

  writeTrailers(trailers: HeaderMap): void {
    if (this.#isDestroyed) return;
    this.#responseTrailers = trailers;
    this.#isResponseComplete = true;
    this.#encoder.encodeTrailers(trailers);
    this.#onResponseComplete();
  }

  readDisable(disable: boolean): void {
    if (this.#isDestroyed) return;
    const { flowControl } = this.#config.stats;
    (disable ? flowControl.pausedReading : flowControl.resumedReading).inc();
    this.#encoder.readDisable(disable);
  }

  get roomBytes(): number {
    return this.#encoder.roomBytes ?? Infinity;
  }

  setWatermarkCallbacks(callbacks: WatermarkCallbacks): void {
    this.#watermarks = callbacks;
    if (this.#isAboveHighWatermark) callbacks.onAboveWriteHighWatermark();
  }

  onEncoderBackPressure(isAbove: boolean): void {
    if (isAbove) this.#watermarks?.onAboveWriteHighWatermark();
    else this.#watermarks?.onBelowWriteLowWatermark();
  }

  reset(details: string): void {
    if (this.#isDestroyed) return;
    if (details !== '') this.streamInfo.responseDetails = details;
    this.#config.stats.rqTxReset.inc();
    // Envoy hears of its own reset as of a client's.
    this.#config.stats.rqRxReset.inc();
    this.destroy();
    this.#encoder.resetStream();
  }

  onFilterError(err: unknown): void {
    this.#config.stats.rqFilterException.inc();
    this.#config.dependencies.logger?.error(
      { err, route: this.#route?.route.name ?? '' },
      'http filter threw',
    );
  }

  /** The end, however it came: filters hear of it, and the access log. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    const info = this.streamInfo;
    const nowMs = this.wheel.monotonicMs();
    info.endedMs = nowMs;
    this.#chain?.destroy();
    this.#config.stats.rqActive.dec();
    if (this.#upgradeType !== undefined) this.#config.stats.cxUpgradesActive.dec();
    if (!info.isHealthCheck) this.#config.stats.rqTime.record(nowMs - info.startedAtMs);
    this.#log();
    this.#owner.onStreamDestroyed(this);
  }

  #sendInformational(headers: HeaderMap): void {
    this.#countResponse(Number(headers.get(':status') ?? '0'));
    this.#encoder.encodeInformational(headers);
  }

  /** Informational answers are answers to Envoy, so one request can have several. */
  #countResponse(status: number): void {
    if (this.streamInfo.isHealthCheck) return;
    this.#config.stats.onResponse(status);
    this.#config.listenerStats.onResponse(status);
  }

  #createChain(): HttpFilterChain {
    this.#chain ??= new HttpFilterChain(
      this,
      this.#config.createFilters(this.#upgradeType),
      this.#config.bufferLimitBytes,
    );
    return this.#chain;
  }

  /** The client waits for 100, and the upstream is not to be asked. */
  #takesContinueUpon(headers: HeaderMap): boolean {
    if (this.#config.config.proxy100Continue) return false;
    const expect = headers.get('expect');
    if (expect === undefined || expect.toLowerCase() !== '100-continue') return false;
    headers.remove('expect');
    this.#hasContinued = true;
    return true;
  }

  /** False: it is refused. Without a route the answer is 404, whatever is asked for. */
  #admitUpgrade(headers: HeaderMap, route: RouteEntry | undefined): boolean {
    const type = upgradeTypeOf(headers);
    if (!isUpgradeAllowed(type, this.#config.config, route)) return route === undefined;
    this.#upgradeType = type;
    this.#config.stats.cxUpgradesTotal.inc();
    this.#config.stats.cxUpgradesActive.inc();
    return true;
  }

  #copyRequestId(headers: HeaderMap): void {
    const id = this.requestHeaders?.get('x-request-id');
    if (id !== undefined) headers.set('x-request-id', id);
  }

  /** Whether this answer is the connection's last. */
  #decideClose(): void {
    if (!this.isRequestComplete) {
      // Nobody waits for the rest of a request that is answered already.
      this.#config.stats.rqResponseBeforeRqComplete.inc();
      this.#owner.closeAfterResponse();
    } else {
      this.#owner.drainIfDue();
    }
  }

  #onRequestComplete(): void {
    this.isRequestComplete = true;
    this.streamInfo.requestReceivedMs = this.wheel.monotonicMs();
  }

  #onResponseComplete(): void {
    // A tunnel lives until its other half ends too.
    if (this.#isTunnel && !this.isRequestComplete) return;
    if (!this.#isResponseComplete) return;
    // The rest of the request is cut off, which Envoy counts as a reset that it heard of.
    if (!this.isRequestComplete) this.#config.stats.rqRxReset.inc();
    this.destroy();
  }

  #touch(): number {
    const nowMs = this.wheel.monotonicMs();
    this.deadlines.touch(nowMs);
    return nowMs;
  }

  #log(): void {
    if (this.#config.accessLoggers.length === 0) return;
    const context = {
      streamInfo: this.streamInfo,
      requestHeaders: this.requestHeaders,
      responseHeaders: this.#responseHeaders,
      responseTrailers: this.#responseTrailers,
    };
    for (const logger of this.#config.accessLoggers) logger.log(context);
  }
}

const continueHeaders = HeaderMap.of({ ':status': '100' });
