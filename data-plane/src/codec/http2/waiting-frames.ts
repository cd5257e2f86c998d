/**
 * Frames that were written and that the socket has not taken yet, by where each ends in what the connection has
 * written. Emptied again and again, it allocates nothing.
 */
export class WaitingFrames {
  /** `[#first, #end)` wait. */
  readonly #ends: number[] = [];
  #first = 0;
  #end = 0;

  get count(): number {
    return this.#end - this.#first;
  }

  add(endBytes: number): void {
    this.#ends[this.#end++] = endBytes;
  }

  /** The socket has taken so much of everything that was ever written. */
  onSent(sentBytes: number): void {
    while (this.#first < this.#end && (this.#ends[this.#first] ?? 0) <= sentBytes) this.#first++;
    // Moved rarely, so that each frame costs a constant; what waits is the smaller part.
    if (this.#first <= this.#end / 2) return;
    this.#ends.copyWithin(0, this.#first, this.#end);
    this.#end -= this.#first;
    this.#first = 0;
  }
}
