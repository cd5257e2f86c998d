/**
 * Which types have something to say to the server, in the order in which they were first subscribed (CDS, EDS, LDS,
 * RDS in a proxy). A paused type keeps its place and is passed over; pauses nest.
 */
export class RequestQueue {
  readonly #order = new Set<string>();
  readonly #waiting = new Set<string>();
  readonly #pauseCounts = new Map<string, number>();

  add(typeUrl: string): void {
    this.#order.add(typeUrl);
    this.#waiting.add(typeUrl);
  }

  remove(typeUrl: string): void {
    this.#waiting.delete(typeUrl);
  }

  clear(): void {
    this.#waiting.clear();
  }

  pause(typeUrl: string): void {
    this.#pauseCounts.set(typeUrl, (this.#pauseCounts.get(typeUrl) ?? 0) + 1);
  }

  resume(typeUrl: string): void {
    const count = (this.#pauseCounts.get(typeUrl) ?? 0) - 1;
    if (count > 0) this.#pauseCounts.set(typeUrl, count);
    else this.#pauseCounts.delete(typeUrl);
  }

  /** The first type that waits and is not paused. It stays until it is removed. */
  peek(): string | undefined {
    for (const typeUrl of this.#order) {
      if (this.#waiting.has(typeUrl) && !this.#pauseCounts.has(typeUrl)) return typeUrl;
    }
    return undefined;
  }
}
