import { setImmediate as onNextTurn } from 'node:timers';

/** A socket that has read its share. */
export interface TurnReader {
  /** Its turn has come. */
  resumeReading(): void;
}

/** Reads of much that take longer in one turn of the event loop make the next of them wait. */
const freeMs = 1;
/** A turn that took longer lets half as many readers into the next. */
const longTurnMs = 4;
const maxReadersPerTurn = 64;

/**
 * Shares the event loop of a worker among its sockets. The system's loop reads a socket up to 32 times in a row as long
 * as bytes are there, which with hundreds of them is seconds in which nobody else is heard. Once reads of much have
 * taken a millisecond of a turn, each further socket gets one in it; then it waits, first come first served, and in
 * each turn as many of those that wait go on as fit into a few milliseconds.
 */
export class ReadTurn {
  #spentMs = 0;
  #isScheduled = false;
  #waiting: TurnReader[] = [];
  #readersPerTurn = maxReadersPerTurn;
  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    if (this.#spentMs > longTurnMs) this.#readersPerTurn = Math.max(1, this.#readersPerTurn >> 1);
    else this.#readersPerTurn = Math.min(maxReadersPerTurn, this.#readersPerTurn * 2);
    this.#spentMs = 0;
    if (this.#waiting.length === 0) return;
    const ready = this.#waiting.splice(0, this.#readersPerTurn);
    if (this.#waiting.length > 0) this.#schedule();
    for (const reader of ready) reader.resumeReading();
  };

  /** Counts a read of much, with what came of it; true: that socket has had enough for this turn. */
  isOver(elapsedMs: number): boolean {
    this.#schedule();
    this.#spentMs += elapsedMs;
    return this.#spentMs > freeMs;
  }

  /** Of a reader that has stopped. */
  wait(reader: TurnReader): void {
    this.#waiting.push(reader);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    onNextTurn(this.#onTurn);
  }
}
