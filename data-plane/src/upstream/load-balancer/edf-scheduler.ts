/**
 * Earliest deadline first: picks entries in proportion to their weights, spread as evenly as possible. An entry of
 * weight w is due every 1/w; the one whose deadline comes first is picked and added again. Source: Envoy's
 * `edf_scheduler.h`. O(log n) per pick.
 */
export class EdfScheduler {
  /** Binary min-heap of entry numbers. */
  readonly #heap: Int32Array;
  readonly #deadlines: Float64Array;
  /** Equal deadlines: who was added first goes first. */
  readonly #order: Float64Array;
  readonly #weightOf: (entry: number) => number;
  #nextOrder = 0;
  #currentTime = 0;

  /**
   * Entries 0 … count−1. `weightOf` is asked again at each pick of an entry, and must be above 0. `skippedPicks`:
   * the schedule starts as if that many picks had been made, so that many proxies do not start in step.
   */
  constructor(count: number, weightOf: (entry: number) => number, skippedPicks = 0) {
    this.#heap = new Int32Array(count);
    this.#deadlines = new Float64Array(count);
    this.#order = new Float64Array(count);
    this.#weightOf = weightOf;
    const weights = Float64Array.from({ length: count }, (_, entry) => weightOf(entry));
    const weightSum = weights.reduce((sum, weight) => sum + weight, 0);
    const picks = count === 0 ? 0 : skippedPicks % maxSkippedPicks;
    let madePicks = 0;
    for (let entry = 0; entry < count; entry++) {
      const weight = weights[entry] ?? 1;
      const ownPicks = Math.floor((picks * weight) / weightSum + weightEpsilon);
      madePicks += ownPicks;
      this.#currentTime = Math.max(this.#currentTime, ownPicks / weight);
      this.#deadlines[entry] = (ownPicks + 1) / weight;
      this.#order[entry] = this.#nextOrder++;
      this.#heap[entry] = entry;
    }
    for (let at = (count >> 1) - 1; at >= 0; at--) this.#siftDown(at);
    for (; madePicks < picks; madePicks++) this.pick();
  }

  /** The entry whose turn it is. There must be at least one. */
  pick(): number {
    const entry = this.#heap[0] ?? 0;
    this.#currentTime = this.#deadlines[entry] ?? 0;
    this.#deadlines[entry] = this.#currentTime + 1 / this.#weightOf(entry);
    this.#order[entry] = this.#nextOrder++;
    this.#siftDown(0);
    return entry;
  }

  #siftDown(start: number): void {
    const heap = this.#heap;
    const moved = heap[start] ?? 0;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1] ?? 0, heap[child] ?? 0)) child++;
      const candidate = heap[child] ?? 0;
      if (!this.#isBefore(candidate, moved)) break;
      heap[at] = candidate;
      at = child;
    }
    heap[at] = moved;
  }

  #isBefore(one: number, other: number): boolean {
    const difference = (this.#deadlines[one] ?? 0) - (this.#deadlines[other] ?? 0);
    return difference < 0 || (difference === 0 && (this.#order[one] ?? 0) < (this.#order[other] ?? 0));
  }
}

/** Beyond this the floating point numbers of the emulated start lose too much. */
const maxSkippedPicks = 429_496_729;
const weightEpsilon = 1e-13;
