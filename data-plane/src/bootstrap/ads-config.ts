import type { ApiConfigSource, HeaderValue } from '@heddle/shared/xds/api';
import type { AdsConfig } from '../config/model/bootstrap.ts';
import type { Cluster } from '../config/model/cluster.ts';
import type { Http2ProtocolOptions } from '../config/model/http2-protocol-options.ts';
import { defaultBackOff } from '../config/ads/back-off.ts';
import type { DecodeContext } from '../config/resources/decode-context.ts';
import { defined, toMsOr } from '../config/resources/scalars.ts';

const path = 'dynamic_resources.ads_config';
const defaultRateLimit = { maxTokens: 100, fillPerSecond: 10 };

/** The static cluster that `ads_config` names; empty if it names none. */
function adsClusterName(source: ApiConfigSource | undefined): string {
  return source?.grpcServices[0]?.envoyGrpc?.clusterName ?? '';
}

export function decodeAdsConfig(
  context: DecodeContext,
  source: ApiConfigSource,
  clusters: readonly Cluster[],
): AdsConfig {
  const [service, ...others] = source.grpcServices;
  if (service === undefined)
    context.refuse(`${path}.grpc_services`, 'must name the cluster of the management server');
  // Envoy's failover, which is off by default there.
  if (others.length > 0)
    context.refuse(`${path}.grpc_services[1]`, 'is not supported by Heddle yet: there can be one server');
  const clusterName = adsClusterName(source);
  const cluster = clusters.find(({ name }) => name === clusterName);
  const backOff = service?.envoyGrpc?.retryPolicy?.retryBackOff;
  const baseMs = toMsOr(backOff?.baseInterval, defaultBackOff.baseMs);
  const defaultMaxMs = backOff === undefined ? defaultBackOff.maxMs : baseMs * 10;
  return {
    variant: source.apiType === 'DELTA_GRPC' ? 'delta' : 'sotw',
    clusterName,
    authority: service?.envoyGrpc?.authority || clusterName,
    addresses: addressesOf(context, cluster, clusterName),
    initialMetadata: decodeMetadata(context, service?.initialMetadata ?? []),
    connectTimeoutMs: cluster?.connectTimeoutMs ?? 5000,
    backOff: { baseMs, maxMs: toMsOr(backOff?.maxInterval, defaultMaxMs) },
    ...defined<Pick<AdsConfig, 'keepAlive' | 'rateLimit'>>({
      keepAlive: cluster === undefined ? undefined : keepAliveOf(context, cluster),
      rateLimit:
        source.rateLimitSettings === undefined
          ? undefined
          : {
              maxTokens: source.rateLimitSettings.maxTokens ?? defaultRateLimit.maxTokens,
              fillPerSecond: source.rateLimitSettings.fillRate ?? defaultRateLimit.fillPerSecond,
            },
    }),
  };
}

/** What a gRPC library would choke on when the stream opens is refused now. */
function decodeMetadata(
  context: DecodeContext,
  headers: readonly HeaderValue[],
): AdsConfig['initialMetadata'] {
  return headers.map(({ key, value }, i) => {
    const headerPath = `${path}.grpc_services[0].initial_metadata[${i}]`;
    const name = key.toLowerCase();
    if (!/^[0-9a-z_.-]+$/.test(name))
      context.refuse(`${headerPath}.key`, `${JSON.stringify(key)} is no name of gRPC metadata`);
    if (name.endsWith('-bin'))
      context.refuse(`${headerPath}.key`, 'binary metadata is not supported by Heddle yet');
    if (!/^[\x20-\x7e]*$/.test(value)) context.refuse(`${headerPath}.value`, 'must be printable ASCII');
    return { key: name, value };
  });
}

function addressesOf(
  context: DecodeContext,
  cluster: Cluster | undefined,
  name: string,
): AdsConfig['addresses'] {
  const clusterPath = `${path}.grpc_services[0].envoy_grpc.cluster_name`;
  if (cluster === undefined) {
    if (name !== '') context.refuse(clusterPath, `there is no static cluster ${JSON.stringify(name)}`);
    return [];
  }
  if (cluster.discovery.kind === 'eds') {
    context.refuse(
      clusterPath,
      `${JSON.stringify(name)} takes its endpoints from the server that it leads to: it must be STATIC or DNS`,
    );
    return [];
  }
  if (cluster.tls !== undefined) {
    context.refuse(
      clusterPath,
      `${JSON.stringify(name)} has TLS, and TLS to the management server is not supported by Heddle yet`,
    );
  }
  const addresses = cluster.discovery.endpoints.priorities
    .flat()
    .flatMap(({ endpoints }) => endpoints.map(({ address }) => address));
  if (addresses.length === 0) context.refuse(clusterPath, `${JSON.stringify(name)} has no endpoints`);
  return addresses;
}

function keepAliveOf(context: DecodeContext, { name, http }: Cluster): AdsConfig['keepAlive'] {
  const { keepalive, allowsConnect, isStreamErrorOnInvalidMessage, ...bounds } = http.http2 ?? noHttp2;
  if (Object.keys(bounds).length > 0 || allowsConnect || isStreamErrorOnInvalidMessage) {
    const reason = 'the management server is reached through a gRPC library with its own windows and bounds';
    context.ignore(`http2_protocol_options of cluster ${JSON.stringify(name)}`, reason);
  }
  if (keepalive === undefined || keepalive.intervalMs === 0) return undefined;
  return { intervalMs: keepalive.intervalMs, timeoutMs: keepalive.timeoutMs };
}

const noHttp2: Http2ProtocolOptions = { allowsConnect: false, isStreamErrorOnInvalidMessage: false };
