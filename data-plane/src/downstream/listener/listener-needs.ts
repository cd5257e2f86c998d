import { managerOf, type FilterChain, type Listener } from '../../config/model/listener.ts';
import type { SourceConfig } from '../../config/model/resource-source.ts';
import { clustersOfRouteTable, routeTableKey } from '../../config/model/route.ts';
import { clustersOfTcpProxy } from '../../config/model/tcp-proxy.ts';
import type { ScopedRoutes } from '../../config/model/scoped-routes.ts';
import { clustersOfUdpRoute } from '../../config/model/udp-route.ts';
import type { DownstreamTls } from '../../config/model/tls.ts';
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

/** A route table that comes by RDS. */
export interface RouteNeed extends SourceConfig {
  readonly name: string;
  /** Of the connection manager that names it. */
  readonly statPrefix: string;
}

/** A choice of route tables. */
export interface ScopedRouteNeed {
  readonly scoped: ScopedRoutes;
  readonly statPrefix: string;
}

/** The secrets of a listener's TLS contexts; counted below the listener's scope once its address is known. */
export interface SecretsUse {
  countIn(scopeName: string): void;
  release(): void;
}

/** What a listener waits for before it serves. */
export interface ListenerNeeds {
  /** Each table once. */
  readonly routes: readonly (RouteNeed | ScopedRouteNeed)[];
  /** Clusters that inline routes and TCP proxies name. */
  readonly clusterNames: ReadonlySet<string>;
  /** Of all chains. */
  readonly tls: readonly DownstreamTls[];
}

/** Envoy's default of `initial_fetch_timeout`. */
const defaultFetchTimeoutMs = 15_000;

export function dependenciesOf(listener: Listener): ListenerNeeds {
  const routeNeeds = new Map<string, RouteNeed | ScopedRouteNeed>();
  const clusterNames = new Set<string>();
  for (const name of clustersOfUdpRoute(listener.udp?.proxy.route)) clusterNames.add(name);
  for (const chain of chainsOf(listener)) {
    if (chain.networkFilter.kind === 'tcp-proxy') {
      for (const name of clustersOfTcpProxy(chain.networkFilter.config)) clusterNames.add(name);
    }
    const manager = managerOf(chain);
    if (manager === undefined) continue;
    const { routes, statPrefix } = manager;
    if (routes.kind === 'rds') {
      const { routeConfigName: name, source = { kind: 'ads' } } = routes;
      const { initialFetchTimeoutMs = defaultFetchTimeoutMs } = routes;
      const key = routeTableKey(name, source);
      routeNeeds.set(key, { name, source, initialFetchTimeoutMs, statPrefix });
    } else if (routes.kind === 'scoped') {
      routeNeeds.set(routes.scoped.key, { scoped: routes.scoped, statPrefix });
    } else for (const name of clustersOfRouteTable(routes.table)) clusterNames.add(name);
  }
  const tls = chainsOf(listener).flatMap((chain) => chain.tls ?? []);
  return { routes: [...routeNeeds.values()], clusterNames, tls };
}

/** Then connections on unchanged chains stay. */
export function differsInFilterChainsOnly(one: Listener, other: Listener): boolean {
  const { filterChains: _a, defaultFilterChain: _b, ...restOfOne } = one;
  const { filterChains: _c, defaultFilterChain: _d, ...restOfOther } = other;
  return other.filterChains.length > 0 && JSON.stringify(restOfOne) === JSON.stringify(restOfOther);
}
