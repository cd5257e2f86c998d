import type { Endpoints } from '../../config/model/endpoints.ts';
import { sourceKey, type SourceConfig } from '../../config/model/resource-source.ts';
import type {
  RejectedResource,
  ResourceUpdate,
  ResourceWatcher,
  SourceOf,
  Subscription,
} from '../../config/subscription.ts';

/** Hears of one assignment. */
export interface AssignmentWatcher {
  onAssignment(endpoints: Endpoints): void;
  /** An answer without the assignment, a refused one, or none in time. */
  onNoAssignment(reason: 'empty' | 'rejected' | 'timeout'): void;
}

/**
 * The EDS subscriptions of the process: one for each name and source, however many cluster objects want it. Who comes later
 * gets what is known at once, since the server has no reason to send it again: a changed cluster, and two clusters
 * that share a name, warm without waiting. When the last one leaves, the name is unsubscribed and forgotten.
 */
export class EdsAssignments {
  readonly #sourceOf: SourceOf<Endpoints>;
  readonly #byKey = new Map<string, SharedAssignment>();

  constructor(sourceOf: SourceOf<Endpoints>) {
    this.#sourceOf = sourceOf;
  }

  watch(
    name: string,
    { source, initialFetchTimeoutMs }: SourceConfig,
    watcher: AssignmentWatcher,
  ): Subscription {
    const key = `${name} ${sourceKey(source)}`;
    let shared = this.#byKey.get(key);
    if (shared === undefined) {
      shared = new SharedAssignment(name);
      this.#byKey.set(key, shared);
      shared.watchers.add(watcher);
      shared.subscription = this.#sourceOf(source, `cluster.${name}.`).subscribe(
        [name],
        shared,
        initialFetchTimeoutMs,
      );
    } else {
      shared.watchers.add(watcher);
      shared.tellKnown(watcher);
    }
    const joined = shared;
    return {
      close: () => {
        joined.watchers.delete(watcher);
        if (joined.watchers.size > 0 || this.#byKey.get(key) !== joined) return;
        this.#byKey.delete(key);
        joined.subscription?.close();
      },
    };
  }
}

class SharedAssignment implements ResourceWatcher<Endpoints> {
  readonly watchers = new Set<AssignmentWatcher>();
  subscription: Subscription | undefined;
  readonly #name: string;
  #endpoints: Endpoints | undefined;
  #failure: 'empty' | 'rejected' | 'timeout' | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  tellKnown(watcher: AssignmentWatcher): void {
    if (this.#endpoints !== undefined) watcher.onAssignment(this.#endpoints);
    else if (this.#failure !== undefined) watcher.onNoAssignment(this.#failure);
  }

  onUpdate(update: ResourceUpdate<Endpoints>): readonly RejectedResource[] {
    const received = update.upserts.findLast((resource) => resource.name === this.#name);
    if (received === undefined) {
      // A removal is no reason to drop hosts: they go with their cluster.
      this.#fail('empty');
      return [];
    }
    this.#endpoints = received.value;
    for (const watcher of [...this.watchers]) watcher.onAssignment(received.value);
    return [];
  }

  onRejected(problems: readonly RejectedResource[]): void {
    if (
      problems.length === 0 ||
      problems.some((problem) => problem.name === this.#name || problem.name === '')
    ) {
      this.#fail('rejected');
    }
  }

  onInitialFetchTimeout(): void {
    this.#fail('timeout');
  }

  #fail(reason: 'empty' | 'rejected' | 'timeout'): void {
    if (this.#endpoints === undefined) this.#failure = reason;
    for (const watcher of [...this.watchers]) watcher.onNoAssignment(reason);
  }
}
