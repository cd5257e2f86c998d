import { setImmediate as onNextTurn } from 'node:timers';

/** A socket that has read its share. */
export interface TurnReader {
  /** The next turn of the event loop has come. */
  resumeReading(): void;
}

/** Below it nobody waits: about half a millisecond of work. */
const freeBytes = 2 * 1024 * 1024;

/**
 * Shares the turns of a worker's event loop among its sockets. The system's loop reads a socket up to 32 times in a row
 * as long as bytes are there, which with hundreds of them is seconds in which nobody else is heard. Once much was read
 * in a turn, every further socket gets one read in it.
 */
export class ReadTurn {
  #bytes = 0;
  #isScheduled = false;
  #waiting: TurnReader[] = [];
  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    this.#bytes = 0;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const reader of waiting) reader.resumeReading();
  };

  /** Counts a read that brought much; true: that socket has had enough for this turn. */
  isOver(byteCount: number): boolean {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      onNextTurn(this.#onTurn);
    }
    this.#bytes += byteCount;
    return this.#bytes > freeBytes;
  }

  /** Of a reader that has stopped. */
  wait(reader: TurnReader): void {
    this.#waiting.push(reader);
  }
}
