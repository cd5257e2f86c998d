import { contentHash } from '@heddle/shared/xds/content-hash';
import type { FilterChain as FilterChainMessage, Listener as ListenerMessage } from '@heddle/shared/xds/api';
import { toMs } from '@heddle/shared/xds/milliseconds';
import type { FilterChain, Listener } from '../model/listener.ts';
import { decodeListenAddress } from './address.ts';
import type { DecodeContext } from './decode-context.ts';
import { combinationsOf, decodeFilterChainMatch, matchesEverything } from './filter-chain-match.ts';
import { decodeListenerFilters } from './listener-filters.ts';
import { decodeNetworkFilters } from './network-filters.ts';
import { defined } from './scalars.ts';
import { decodeUdpListener } from './udp-listener.ts';
import { decodeDownstreamSocket } from './transport-socket.ts';

const defaultBufferLimitBytes = 1024 * 1024;

const directions = { UNSPECIFIED: 'unspecified', INBOUND: 'inbound', OUTBOUND: 'outbound' } as const;

/** A message that was checked → model. */
export function decodeListener(context: DecodeContext, message: ListenerMessage, path: string): Listener {
  const prefix = path === '' ? '' : `${path}.`;
  const address = decodeListenAddress(context, message.address, `${prefix}address`);
  if (address.protocol === 'udp') {
    return {
      ...decodeCommon(message),
      address,
      filterChains: [],
      ...defined<Pick<Listener, 'udp'>>({ udp: decodeUdpListener(context, message, prefix) }),
    };
  }
  if (message.filterChains.length === 0 && message.defaultFilterChain === undefined) {
    context.refuse(`${prefix}filter_chains`, 'must not be empty');
  }
  const filterChains = message.filterChains.map((chain, i) =>
    decodeFilterChain(context, chain, `${prefix}filter_chains[${i}]`),
  );
  refuseAmbiguousChains(context, filterChains, prefix);
  const listenerFilters = decodeListenerFilters(context, message, filterChains, prefix);
  const { defaultFilterChain, tcpBacklogSize } = message;
  return {
    ...decodeCommon(message),
    address,
    filterChains,
    ...(message.ignoreGlobalConnLimit ? { ignoresGlobalConnectionLimit: true } : {}),
    ...defined<Pick<Listener, 'defaultFilterChain' | 'tcpBacklogSize' | 'listenerFilters'>>({
      listenerFilters,
      defaultFilterChain:
        defaultFilterChain === undefined
          ? undefined
          : decodeFilterChain(context, defaultFilterChain, `${prefix}default_filter_chain`),
      tcpBacklogSize,
    }),
  };
}

function decodeCommon(
  message: ListenerMessage,
): Pick<
  Listener,
  'name' | 'trafficDirection' | 'perConnectionBufferLimitBytes' | 'drainType' | 'statPrefix'
> {
  return {
    name: message.name,
    trafficDirection: directions[message.trafficDirection],
    perConnectionBufferLimitBytes: message.perConnectionBufferLimitBytes ?? defaultBufferLimitBytes,
    drainType: message.drainType === 'MODIFY_ONLY' ? 'modify-only' : 'default',
    statPrefix: message.statPrefix,
  };
}

function decodeFilterChain(context: DecodeContext, message: FilterChainMessage, path: string): FilterChain {
  const { api } = context.options;
  const { filterChainMatch, transportSocketConnectTimeout: timeout } = message;
  return {
    name: message.name,
    hash: contentHash(api.encode('envoy.config.listener.v3.FilterChain', message)),
    match:
      filterChainMatch === undefined
        ? matchesEverything
        : decodeFilterChainMatch(context, filterChainMatch, `${path}.filter_chain_match`),
    ...decodeNetworkFilters(context, message.filters, `${path}.filters`),
    ...defined<Pick<FilterChain, 'tls' | 'transportSocketConnectTimeoutMs'>>({
      tls: decodeDownstreamSocket(context, message.transportSocket, `${path}.transport_socket`),
      // Zero is no time-out.
      transportSocketConnectTimeoutMs: timeout === undefined ? undefined : toMs(timeout) || undefined,
    }),
  };
}

function refuseAmbiguousChains(context: DecodeContext, chains: readonly FilterChain[], prefix: string): void {
  const owners = new Map<string, number>();
  for (const [i, chain] of chains.entries()) {
    const path = `${prefix}filter_chains[${i}].filter_chain_match`;
    const combinations = combinationsOf(chain.match);
    const owner = combinations.map((key) => owners.get(key)).find((index) => index !== undefined);
    if (owner !== undefined) {
      context.refuse(path, `matches the same connections as filter_chains[${owner}]`);
    } else if (new Set(combinations).size < combinations.length) {
      context.refuse(path, 'names the same connections twice');
    }
    for (const key of combinations) if (!owners.has(key)) owners.set(key, i);
  }
}
