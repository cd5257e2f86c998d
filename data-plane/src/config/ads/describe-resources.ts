import type { ResourceStatus } from './ads-status.ts';
import type { ResourceStore } from './resource-store.ts';
import type { WatchSet } from './watch-set.ts';

/** All that is held, known to be absent, or asked for and not answered. Sorted by name. */
export function describeResources(
  watches: WatchSet<unknown>,
  store: ResourceStore<unknown>,
): readonly ResourceStatus[] {
  const resources = new Map<string, ResourceStatus>();
  for (const watch of watches.all) {
    for (const name of watch.names ?? []) {
      const state = watch.hasTimedOut ? 'timeout' : 'requested';
      resources.set(name, { name, state, version: '', updatedAt: 0 });
    }
  }
  for (const resource of store.status()) resources.set(resource.name, resource);
  return [...resources.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
