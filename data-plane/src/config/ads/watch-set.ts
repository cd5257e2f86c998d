import type { Timer } from '@heddle/shared/time/clock';
import type { ResourceWatcher, SubscriptionStats } from '../subscription.ts';

/** One subscription of one type. */
export interface Watch<T> {
  /** undefined = everything. */
  readonly names: ReadonlySet<string> | undefined;
  readonly watcher: ResourceWatcher<T>;
  readonly stats: SubscriptionStats;
  /** Runs until the first answer. */
  firstFetchTimer: Timer | undefined;
  /** An answer came: an update, a refusal. */
  isAnswered: boolean;
  hasTimedOut: boolean;
}

/** The watches of one type, by name. Says which names are the first or the last of their kind. */
export class WatchSet<T> {
  readonly #all = new Set<Watch<T>>();
  readonly #wildcard = new Set<Watch<T>>();
  readonly #byName = new Map<string, Set<Watch<T>>>();

  /** Names that nobody watched before; undefined for a first wildcard watch. */
  add(watch: Watch<T>): readonly string[] | undefined {
    this.#all.add(watch);
    if (watch.names === undefined) {
      const isFirst = this.#wildcard.size === 0;
      this.#wildcard.add(watch);
      return isFirst ? undefined : [];
    }
    const added: string[] = [];
    for (const name of watch.names) {
      const watches = this.#byName.get(name);
      if (watches === undefined) {
        this.#byName.set(name, new Set([watch]));
        added.push(name);
      } else watches.add(watch);
    }
    return added;
  }

  /** Names that nobody watches any more; undefined for the last wildcard watch. */
  remove(watch: Watch<T>): readonly string[] | undefined {
    if (!this.#all.delete(watch)) return [];
    if (watch.names === undefined) {
      this.#wildcard.delete(watch);
      return this.#wildcard.size === 0 ? undefined : [];
    }
    const removed: string[] = [];
    for (const name of watch.names) {
      const watches = this.#byName.get(name);
      watches?.delete(watch);
      if (watches?.size !== 0) continue;
      this.#byName.delete(name);
      removed.push(name);
    }
    return removed;
  }

  has(watch: Watch<T>): boolean {
    return this.#all.has(watch);
  }

  get all(): ReadonlySet<Watch<T>> {
    return this.#all;
  }

  get wildcards(): ReadonlySet<Watch<T>> {
    return this.#wildcard;
  }

  get names(): IterableIterator<string> {
    return this.#byName.keys();
  }

  byName(name: string): ReadonlySet<Watch<T>> {
    return this.#byName.get(name) ?? noWatches;
  }

  isWatchedByName(name: string): boolean {
    return this.#byName.has(name);
  }

  /** By name, or because everything is. */
  isWanted(name: string): boolean {
    return this.#wildcard.size > 0 || this.#byName.has(name);
  }
}

const noWatches: ReadonlySet<never> = new Set();
