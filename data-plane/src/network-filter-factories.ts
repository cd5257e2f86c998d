import type { FilterChain, Listener } from './config/model/listener.ts';
import type { PrecedingNetworkFilter } from './config/model/network-filter.ts';
import { createHttpConnectionManager } from './downstream/http/http-connection-manager.ts';
import { ManagerConfig, type HttpManagerDependencies } from './downstream/http/manager-config.ts';
import { createConnectionLimitFilter } from './downstream/network/filters/connection-limit.ts';
import { createDirectResponseFilter } from './downstream/network/filters/direct-response.ts';
import { createEchoFilter } from './downstream/network/filters/echo.ts';
import { createLocalRateLimitFilter } from './downstream/network/filters/local-rate-limit.ts';
import { createRbacFilter } from './downstream/network/filters/rbac.ts';
import { createSniClusterFilter } from './downstream/network/filters/sni-cluster.ts';
import { createNetworkFilterChain } from './downstream/network/network-filter-chain.ts';
import type { NetworkFilter, NetworkFilterFactory } from './downstream/network/network-filter.ts';
import { createTcpProxy, TcpProxyConfig, type TcpProxyDependencies } from './router/tcp/tcp-proxy.ts';
import type { StatsScope } from './stats/stats.ts';

export interface NetworkFilterDependencies {
  readonly http: HttpManagerDependencies;
  readonly tcp: TcpProxyDependencies;
  readonly workerIndex: number;
}

/** The filters of a chain, compiled. @throws when the configuration does not compile */
export type CreateNetworkFilter = (
  chain: FilterChain,
  listener: Listener,
  listenerStats: StatsScope,
) => NetworkFilterFactory;

export function createNetworkFilterFactory(dependencies: NetworkFilterDependencies): CreateNetworkFilter {
  return (chain, listener, listenerStats) =>
    createNetworkFilterChain(
      chain.precedingFilters.map((filter) => createPreceding(filter, dependencies)),
      createTerminal(chain, listener, listenerStats, dependencies),
      listener.perConnectionBufferLimitBytes,
    );
}

function createTerminal(
  { networkFilter, name }: FilterChain,
  { perConnectionBufferLimitBytes: bufferLimitBytes }: Listener,
  statsScope: StatsScope,
  { http, tcp }: NetworkFilterDependencies,
): NetworkFilterFactory {
  switch (networkFilter.kind) {
    case 'http-connection-manager':
      return createHttpConnectionManager(
        new ManagerConfig(networkFilter.config, http, {
          statsScope,
          filterChainName: name,
          bufferLimitBytes,
        }),
      );
    case 'tcp-proxy':
      return createTcpProxy(
        new TcpProxyConfig(networkFilter.config, tcp, { filterChainName: name, bufferLimitBytes }),
      );
    case 'echo':
      return createEchoFilter(bufferLimitBytes);
    case 'direct-response':
      return createDirectResponseFilter(networkFilter.body);
  }
}

function createPreceding(
  filter: PrecedingNetworkFilter,
  { http, workerIndex }: NetworkFilterDependencies,
): () => NetworkFilter {
  switch (filter.kind) {
    case 'connection-limit':
      return createConnectionLimitFilter(filter.config, workerIndex, http.wheel, http.stats);
    case 'local-rate-limit':
      return createLocalRateLimitFilter(filter.config, http.wheel, http.stats);
    case 'rbac':
      return createRbacFilter(filter.config, http.wheel, http.stats);
    case 'sni-cluster':
      return createSniClusterFilter;
  }
}
