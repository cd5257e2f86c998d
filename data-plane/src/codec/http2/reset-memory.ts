const capacity = 2048;

/**
 * The streams that we reset lately: frames that were on their way are dropped without a word (RFC 9113, 5.4.2).
 * Bounded.
 */
export class ResetMemory {
  readonly #ids = new Set<number>();
  #lastForgotten = 0;

  add(streamId: number): void {
    this.#ids.add(streamId);
    if (this.#ids.size <= capacity) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      this.#lastForgotten = Math.max(this.#lastForgotten, oldest);
      return;
    }
  }

  has(streamId: number): boolean {
    return this.#ids.has(streamId);
  }

  /** The peer has reset it too. */
  forget(streamId: number): void {
    this.#ids.delete(streamId);
  }

  /** Whether it may be one of those that were forgotten: nothing can be said against a peer that answers it late. */
  mayHaveForgotten(streamId: number): boolean {
    return streamId <= this.#lastForgotten;
  }
}
