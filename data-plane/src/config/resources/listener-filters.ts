import { toTypeName } from '@heddle/shared/xds/type-urls';
import type {
  Any,
  Listener as ListenerMessage,
  ListenerFilter as ListenerFilterMessage,
} from '@heddle/shared/xds/api';
import type { ListenerFilter, ListenerFilters } from '../model/listener-filters.ts';
import type { FilterChain, FilterChainMatch } from '../model/listener.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeFilterDisabled } from './listener-filters/filter-disabled.ts';
import { decodeHttpInspector, httpInspectorType } from './listener-filters/http-inspector.ts';
import { decodeLocalRateLimit, localRateLimitType } from './listener-filters/local-rate-limit.ts';
import { decodeProxyProtocol, proxyProtocolType } from './listener-filters/proxy-protocol.ts';
import { decodeTlsInspector, tlsInspectorType } from './listener-filters/tls-inspector.ts';
import { toMsOr } from './scalars.ts';

type Decode = (context: DecodeContext, any: Any, path: string) => ListenerFilter;

const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  [proxyProtocolType, decodeProxyProtocol],
  [tlsInspectorType, decodeTlsInspector],
  [httpInspectorType, decodeHttpInspector],
  [localRateLimitType, decodeLocalRateLimit],
]);
/** What needs more of a socket than Node gives. */
const impossible: ReadonlyMap<string, string> = new Map([
  [
    'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
    'Node does not tell the original destination of a redirected connection; let what redirects send a PROXY header, for ' +
      'the listener filter envoy.filters.listener.proxy_protocol',
  ],
  [
    'envoy.extensions.filters.listener.original_src.v3.OriginalSrc',
    'Node opens no socket with an address of another machine; tell upstreams by the transport socket ' +
      'envoy.transport_sockets.upstream_proxy_protocol',
  ],
]);

const defaultTimeoutMs = 15_000;

/** What happens before a filter chain is chosen. Undefined: nothing does. */
export function decodeListenerFilters(
  context: DecodeContext,
  message: ListenerMessage,
  chains: readonly FilterChain[],
  prefix: string,
): ListenerFilters | undefined {
  const filters = message.listenerFilters.flatMap((filter, i) => {
    const decoded = decodeListenerFilter(context, filter, `${prefix}listener_filters[${i}]`);
    return decoded === undefined ? [] : [decoded];
  });
  reportUnreachable(context, chains, new Set(filters.map(({ kind }) => kind)), prefix);
  if (filters.length === 0) return undefined;
  return {
    timeoutMs: toMsOr(message.listenerFiltersTimeout, defaultTimeoutMs),
    continuesOnTimeout: message.continueOnListenerFiltersTimeout,
    filters,
  };
}

function decodeListenerFilter(
  context: DecodeContext,
  { name, typedConfig, filterDisabled }: ListenerFilterMessage,
  path: string,
): ListenerFilter | undefined {
  const type = toTypeName(typedConfig?.typeUrl ?? '');
  const reason = impossible.get(type);
  if (reason !== undefined) {
    context.refuse(`${path}.typed_config`, `${type} is not possible here: ${reason}`);
    return undefined;
  }
  const decode = decoders.get(type);
  if (typedConfig === undefined || decode === undefined) {
    context.refuseType(typedConfig, name, path, [...decoders.keys()]);
    return undefined;
  }
  const filter = decode(context, typedConfig, `${path}.typed_config`);
  if (filterDisabled === undefined) return filter;
  return { ...filter, disabled: decodeFilterDisabled(context, filterDisabled, `${path}.filter_disabled`) };
}

/** Envoy takes them, and no connection ever comes to them. */
function reportUnreachable(
  context: DecodeContext,
  chains: readonly FilterChain[],
  kinds: ReadonlySet<ListenerFilter['kind']>,
  prefix: string,
): void {
  for (const [i, { match }] of chains.entries()) {
    const inspector = lackingInspector(match, kinds);
    if (inspector === undefined) continue;
    const reason = `no connection fits it without the listener filter envoy.filters.listener.${inspector}`;
    context.ignore(`${prefix}filter_chains[${i}].filter_chain_match`, reason);
  }
}

function lackingInspector(
  { transportProtocol, serverNames, applicationProtocols }: FilterChainMatch,
  kinds: ReadonlySet<ListenerFilter['kind']>,
): 'tls_inspector' | 'http_inspector' | undefined {
  if (kinds.has('tls-inspector')) return undefined;
  if (transportProtocol === 'tls' || serverNames.length > 0) return 'tls_inspector';
  if (applicationProtocols.length === 0 || kinds.has('http-inspector')) return undefined;
  return transportProtocol === '' ? 'tls_inspector' : 'http_inspector';
}
