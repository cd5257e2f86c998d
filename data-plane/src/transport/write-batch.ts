import { setImmediate as onPollEnd } from 'node:timers';
import type { TimerWheel } from '../time/timer-wheel.ts';

/** A connection that has something to write at the end of the tick. */
export interface Flushable {
  /** Writes; watermark callbacks may run, and write again. */
  flush(): void;
}

/**
 * Gathers the writes of one turn, over all connections of a worker: while a socket's bytes are handled, everything
 * that is written waits until the handler returned, and then goes out with one `write` for each connection.
 * What is written outside of a handler (a timer, a message) goes out in the next `process.nextTick`. Connections that
 * are shared by requests wait a little longer, until all sockets of one poll were heard.
 */
export class WriteBatch {
  readonly #wheel: TimerWheel;
  /** The first `#waitingCount` places; it grows to what one turn needed at most. */
  readonly #waiting: (Flushable | undefined)[] = [];
  #waitingCount = 0;
  #depth = 0;
  #isScheduled = false;
  readonly #onTick = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  #shared: Flushable[] = [];
  readonly #flushShared = (): void => {
    const shared = this.#shared;
    this.#shared = [];
    this.enter();
    try {
      for (const connection of shared) connection.flush();
    } finally {
      this.leave();
    }
  };

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  add(connection: Flushable): void {
    this.#waiting[this.#waitingCount++] = connection;
    if (this.#depth === 0 && !this.#isScheduled) {
      this.#isScheduled = true;
      process.nextTick(this.#onTick);
    }
  }

  /** Pairs with `leave`, also when the handler threw. */
  enter(): void {
    if (this.#depth++ === 0) this.#wheel.beginTurn();
  }

  /**
   * For a connection that many others write to: it goes out when all sockets that had something to say were heard, so
   * that they share a write.
   */
  addShared(connection: Flushable): void {
    this.#shared.push(connection);
    if (this.#shared.length === 1) onPollEnd(this.#flushShared);
  }

  leave(): void {
    if (--this.#depth > 0) return;
    if (this.#waitingCount > 0) this.flush();
    this.#wheel.endTurn();
  }

  flush(): void {
    // A flush can run watermark callbacks that write again: those join the end of this very list.
    this.#depth++;
    const waiting = this.#waiting;
    try {
      for (let index = 0; index < this.#waitingCount; index++) {
        const connection = waiting[index];
        waiting[index] = undefined;
        connection?.flush();
      }
    } finally {
      this.#waitingCount = 0;
      this.#depth--;
    }
  }
}
