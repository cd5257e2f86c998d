/** A connection that has something to write at the end of the tick. */
export interface Flushable {
  /** Writes; watermark callbacks may run, and write again. */
  flush(): void;
}

/**
 * Gathers the writes of one tick, over all connections of a worker: while a socket's bytes are handled, everything
 * that is written waits until the handler returned, and then goes out with one `write` for each connection.
 * What is written outside of a handler (a timer, a message) goes out in the next `process.nextTick`.
 */
export class WriteBatch {
  #waiting: Flushable[] = [];
  #depth = 0;
  #isScheduled = false;
  readonly #onTick = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  add(connection: Flushable): void {
    this.#waiting.push(connection);
    if (this.#depth === 0 && !this.#isScheduled) {
      this.#isScheduled = true;
      process.nextTick(this.#onTick);
    }
  }

  /** Pairs with `leave`, also when the handler threw. */
  enter(): void {
    this.#depth++;
  }

  leave(): void {
    if (--this.#depth === 0 && this.#waiting.length > 0) this.flush();
  }

  flush(): void {
    // A flush can run watermark callbacks that write again: those join the end of this very list.
    this.#depth++;
    const waiting = this.#waiting;
    try {
      for (let index = 0; index < waiting.length; index++) waiting[index]?.flush();
    } finally {
      waiting.length = 0;
      this.#depth--;
    }
  }
}
