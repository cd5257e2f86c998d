import type { FilterChain, Listener } from '../../config/model/listener.ts';
import { clustersOfRouteTable } from '../../config/model/route.ts';
import type { ReceivedResource } from '../../config/subscription.ts';

/** Byte for byte. */
export function isEqual(
  one: ReceivedResource<Listener> | undefined,
  other: ReceivedResource<Listener>,
): boolean {
  return one !== undefined && Buffer.compare(one.bytes, other.bytes) === 0;
}

/** With the default one. */
export function chainsOf(listener: Listener): FilterChain[] {
  return [
    ...listener.filterChains,
    ...(listener.defaultFilterChain === undefined ? [] : [listener.defaultFilterChain]),
  ];
}

/** What a listener waits for before it serves. */
export interface ListenerNeeds {
  /** Name of a route table → its first-fetch time-out. */
  readonly routeNames: ReadonlyMap<string, number>;
  /** Clusters that inline routes name. */
  readonly clusterNames: ReadonlySet<string>;
}

/** Envoy's default of `initial_fetch_timeout`. */
const defaultFetchTimeoutMs = 15_000;

export function dependenciesOf(listener: Listener): ListenerNeeds {
  const routeNames = new Map<string, number>();
  const clusterNames = new Set<string>();
  for (const { networkFilter } of chainsOf(listener)) {
    const { routes } = networkFilter.config;
    if (routes.kind === 'rds')
      routeNames.set(routes.routeConfigName, routes.initialFetchTimeoutMs ?? defaultFetchTimeoutMs);
    else for (const name of clustersOfRouteTable(routes.table)) clusterNames.add(name);
  }
  return { routeNames, clusterNames };
}

/** Then connections on unchanged chains stay. */
export function differsInFilterChainsOnly(one: Listener, other: Listener): boolean {
  const { filterChains: _a, defaultFilterChain: _b, ...restOfOne } = one;
  const { filterChains: _c, defaultFilterChain: _d, ...restOfOther } = other;
  return other.filterChains.length > 0 && JSON.stringify(restOfOne) === JSON.stringify(restOfOther);
}
