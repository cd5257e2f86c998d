import type { Any, Listener as ListenerMessage, UdpSocketConfig } from '@heddle/shared/xds/api';
import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { UdpListening, UdpProxy } from '../model/udp-proxy.ts';
import { decodeAccessLogs } from './access-log.ts';
import type { DecodeContext } from './decode-context.ts';
import { toMsOr } from './scalars.ts';
import { decodeUdpRoute } from './udp-route.ts';

const udpProxyType = 'envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig';
const defaultIdleTimeoutMs = 60_000;
const defaultDatagramBytes = 1500;
/** What Envoy lets the kernel gather at a time (GRO); a single datagram of that length is then taken as well. */
const gatheredDatagramCount = 64;

/** What a UDP listener is besides its name and address. Undefined: something of it is refused. */
export function decodeUdpListener(
  context: DecodeContext,
  message: ListenerMessage,
  prefix: string,
): UdpListening | undefined {
  if (message.filterChains.length > 0 || message.defaultFilterChain !== undefined) {
    const reason = 'is for connections, which UDP has not (QUIC is not supported by Heddle yet)';
    context.refuse(
      message.filterChains.length > 0 ? `${prefix}filter_chains` : `${prefix}default_filter_chain`,
      reason,
    );
  }
  const [filter, ...others] = message.listenerFilters;
  const filterPath = `${prefix}listener_filters[0]`;
  if (filter === undefined) {
    context.refuse(`${prefix}listener_filters`, 'must hold the one UDP filter that takes the datagrams');
    return undefined;
  }
  if (others.length > 0) {
    context.refuse(`${prefix}listener_filters[1]`, 'must not be set: a UDP listener has one filter');
  }
  if (filter.filterDisabled !== undefined) {
    context.refuse(`${filterPath}.filter_disabled`, 'is for filters that a connection can do without');
  }
  const { typedConfig } = filter;
  if (typedConfig === undefined || toTypeName(typedConfig.typeUrl) !== udpProxyType) {
    context.refuseType(typedConfig, filter.name, pathOf(typedConfig, filterPath), [udpProxyType]);
    return undefined;
  }
  const proxy = decodeUdpProxy(context, typedConfig, `${filterPath}.typed_config`);
  if (proxy === undefined) return undefined;
  return {
    maxDatagramBytes: maxDatagramBytesOf(message.udpListenerConfig?.downstreamSocketConfig, false),
    proxy,
  };
}

function decodeUdpProxy(context: DecodeContext, any: Any, path: string): UdpProxy | undefined {
  const message = context.unpack(udpProxyType, any, path);
  if (message === undefined) return undefined;
  return {
    statPrefix: message.statPrefix,
    route:
      message.matcher === undefined
        ? { kind: 'cluster', name: message.cluster ?? '' }
        : decodeUdpRoute(context, message.matcher, `${path}.matcher`),
    idleTimeoutMs: toMsOr(message.idleTimeout, defaultIdleTimeoutMs),
    usesPerPacketLoadBalancing: message.usePerPacketLoadBalancing,
    maxUpstreamDatagramBytes: maxDatagramBytesOf(message.upstreamSocketConfig, true),
    accessLogs: decodeAccessLogs(context, message.accessLog, `${path}.access_log`),
    proxyAccessLogs: decodeAccessLogs(context, message.proxyAccessLog, `${path}.proxy_access_log`),
  };
}

function maxDatagramBytesOf(config: UdpSocketConfig | undefined, prefersGroByDefault: boolean): number {
  const bytes = config?.maxRxDatagramSize ?? defaultDatagramBytes;
  return (config?.preferGro ?? prefersGroByDefault) ? bytes * gatheredDatagramCount : bytes;
}

function pathOf(typedConfig: Any | undefined, path: string): string {
  return typedConfig === undefined ? path : `${path}.typed_config`;
}
