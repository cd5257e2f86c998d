import { setImmediate as onNextTurn } from 'node:timers';

/** A socket that has read its share. */
export interface TurnReader {
  /** The next turn of the event loop has come. */
  resumeReading(): void;
}

/** Below it nobody waits. */
const freeMs = 1;

/**
 * Shares the turns of a worker's event loop among its sockets. The system's loop reads a socket up to 32 times in a row
 * as long as bytes are there, which with hundreds of them is seconds in which nobody else is heard. Once reads of much
 * have taken a millisecond of a turn, every further socket gets one in it.
 */
export class ReadTurn {
  #spentMs = 0;
  #isScheduled = false;
  #waiting: TurnReader[] = [];
  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    this.#spentMs = 0;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const reader of waiting) reader.resumeReading();
  };

  /** Counts a read that brought much, with what came of it; true: that socket has had enough for this turn. */
  isOver(elapsedMs: number): boolean {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      onNextTurn(this.#onTurn);
    }
    this.#spentMs += elapsedMs;
    return this.#spentMs > freeMs;
  }

  /** Of a reader that has stopped. */
  wait(reader: TurnReader): void {
    this.#waiting.push(reader);
  }
}
