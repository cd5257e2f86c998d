import type { TcpProxy as TcpProxyMessage, TcpProxy_TunnelingConfig } from '@heddle/shared/xds/api';
import { toMs } from '@heddle/shared/xds/milliseconds';
import type { TcpProxy, TcpProxyCluster, Tunneling } from '../../model/tcp-proxy.ts';
import { decodeAccessLogs } from '../access-log.ts';
import type { DecodeContext } from '../decode-context.ts';
import { decodeHeaderAddition } from '../header-mutation.ts';
import { lbMetadata } from '../route-action.ts';
import { defined, percentOr, toMsOr } from '../scalars.ts';
import type { NetworkFilterDecoder } from './network-filter-decoder.ts';

const type = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
const hourMs = 3_600_000;

export const tcpProxyDecoder: NetworkFilterDecoder = {
  type,
  isTerminal: true,
  decode(context, config, path) {
    const message = context.unpack(type, config, path) ?? context.options.api.create(type, {});
    return { kind: 'tcp-proxy', config: decodeTcpProxy(context, message, path) };
  },
};

function decodeTcpProxy(context: DecodeContext, message: TcpProxyMessage, path: string): TcpProxy {
  const clusters = decodeClusters(message);
  const { accessLogOptions: options, tunnelingConfig } = message;
  return {
    statPrefix: message.statPrefix,
    clusters,
    totalWeight: clusters.reduce((sum, { weight }) => sum + weight, 0),
    idleTimeoutMs: toMsOr(message.idleTimeout, hourMs),
    maxConnectionDurationMs: toMsOr(message.maxDownstreamConnectionDuration, 0),
    maxConnectionDurationJitterRatio:
      percentOr(message.maxDownstreamConnectionDurationJitterPercentage, 0) / 100,
    maxConnectAttempts: message.maxConnectAttempts ?? 1,
    accessLogs: decodeAccessLogs(context, message.accessLog, `${path}.access_log`),
    logsStart: options?.flushAccessLogOnStart ?? false,
    logsConnected: options?.flushAccessLogOnConnected ?? message.flushAccessLogOnConnected,
    logIntervalMs: toMsOr(options?.accessLogFlushInterval ?? message.accessLogFlushInterval, 0),
    ...defined<Pick<TcpProxy, 'connectBackOff' | 'tunneling'>>({
      connectBackOff: decodeBackOff(context, message, path),
      tunneling:
        tunnelingConfig === undefined
          ? undefined
          : decodeTunneling(context, tunnelingConfig, `${path}.tunneling_config`),
    }),
  };
}

function decodeClusters(message: TcpProxyMessage): TcpProxyCluster[] {
  const { cluster, weightedClusters, metadataMatch } = message;
  const common = lbMetadata(metadataMatch);
  const withMetadata = (own: Readonly<Record<string, unknown>> | undefined): Partial<TcpProxyCluster> =>
    defined<Pick<TcpProxyCluster, 'metadataMatch'>>({
      metadataMatch: own === undefined || common === undefined ? (own ?? common) : { ...common, ...own },
    });
  if (weightedClusters === undefined) return [{ name: cluster ?? '', weight: 1, ...withMetadata(undefined) }];
  return weightedClusters.clusters.map((entry) => ({
    name: entry.name,
    weight: entry.weight,
    ...withMetadata(lbMetadata(entry.metadataMatch)),
  }));
}

function decodeBackOff(
  context: DecodeContext,
  { backoffOptions }: TcpProxyMessage,
  path: string,
): TcpProxy['connectBackOff'] {
  const { baseInterval, maxInterval } = backoffOptions ?? {};
  if (baseInterval === undefined) return undefined;
  const baseMs = toMs(baseInterval);
  const maxMs = toMsOr(maxInterval, baseMs * 10);
  if (maxMs < baseMs) {
    context.refuse(`${path}.backoff_options.max_interval`, 'must not be below base_interval');
  }
  return { baseMs, maxMs };
}

function decodeTunneling(context: DecodeContext, message: TcpProxy_TunnelingConfig, path: string): Tunneling {
  const { hostname, usePost, postPath } = message;
  context.attempt(`${path}.hostname`, () => context.options.compileFormat(hostname));
  if (postPath !== '' && !usePost) context.refuse(`${path}.post_path`, 'needs use_post');
  if (postPath !== '' && !postPath.startsWith('/')) context.refuse(`${path}.post_path`, 'must begin with /');
  return {
    hostname,
    method: usePost ? 'POST' : 'CONNECT',
    path: postPath === '' ? '/' : postPath,
    headersToAdd: message.headersToAdd.map((option, i) =>
      decodeHeaderAddition(context, option, `${path}.headers_to_add[${i}]`),
    ),
  };
}
