import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';
import type { ForwardAction, RouteAction } from '../../config/model/route.ts';
import type { HeaderMap } from '../../codec/header-map.ts';
import { isGrpc } from './grpc-status.ts';
import { parseGrpcTimeout, setGrpcTimeout } from './grpc-timeout.ts';
import type { LocalReply } from './local-reply.ts';
import type { ResponseFlag } from './response-flag.ts';

/** What the manager's configuration says of streams. */
export type StreamTimeouts = Pick<
  HttpConnectionManager,
  'streamIdleTimeoutMs' | 'requestTimeoutMs' | 'maxStreamDurationMs'
>;

/** A deadline that passed: what is counted, and what the client is told. */
export interface StreamExpiry {
  readonly counter: 'rqIdleTimeout' | 'rqTimeout' | 'rqMaxDurationReached';
  readonly flag: ResponseFlag | undefined;
  readonly reply: LocalReply;
}

/**
 * Time-outs of one stream that the manager watches, as moments on the monotonic clock. Nothing is scheduled per
 * request: the connection looks again when the earliest could have passed.
 */
export class StreamDeadlines {
  #idleTimeoutMs: number;
  #lastActivityMs: number;
  readonly #requestDeadlineMs: number;
  #durationDeadlineMs: number;
  readonly #managerDurationMs: number;
  readonly #startedMs: number;
  #isRequestWatched = true;

  constructor(config: StreamTimeouts, startedMs: number) {
    this.#startedMs = startedMs;
    this.#idleTimeoutMs = config.streamIdleTimeoutMs;
    this.#lastActivityMs = startedMs;
    this.#requestDeadlineMs = deadline(startedMs, config.requestTimeoutMs);
    this.#managerDurationMs = config.maxStreamDurationMs;
    this.#durationDeadlineMs = deadline(startedMs, config.maxStreamDurationMs);
  }

  /**
   * A route has its own idle time-out and duration; that of a call may come from its `grpc-timeout`. Where a route has
   * `max_stream_duration`, calls take their duration with them to the upstream.
   */
  applyRoute(action: RouteAction | undefined, headers: HeaderMap): void {
    if (action?.kind !== 'forward') return;
    if (action.idleTimeoutMs !== undefined) this.#idleTimeoutMs = action.idleTimeoutMs;
    const ofCallMs = callDurationMs(action, headers);
    const ofStreamMs = action.maxStreamDurationMs ?? this.#managerDurationMs;
    // Of a stream 0 is no limit; a call that asks for 0 is over.
    this.#durationDeadlineMs =
      ofCallMs === undefined ? deadline(this.#startedMs, ofStreamMs) : this.#startedMs + ofCallMs;
    if (action.isTimeoutIgnored !== true || !isGrpc(headers)) return;
    const durationMs = ofCallMs ?? ofStreamMs;
    if (ofCallMs !== undefined || durationMs > 0) setGrpcTimeout(headers, durationMs);
    else if (this.#managerDurationMs > 0) headers.remove('grpc-timeout');
  }

  touch(nowMs: number): void {
    this.#lastActivityMs = nowMs;
  }

  /** A tunnel has no request that could take too long. */
  onUpgraded(): void {
    this.#isRequestWatched = false;
  }

  /** The earliest moment at which something could be due; Infinity for never. */
  next(): number {
    const idleMs = deadline(this.#lastActivityMs, this.#idleTimeoutMs);
    const requestMs = this.#isRequestWatched ? this.#requestDeadlineMs : Infinity;
    return Math.min(idleMs, requestMs, this.#durationDeadlineMs);
  }

  /** 408 while the request is still coming, else 504. */
  expired(nowMs: number, isRequestComplete: boolean): StreamExpiry | undefined {
    if (isRequestComplete) this.#isRequestWatched = false;
    if (nowMs < this.next()) return undefined;
    const status = isRequestComplete ? 504 : 408;
    if (nowMs >= this.#durationDeadlineMs) {
      return {
        counter: 'rqMaxDurationReached',
        flag: undefined,
        reply: {
          status,
          body: 'downstream duration timeout',
          details: 'max_duration_timeout',
          grpcStatus: 4,
        },
      };
    }
    if (this.#isRequestWatched && nowMs >= this.#requestDeadlineMs) {
      return {
        counter: 'rqTimeout',
        flag: undefined,
        reply: { status: 408, body: 'request timeout', details: 'request_overall_timeout' },
      };
    }
    return {
      counter: 'rqIdleTimeout',
      flag: 'SI',
      reply: { status, body: 'stream timeout', details: 'stream_idle_timeout' },
    };
  }
}

/** Duration of a request with a `grpc-timeout` that its route heeds; 0 is over at once. */
function callDurationMs(action: ForwardAction, headers: HeaderMap): number | undefined {
  const maxMs = action.grpcTimeoutHeaderMaxMs;
  const askedMs = maxMs === undefined ? undefined : parseGrpcTimeout(headers);
  if (maxMs === undefined || askedMs === undefined) return undefined;
  const cappedMs = maxMs === 0 ? askedMs : Math.min(askedMs, maxMs);
  return Math.max(0, cappedMs - (action.grpcTimeoutHeaderOffsetMs ?? 0));
}

/** Infinity: never, since there is no time-out or nothing to time. */
export function deadline(fromMs: number | undefined, timeoutMs: number): number {
  return fromMs === undefined || timeoutMs === 0 ? Infinity : fromMs + timeoutMs;
}
