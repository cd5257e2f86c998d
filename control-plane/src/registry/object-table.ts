import { collectionOf } from '@heddle/shared/model/object-key';
import type { Change, StoredObject } from './registry.ts';

interface Collection {
  readonly objects: Map<string, StoredObject>;
  /** Objects in order of keys; undefined after a change, until somebody lists again. */
  sorted: readonly StoredObject[] | undefined;
  /** Last revision that put or deleted something here. */
  changedAt: number;
}

/** What a registry knows, in memory: the object of each key, by collection, at one revision. */
export class ObjectTable {
  #collections = new Map<string, Collection>();
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  get(key: string): StoredObject | undefined {
    return this.#collections.get(collectionOf(key))?.objects.get(key);
  }

  /** In order of keys. Costs nothing but the copy when the collections did not change since the last call. */
  list(prefix: string): readonly StoredObject[] {
    const names = [...this.#collections.keys()].filter(
      (name) => name.startsWith(prefix) || prefix.startsWith(name),
    );
    return names.sort().flatMap((name) => {
      const sorted = this.#sortedObjects(name);
      return name.startsWith(prefix) ? sorted : sorted.filter((object) => object.key.startsWith(prefix));
    });
  }

  /** 0 when nothing in it ever changed. */
  collectionChangedAt(name: string): number {
    return this.#collections.get(name)?.changedAt ?? 0;
  }

  apply(revision: number, changes: readonly Change[]): void {
    for (const change of changes) {
      const collection = this.#collectionFor(change.key);
      if (change.kind === 'put') collection.objects.set(change.key, change.object);
      else collection.objects.delete(change.key);
      collection.sorted = undefined;
      collection.changedAt = revision;
    }
    this.#revision = revision;
  }

  /** Takes a complete reading of the store in place of everything. */
  replace(revision: number, objects: Iterable<StoredObject>): void {
    this.#collections = new Map();
    this.#revision = revision;
    for (const object of objects) {
      const collection = this.#collectionFor(object.key);
      collection.objects.set(object.key, object);
      // Deletions before the reading are unknown, so nothing may count as unchanged since before it.
      collection.changedAt = revision;
    }
  }

  #collectionFor(key: string): Collection {
    const name = collectionOf(key);
    let collection = this.#collections.get(name);
    if (collection === undefined) {
      collection = { objects: new Map(), sorted: undefined, changedAt: 0 };
      this.#collections.set(name, collection);
    }
    return collection;
  }

  #sortedObjects(name: string): readonly StoredObject[] {
    const collection = this.#collections.get(name);
    if (collection === undefined) return [];
    collection.sorted ??= [...collection.objects.values()].sort((left, right) =>
      left.key < right.key ? -1 : 1,
    );
    return collection.sorted;
  }
}
