/**
 * The open streams of a connection, by their numbers. Not a `Map`: one that gains and loses an entry with each request
 * replaces its table all the time, and a replaced table that has grown old keeps all of its successors, with every stream
 * that was in them, until the next full collection.
 */
export class StreamTable<S extends { readonly id: number }> {
  /** Open addressing: a stream stands at its place or behind it, with no gap between. A power of two. */
  #slots: (S | undefined)[] = new Array<S | undefined>(16).fill(undefined);
  #size = 0;
  /** Streams that stand behind their place. Numbers come in order, so that there are hardly ever any. */
  #displacedCount = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): S | undefined {
    return this.#slots[this.#find(id)];
  }

  /** Its number is not there yet. */
  add(stream: S): void {
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    this.#put(stream);
  }

  /** Says whether it was there. */
  delete(id: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = this.#find(id);
    if (slots[gap] === undefined) return false;
    this.#size--;
    if (gap !== this.#homeOf(id)) this.#displacedCount--;
    if (this.#displacedCount === 0) {
      slots[gap] = undefined;
      return true;
    }
    // Whoever stands behind the gap and would be looked for before it moves into it.
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined) break;
      const home = this.#homeOf(stream.id);
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      slots[gap] = stream;
      if (gap === home) this.#displacedCount--;
      gap = at;
    }
    slots[gap] = undefined;
    return true;
  }

  /** All of them, oldest first. */
  toArray(): S[] {
    const streams = this.#slots.filter((stream) => stream !== undefined);
    return streams.sort((one, other) => one.id - other.id);
  }

  /** Numbers of one side follow each other in steps of two. */
  #homeOf(id: number): number {
    return (id >>> 1) & (this.#slots.length - 1);
  }

  /** Where it stands, or would. */
  #find(id: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = this.#homeOf(id);
    for (let stream = slots[at]; stream !== undefined && stream.id !== id; stream = slots[at]) {
      at = (at + 1) & mask;
    }
    return at;
  }

  #put(stream: S): void {
    const at = this.#find(stream.id);
    if (at !== this.#homeOf(stream.id)) this.#displacedCount++;
    this.#slots[at] = stream;
  }

  #grow(): void {
    const streams = this.toArray();
    this.#slots = new Array<S | undefined>(this.#slots.length * 2).fill(undefined);
    this.#displacedCount = 0;
    for (const stream of streams) this.#put(stream);
  }
}
