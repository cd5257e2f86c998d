import type { FilterChain } from '../../config/model/listener.ts';
import type { PrecedingNetworkFilter, TerminalNetworkFilter } from '../../config/model/network-filter.ts';
import { rbacScopeOf } from './filters/rbac.ts';

/** Below which names the filters of a chain count. */
export function statsPrefixesOf({ networkFilter, precedingFilters }: FilterChain): string[] {
  return [networkFilter, ...precedingFilters].flatMap((filter) => prefixOf(filter) ?? []);
}

function prefixOf(filter: TerminalNetworkFilter | PrecedingNetworkFilter): string | undefined {
  switch (filter.kind) {
    case 'http-connection-manager':
      return `http.${filter.config.statPrefix}.`;
    case 'tcp-proxy':
      return `tcp.${filter.config.statPrefix}.`;
    case 'connection-limit':
      return `connection_limit.${filter.config.statPrefix}.`;
    case 'local-rate-limit':
      return `local_rate_limit.${filter.config.statPrefix}.`;
    case 'rbac':
      return rbacScopeOf(filter.config);
    case 'sni-cluster':
    case 'echo':
    case 'direct-response':
      return undefined;
  }
}
