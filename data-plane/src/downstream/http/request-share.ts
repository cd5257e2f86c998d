import type { RequestDecoder, ResponseEncoder } from '../../codec/codec.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import { DeferredRequest } from './deferred-request.ts';
import type { HttpStream } from './http-stream.ts';
import type { DeferringConnection, RequestTurn } from './request-turn.ts';

/** Of one read, so many requests start whatever the turn has taken. */
const freePerRead = 8;
/** Who has taken so many more requests back than it has had answers for is likely to take back the next one. */
const patientCount = 10;

const noRequests: DeferredRequest[] = [];

/** Which requests of one connection start as they come, and which wait; see `RequestTurn`. They start in their order. */
export class RequestShare implements DeferringConnection {
  readonly #turn: RequestTurn;
  readonly #wheel: TimerWheel;
  readonly #maxPerCycle: number;
  #requestsOfRead = 0;
  /** Requests that ended without an answer, less those that had one. */
  #resetBalance = 0;
  #waiting = noRequests;

  /** `maxPerCycle`: of those that come at a time, and then in each turn; 0 is taken for 1. */
  constructor(turn: RequestTurn, wheel: TimerWheel, maxPerCycle = Infinity) {
    this.#turn = turn;
    this.#wheel = wheel;
    this.#maxPerCycle = Math.max(1, maxPerCycle);
  }

  get isOncePerTurn(): boolean {
    return this.#maxPerCycle !== Infinity;
  }

  /** Bytes came. */
  onRead(): void {
    this.#requestsOfRead = 0;
  }

  /** Returns what the codec is to deliver the request to. */
  onRequest(stream: HttpStream, encoder: ResponseEncoder): RequestDecoder {
    if (!this.#shouldWait()) return stream;
    const request = new DeferredRequest(stream, encoder);
    if (this.#waiting.length === 0) {
      this.#waiting = [];
      this.#turn.wait(this);
    }
    this.#waiting.push(request);
    return request;
  }

  onRequestEnded(hasAnswer: boolean): void {
    if (!hasAnswer) this.#resetBalance++;
    else if (this.#resetBalance > 0) this.#resetBalance--;
  }

  startDeferred(count: number): boolean {
    const waiting = this.#waiting;
    const maxCount = Math.min(count, this.#maxPerCycle);
    let at = 0;
    this.#wheel.beginTurn();
    try {
      for (let startedCount = 0; startedCount < maxCount && at < waiting.length; at++) {
        const request = waiting[at];
        if (request === undefined || request.isReset) continue;
        startedCount++;
        request.start();
      }
    } finally {
      this.#wheel.endTurn();
    }
    this.#waiting = at < waiting.length ? waiting.slice(at) : noRequests;
    return this.#waiting.length > 0;
  }

  #shouldWait(): boolean {
    if (this.#waiting.length > 0 || this.#resetBalance > patientCount) return true;
    if (++this.#requestsOfRead > this.#maxPerCycle) return true;
    return this.#requestsOfRead > freePerRead && this.#turn.isOver();
  }
}
