/** What stands in one list at a time and knows where; the list sets it. */
export interface Placed {
  place: number;
}

/** Things that come and go in any order, without a search and without an allocation. Its order means nothing. */
export class DenseList<T extends Placed> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** It is not in the list yet. */
  add(item: T): void {
    item.place = this.#items.length;
    this.#items.push(item);
  }

  /** It is in the list; the last one takes its place. */
  remove(item: T): void {
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    last.place = item.place;
    this.#items[item.place] = last;
  }

  /** Of one thing that is there alone, as of a stream of HTTP/1.1: that one. */
  get last(): T | undefined {
    return this.#items[this.#items.length - 1];
  }

  toArray(): T[] {
    return [...this.#items];
  }
}
