/** The streams of one client come to the same state within that time, when nothing is wrong. */
const lateByMs = 1_000;

/**
 * What a stream of a single type takes away. It cannot see what the other streams of its client came to, so whatever may
 * still be named there goes late.
 */
export class LateRemovals {
  /** Name → when it was seen to go. */
  readonly #seenAtMs = new Map<string, number>();

  /** Of all names that are to go, those whose time has come; they are forgotten, the others stay in mind. */
  ripe(names: readonly string[], nowMs: number): readonly string[] {
    const going = new Set(names);
    for (const name of this.#seenAtMs.keys()) if (!going.has(name)) this.#seenAtMs.delete(name);
    for (const name of names) if (!this.#seenAtMs.has(name)) this.#seenAtMs.set(name, nowMs);
    const ripe = names.filter((name) => nowMs - (this.#seenAtMs.get(name) ?? nowMs) >= lateByMs);
    for (const name of ripe) this.#seenAtMs.delete(name);
    return ripe;
  }

  /** When the next ones are ripe; undefined when there are none. */
  nextMs(): number | undefined {
    let first: number | undefined;
    for (const atMs of this.#seenAtMs.values()) first = Math.min(first ?? atMs, atMs);
    return first === undefined ? undefined : first + lateByMs;
  }
}
