import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';
import type { RouteAction } from '../../config/model/route.ts';
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
  readonly #startedMs: number;
  #isRequestWatched = true;

  constructor(config: StreamTimeouts, startedMs: number) {
    this.#startedMs = startedMs;
    this.#idleTimeoutMs = config.streamIdleTimeoutMs;
    this.#lastActivityMs = startedMs;
    this.#requestDeadlineMs = deadline(startedMs, config.requestTimeoutMs);
    this.#durationDeadlineMs = deadline(startedMs, config.maxStreamDurationMs);
  }

  /** A route has its own idle time-out and duration. */
  applyRoute(action: RouteAction | undefined): void {
    if (action?.kind !== 'forward') return;
    if (action.idleTimeoutMs !== undefined) this.#idleTimeoutMs = action.idleTimeoutMs;
    if (action.maxStreamDurationMs !== undefined) {
      this.#durationDeadlineMs = deadline(this.#startedMs, action.maxStreamDurationMs);
    }
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

/** Infinity: never, since there is no time-out or nothing to time. */
export function deadline(fromMs: number | undefined, timeoutMs: number): number {
  return fromMs === undefined || timeoutMs === 0 ? Infinity : fromMs + timeoutMs;
}
