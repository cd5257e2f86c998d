import type { RouteConfiguration, VirtualHost as VirtualHostMessage } from '@heddle/shared/xds/api';
import type { RouteTable, VirtualHost } from '../model/route.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeFilterConfigs } from './filter-configs.ts';
import { decodeHeaderMutation } from './header-mutation.ts';
import { decodeRetryPolicy } from './retry-policy.ts';
import { decodeRoute } from './route.ts';
import { defined } from './scalars.ts';

const defaultMaxBodyBytes = 4096;

const tlsRequirements = { NONE: 'none', EXTERNAL_ONLY: 'external-only', ALL: 'all' } as const;

/** A message that was checked → model. */
export function decodeRouteConfiguration(
  context: DecodeContext,
  message: RouteConfiguration,
  path: string,
): RouteTable {
  const maxBodyBytes = message.maxDirectResponseBodySizeBytes ?? defaultMaxBodyBytes;
  const prefix = path === '' ? '' : `${path}.`;
  refuseDuplicateDomains(context, message.virtualHosts, prefix);
  return {
    name: message.name,
    virtualHosts: message.virtualHosts.map((host, i) =>
      decodeVirtualHost(context, host, `${prefix}virtual_hosts[${i}]`, maxBodyBytes),
    ),
    mutation: decodeHeaderMutation(context, message, path),
    filterConfig: decodeFilterConfigs(context, message.typedPerFilterConfig, path),
    mostSpecificHeaderMutationsWins: message.mostSpecificHeaderMutationsWins,
    ignorePortInHostMatching: message.ignorePortInHostMatching,
    internalOnlyHeaders: message.internalOnlyHeaders.map((name) => name.toLowerCase()),
    ...defined<Pick<RouteTable, 'validateClusters'>>({ validateClusters: message.validateClusters }),
  };
}

function decodeVirtualHost(
  context: DecodeContext,
  message: VirtualHostMessage,
  path: string,
  maxBodyBytes: number,
): VirtualHost {
  const { retryPolicy, requestBodyBufferLimit, perRequestBufferLimitBytes } = message;
  return {
    name: message.name,
    domains: message.domains.map((domain) => domain.toLowerCase()),
    routes: message.routes.map((route, i) =>
      decodeRoute(context, route, `${path}.routes[${i}]`, maxBodyBytes),
    ),
    mutation: decodeHeaderMutation(context, message, path),
    requireTls: tlsRequirements[message.requireTls],
    includeRequestAttemptCount: message.includeRequestAttemptCount,
    includeAttemptCountInResponse: message.includeAttemptCountInResponse,
    filterConfig: decodeFilterConfigs(context, message.typedPerFilterConfig, path),
    ...defined<Pick<VirtualHost, 'retryPolicy' | 'perRequestBufferLimitBytes' | 'metadata'>>({
      metadata: message.metadata?.filterMetadata,
      retryPolicy:
        retryPolicy === undefined
          ? undefined
          : decodeRetryPolicy(context, retryPolicy, `${path}.retry_policy`),
      perRequestBufferLimitBytes: requestBodyBufferLimit ?? perRequestBufferLimitBytes,
    }),
  };
}

/** A domain, whatever its case, belongs to one virtual host. */
function refuseDuplicateDomains(
  context: DecodeContext,
  hosts: readonly VirtualHostMessage[],
  prefix: string,
): void {
  const owners = new Map<string, string>();
  for (const [i, host] of hosts.entries()) {
    for (const [j, domain] of host.domains.entries()) {
      const owner = owners.get(domain.toLowerCase());
      if (owner === undefined) owners.set(domain.toLowerCase(), host.name);
      else {
        context.refuse(
          `${prefix}virtual_hosts[${i}].domains[${j}]`,
          `${JSON.stringify(domain)} is a domain of virtual host ${JSON.stringify(owner)} already`,
        );
      }
    }
  }
}
