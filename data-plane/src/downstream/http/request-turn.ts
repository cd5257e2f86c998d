import { setImmediate as onPollEnd } from 'node:timers';
import type { Clock } from '@heddle/shared/time/clock';

/** A connection whose client asks for more at a time than its share. */
export interface DeferringConnection {
  /** Starts the oldest requests that wait, at most `count`. True: some are left. */
  startDeferred(count: number): boolean;
  /** It goes on in the next turn, however much time is left of this one. */
  readonly isOncePerTurn?: boolean;
}

/** So long the requests of one turn may take before further ones of busy connections wait. */
const turnMs = 4;
/** A connection starts so many before the next one has its turn. */
const startedAtATime = 8;

/**
 * Shares the event loop of a worker among connections with many requests at a time: a client that opens hundreds of
 * streams in one read would have the others wait for all of them. Once a turn has taken its time, what such connections
 * ask beyond their share waits, and goes on in the following turns, a few requests of each connection at a time, between
 * which whoever has something to say is heard.
 */
export class RequestTurn {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #startedMs = 0;
  #isScheduled = false;
  readonly #waiting: DeferringConnection[] = [];
  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    this.#startWaiting();
    if (this.#waiting.length > 0) this.#schedule();
  };

  /** `clock` tells how long a turn takes: it must not stand still within one. */
  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Whether requests have taken their time in this turn, which begins for it with the first question. */
  isOver(): boolean {
    if (!this.#isScheduled) {
      this.#schedule();
      return false;
    }
    return this.#clock.monotonicMs() - this.#startedMs > turnMs;
  }

  /** Of a connection with requests that wait, once until all of them were started. */
  wait(connection: DeferringConnection): void {
    this.#waiting.push(connection);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#startedMs = this.#clock.monotonicMs();
    onPollEnd(this.#onTurn);
  }

  #startWaiting(): void {
    const startedMs = this.#clock.monotonicMs();
    const ofNextTurn: DeferringConnection[] = [];
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (next.startDeferred(startedAtATime))
        (next.isOncePerTurn === true ? ofNextTurn : this.#waiting).push(next);
      if (this.#clock.monotonicMs() - startedMs > turnMs) break;
    }
    this.#waiting.push(...ofNextTurn);
  }
}
