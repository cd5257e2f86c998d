const capacity = 2048;

/**
 * The streams that we reset lately: frames that were on their way are dropped without a word (RFC 9113, 5.4.2).
 * Bounded; of one that was forgotten a frame is answered with STREAM_CLOSED.
 */
export class ResetMemory {
  readonly #ids = new Set<number>();

  add(streamId: number): void {
    this.#ids.add(streamId);
    if (this.#ids.size <= capacity) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }

  has(streamId: number): boolean {
    return this.#ids.has(streamId);
  }
}
