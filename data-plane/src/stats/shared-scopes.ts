import type { StatsScope } from './stats.ts';

/**
 * Scopes that several owners use at the same time, such as the listeners that share a `stat_prefix`: whoever is the
 * last to let go releases the scope, so that names that came and went take no memory.
 */
export class SharedScopes {
  readonly #root: StatsScope;
  readonly #useCounts = new Map<string, number>();

  constructor(root: StatsScope) {
    this.#root = root;
  }

  acquire(prefix: string): StatsScope {
    this.#useCounts.set(prefix, (this.#useCounts.get(prefix) ?? 0) + 1);
    return this.#root.scope(prefix);
  }

  /** Once for each `acquire`. */
  release(prefix: string): void {
    const useCount = this.#useCounts.get(prefix) ?? 0;
    if (useCount > 1) {
      this.#useCounts.set(prefix, useCount - 1);
      return;
    }
    this.#useCounts.delete(prefix);
    this.#root.scope(prefix).release();
  }
}
