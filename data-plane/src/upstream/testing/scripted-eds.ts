import type { Endpoints } from '../../config/model/endpoints.ts';
import type { ResourceWatcher, Subscription, SubscriptionSource } from '../../config/subscription.ts';

/** An EDS that answers when the test says so. */
export class ScriptedEds implements SubscriptionSource<Endpoints> {
  /** Names as they were subscribed, in order, repeated ones included. */
  readonly subscribed: string[] = [];
  readonly #watchers = new Map<string, Set<ResourceWatcher<Endpoints>>>();

  subscribe(names: readonly string[] | undefined, watcher: ResourceWatcher<Endpoints>): Subscription {
    const wanted = names ?? [];
    for (const name of wanted) {
      this.subscribed.push(name);
      const watchers = this.#watchers.get(name) ?? new Set();
      watchers.add(watcher);
      this.#watchers.set(name, watchers);
    }
    return {
      close: () => {
        for (const name of wanted) this.#watchers.get(name)?.delete(watcher);
      },
    };
  }

  watcherCount(name: string): number {
    return this.#watchers.get(name)?.size ?? 0;
  }

  send(name: string, value: Endpoints): void {
    const resource = { name, version: '1', bytes: Buffer.alloc(0), value };
    for (const watcher of this.#watchersOf(name)) {
      watcher.onUpdate({ upserts: [resource], removed: [], systemVersion: '1' });
    }
  }

  remove(name: string): void {
    for (const watcher of this.#watchersOf(name)) {
      watcher.onUpdate({ upserts: [], removed: [name], systemVersion: '2' });
    }
  }

  timeOut(name: string): void {
    for (const watcher of this.#watchersOf(name)) watcher.onInitialFetchTimeout();
  }

  #watchersOf(name: string): ResourceWatcher<Endpoints>[] {
    return [...(this.#watchers.get(name) ?? [])];
  }
}
