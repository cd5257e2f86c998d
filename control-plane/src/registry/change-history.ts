import type { Change, WatchEvent, WatchOptions } from './registry.ts';

interface Watcher {
  /** Revision up to which it has been told everything; undefined: it has to read everything first. */
  cursor: number | undefined;
  readonly prefix: string;
  isDone: boolean;
  wake: (() => void) | undefined;
}

interface Entry {
  readonly revision: number;
  readonly changes: readonly Change[];
}

/**
 * The latest changes, and those who watch them. A watcher is a cursor into the one list, so however slow it
 * is it holds no events of its own; when the list has moved past its cursor it gets a `reset`.
 */
export class ChangeHistory {
  readonly #capacity: number;
  /** Contiguous revisions, ascending. */
  #entries: Entry[] = [];
  /** Everything after this revision is in `#entries`; undefined until the store was read. */
  #floor: number | undefined;
  #revision = 0;
  #isClosed = false;
  readonly #watchers = new Set<Watcher>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** `revision` must be the one after the last. */
  append(revision: number, changes: readonly Change[]): void {
    this.#entries.push({ revision, changes });
    this.#revision = revision;
    // Trimming by halves keeps the cost of a change constant.
    if (this.#entries.length > 2 * this.#capacity) {
      const dropped = this.#entries.splice(0, this.#entries.length - this.#capacity);
      this.#floor = dropped.at(-1)?.revision ?? this.#floor;
    }
    this.#wakeAll();
  }

  /** The store was read completely; nothing before `revision` is known as a change. */
  reset(revision: number): void {
    this.#entries = [];
    this.#floor = revision;
    this.#revision = revision;
    // Their cursor may be in the range of the new revisions by accident, when the store was replaced.
    for (const watcher of this.#watchers) watcher.cursor = undefined;
    this.#wakeAll();
  }

  watch({ fromRevision, prefix = '' }: WatchOptions = {}): AsyncIterableIterator<WatchEvent> {
    const watcher: Watcher = { cursor: fromRevision, prefix, isDone: this.#isClosed, wake: undefined };
    this.#watchers.add(watcher);
    const finish = (): void => {
      watcher.isDone = true;
      this.#watchers.delete(watcher);
      watcher.wake?.();
    };
    return {
      next: async () => {
        for (;;) {
          if (watcher.isDone) return { done: true, value: undefined };
          const event = this.#nextEvent(watcher);
          if (event !== undefined) return { done: false, value: event };
          await new Promise<void>((resolve) => {
            watcher.wake = resolve;
          });
          watcher.wake = undefined;
        }
      },
      return: () => {
        finish();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers) {
      watcher.isDone = true;
      watcher.wake?.();
    }
    this.#watchers.clear();
  }

  #nextEvent(watcher: Watcher): WatchEvent | undefined {
    if (this.#floor === undefined) return undefined;
    if (watcher.cursor === undefined || watcher.cursor < this.#floor || watcher.cursor > this.#revision) {
      watcher.cursor = this.#revision;
      return { kind: 'reset', revision: this.#revision };
    }
    for (let index = watcher.cursor - this.#floor; index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      watcher.cursor = entry.revision;
      const changes = entry.changes.filter((change) => change.key.startsWith(watcher.prefix));
      if (changes.length > 0) return { kind: 'changed', revision: entry.revision, changes };
    }
    return undefined;
  }

  #wakeAll(): void {
    for (const watcher of this.#watchers) watcher.wake?.();
  }
}
