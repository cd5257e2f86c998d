import type { Filter } from '@heddle/shared/xds/api';
import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { FilterChain } from '../model/listener.ts';
import type { PrecedingNetworkFilter, TerminalNetworkFilter } from '../model/network-filter.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeHttpConnectionManager } from './http-connection-manager.ts';
import { connectionLimitDecoder } from './network-filters/connection-limit.ts';
import { directResponseDecoder, echoDecoder } from './network-filters/direct-answers.ts';
import { localRateLimitDecoder } from './network-filters/local-rate-limit.ts';
import { rbacDecoder } from './network-filters/rbac.ts';
import { sniClusterDecoder } from './network-filters/sni-cluster.ts';
import { tcpProxyDecoder } from './network-filters/tcp-proxy.ts';
import type { NetworkFilterDecoder } from './network-filters/network-filter-decoder.ts';

const managerType = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

const managerDecoder: NetworkFilterDecoder = {
  type: managerType,
  isTerminal: true,
  decode(context, config, path) {
    const message = context.unpack(managerType, config, path) ?? context.options.api.create(managerType, {});
    return { kind: 'http-connection-manager', config: decodeHttpConnectionManager(context, message, path) };
  },
};

/** The network filters that can be configured. */
const networkFilterDecoders: readonly NetworkFilterDecoder[] = Object.freeze([
  managerDecoder,
  tcpProxyDecoder,
  echoDecoder,
  directResponseDecoder,
  connectionLimitDecoder,
  localRateLimitDecoder,
  rbacDecoder,
  sniClusterDecoder,
]);

type Filters = Pick<FilterChain, 'precedingFilters' | 'networkFilter'>;

/** The filters of a chain, in their order. The last, and no other, is terminal. */
export function decodeNetworkFilters(
  context: DecodeContext,
  filters: readonly Filter[],
  path: string,
): Filters {
  if (filters.length === 0) context.refuse(path, 'must not be empty');
  const precedingFilters: PrecedingNetworkFilter[] = [];
  let networkFilter: TerminalNetworkFilter | undefined;
  for (const [i, filter] of filters.entries()) {
    const decoder = findDecoder(context, filter, `${path}[${i}]`);
    if (decoder === undefined || filter.typedConfig === undefined) continue;
    const isLast = i === filters.length - 1;
    if (decoder.isTerminal && !isLast) {
      context.refuse(`${path}[${i}]`, `${filter.name} is terminal and must be the last filter`);
    } else if (!decoder.isTerminal && isLast) {
      context.refuse(
        `${path}[${i}]`,
        `${filter.name} is not terminal: a filter that takes the connection must follow it`,
      );
    }
    const configPath = `${path}[${i}].typed_config`;
    if (decoder.isTerminal) networkFilter = decoder.decode(context, filter.typedConfig, configPath);
    else precedingFilters.push(decoder.decode(context, filter.typedConfig, configPath));
  }
  // In place of a filter that was refused, anything will do: the listener is dropped.
  return { precedingFilters, networkFilter: networkFilter ?? { kind: 'echo' } };
}

function findDecoder(
  context: DecodeContext,
  { name, typedConfig }: Filter,
  path: string,
): NetworkFilterDecoder | undefined {
  const type = toTypeName(typedConfig?.typeUrl ?? '');
  const decoder = networkFilterDecoders.find((row) => row.type === type);
  if (typedConfig !== undefined && decoder !== undefined) return decoder;
  context.refuseType(
    typedConfig,
    name,
    typedConfig === undefined ? path : `${path}.typed_config`,
    networkFilterDecoders.map((row) => row.type),
  );
  return undefined;
}
