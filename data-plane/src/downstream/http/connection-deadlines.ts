import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';
import { StreamDeadlines, deadline, type StreamExpiry, type StreamTimeouts } from './stream-deadlines.ts';

/** What the manager's configuration says of connections and of what begins on them. */
export type ConnectionTimeouts = StreamTimeouts &
  Pick<
    HttpConnectionManager,
    'idleTimeoutMs' | 'maxConnectionDurationMs' | 'drainTimeoutMs' | 'requestHeadersTimeoutMs'
  >;

type DrainCounter = 'cxIdleTimeout' | 'cxMaxDurationReached' | 'cxDrainClose';

/** What a moment that has passed calls for. `refuse` and `close` are the connection's end. */
export type ConnectionExpiry =
  | {
      /** The head of a request takes too long. */
      readonly kind: 'refuse';
      readonly counter: StreamExpiry['counter'] | 'rqHeaderTimeout';
      readonly flag: StreamExpiry['flag'];
      readonly body: string;
      readonly details: string;
    }
  | {
      /** From now on an answer ends the connection; without one it ends after `drain_timeout`. */
      readonly kind: 'drain';
      readonly counter: DrainCounter;
    }
  | { readonly kind: 'close' };

/**
 * Time-outs of one connection, as moments on the monotonic clock. A request exists for them from the first byte of its
 * head on, so what watches streams watches heads that are not complete as well.
 */
export class ConnectionDeadlines {
  readonly #config: ConnectionTimeouts;
  readonly #maxDurationDueMs: number;
  #idleSinceMs: number;
  #headStartedMs: number | undefined;
  #head: StreamDeadlines | undefined;
  /** A byte of a request came. */
  #hasBegun = false;
  #isDraining = false;
  #drainDueMs = Infinity;
  #drainStartDueMs = Infinity;
  /** Several requests at a time: the end of a drain is announced whether or not there are streams. */
  isMultiplexed = false;

  constructor(config: ConnectionTimeouts, startedMs: number) {
    this.#config = config;
    this.#idleSinceMs = startedMs;
    this.#maxDurationDueMs = deadline(startedMs, config.maxConnectionDurationMs);
  }

  /** An answer is to be the connection's last. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** From now on an answer is the connection's last, or with several at a time its client is told. */
  startDrain(nowMs: number): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#drainDueMs = nowMs + this.#config.drainTimeoutMs;
  }

  /** The drain is to start then, unless something else starts it before. */
  startDrainAt(dueMs: number): void {
    this.#drainStartDueMs = Math.min(this.#drainStartDueMs, dueMs);
  }

  /** When the first byte of the head came that is not complete. */
  get headStartedMs(): number | undefined {
    return this.#headStartedMs;
  }

  /** Bytes of a head are there, and not all of them. */
  onHeadPending(nowMs: number): void {
    if (this.#headStartedMs !== undefined) return;
    this.#hasBegun = true;
    this.#headStartedMs = nowMs;
    this.#head = new StreamDeadlines(this.#config, nowMs);
  }

  /** The request is a stream, or refused. */
  onHeadEnded(): void {
    this.#hasBegun = true;
    this.#headStartedMs = undefined;
    this.#head = undefined;
  }

  /** The last stream has ended. */
  onIdle(nowMs: number): void {
    this.#idleSinceMs = nowMs;
  }

  /** The earliest moment at which something could be due; Infinity for never. */
  next(hasStreams: boolean): number {
    let dueMs = this.#isDraining ? Infinity : Math.min(this.#maxDurationDueMs, this.#drainStartDueMs);
    if (this.isMultiplexed) dueMs = Math.min(dueMs, this.#drainDueMs);
    if (hasStreams) return dueMs;
    if (this.#head !== undefined) {
      return Math.min(dueMs, this.#head.next(), this.#headersDueMs());
    }
    dueMs = Math.min(dueMs, this.#drainDueMs);
    return this.#isDraining ? dueMs : Math.min(dueMs, this.#idleDueMs());
  }

  expired(nowMs: number, hasStreams: boolean): ConnectionExpiry | undefined {
    if (!this.#isDraining && nowMs >= this.#maxDurationDueMs) {
      return this.#drain(nowMs, 'cxMaxDurationReached');
    }
    if (!this.#isDraining && nowMs >= this.#drainStartDueMs) return this.#drain(nowMs, 'cxDrainClose');
    if (this.isMultiplexed && nowMs >= this.#drainDueMs) return this.#endDrain();
    if (hasStreams) return undefined;
    if (this.#head !== undefined) return this.#expiredHead(this.#head, nowMs);
    if (nowMs >= this.#drainDueMs) return this.#endDrain();
    if (!this.#isDraining && nowMs >= this.#idleDueMs()) return this.#drain(nowMs, 'cxIdleTimeout');
    return undefined;
  }

  #expiredHead(head: StreamDeadlines, nowMs: number): ConnectionExpiry | undefined {
    if (nowMs >= this.#headersDueMs()) {
      return {
        kind: 'refuse',
        counter: 'rqHeaderTimeout',
        flag: undefined,
        body: 'request header timeout',
        details: 'request_header_timeout',
      };
    }
    const expiry = head.expired(nowMs, false);
    if (expiry === undefined) return undefined;
    const { body, details } = expiry.reply;
    return { kind: 'refuse', counter: expiry.counter, flag: expiry.flag, body, details };
  }

  #drain(nowMs: number, counter: DrainCounter): ConnectionExpiry {
    this.startDrain(nowMs);
    // One that never said anything in all its time has nothing to say; but a drain may come as soon as a connection does.
    if (!this.#hasBegun && counter !== 'cxDrainClose') this.#drainDueMs = nowMs;
    return { kind: 'drain', counter };
  }

  /** Once: a connection with streams outlives it. */
  #endDrain(): ConnectionExpiry {
    this.#drainDueMs = Infinity;
    return { kind: 'close' };
  }

  #headersDueMs(): number {
    return deadline(this.#headStartedMs, this.#config.requestHeadersTimeoutMs);
  }

  #idleDueMs(): number {
    return deadline(this.#idleSinceMs, this.#config.idleTimeoutMs);
  }
}
