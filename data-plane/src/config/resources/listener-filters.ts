import { toTypeName } from '@heddle/shared/xds/type-urls';
import type {
  Any,
  Listener as ListenerMessage,
  ListenerFilter as ListenerFilterMessage,
} from '@heddle/shared/xds/api';
import type { ListenerFilter, ListenerFilters } from '../model/listener-filters.ts';
import type { FilterChain } from '../model/listener.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeFilterDisabled } from './listener-filters/filter-disabled.ts';
import { decodeProxyProtocol, proxyProtocolType } from './listener-filters/proxy-protocol.ts';
import { decodeTlsInspector, tlsInspectorType } from './listener-filters/tls-inspector.ts';
import { toMsOr } from './scalars.ts';

type Decode = (context: DecodeContext, any: Any, path: string) => ListenerFilter;

const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  [proxyProtocolType, decodeProxyProtocol],
  [tlsInspectorType, decodeTlsInspector],
]);
const httpInspectorType = 'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector';

const defaultTimeoutMs = 15_000;

/** What happens before a filter chain is chosen. Undefined: nothing does. */
export function decodeListenerFilters(
  context: DecodeContext,
  message: ListenerMessage,
  chains: readonly FilterChain[],
  prefix: string,
): ListenerFilters | undefined {
  const filters = message.listenerFilters.flatMap((filter, i) => {
    const decoded = decodeListenerFilter(context, filter, chains, `${prefix}listener_filters[${i}]`);
    return decoded === undefined ? [] : [decoded];
  });
  if (!filters.some(({ kind }) => kind === 'tls-inspector')) reportUnreachable(context, chains, prefix);
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
  chains: readonly FilterChain[],
  path: string,
): ListenerFilter | undefined {
  const type = toTypeName(typedConfig?.typeUrl ?? '');
  if (type === httpInspectorType) {
    decodeHttpInspector(context, chains, path);
    return undefined;
  }
  const decode = decoders.get(type);
  if (typedConfig === undefined || decode === undefined) {
    context.refuseType(typedConfig, name, path, [...decoders.keys(), httpInspectorType]);
    return undefined;
  }
  const filter = decode(context, typedConfig, `${path}.typed_config`);
  if (filterDisabled === undefined) return filter;
  return { ...filter, disabled: decodeFilterDisabled(context, filterDisabled, `${path}.filter_disabled`) };
}

function decodeHttpInspector(context: DecodeContext, chains: readonly FilterChain[], path: string): void {
  if (chains.some(({ match }) => match.applicationProtocols.length > 0)) {
    context.refuse(path, 'is not supported by Heddle yet beside filter chains with application_protocols');
  } else {
    context.ignore(path, 'no filter chain match asks for what it finds out');
  }
}

/** Envoy takes them, and no connection ever comes to them. */
function reportUnreachable(context: DecodeContext, chains: readonly FilterChain[], prefix: string): void {
  for (const [i, chain] of chains.entries()) {
    if (!needsTlsInspector(chain)) continue;
    const reason = 'no connection fits it without the listener filter envoy.filters.listener.tls_inspector';
    context.ignore(`${prefix}filter_chains[${i}].filter_chain_match`, reason);
  }
}

function needsTlsInspector({ match }: FilterChain): boolean {
  const { transportProtocol, serverNames, applicationProtocols } = match;
  if (transportProtocol !== '') return transportProtocol === 'tls';
  return serverNames.length > 0 || applicationProtocols.length > 0;
}
