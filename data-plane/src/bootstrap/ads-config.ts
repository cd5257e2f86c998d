import type { ApiConfigSource } from '@heddle/shared/xds/api';
import type { AdsConfig } from '../config/model/bootstrap.ts';
import type { Cluster } from '../config/model/cluster.ts';
import { clusterOfSource } from '../config/model/resource-source.ts';
import { secretsOf } from '../config/model/resolve-tls.ts';
import type { Http2ProtocolOptions } from '../config/model/http2-protocol-options.ts';
import type { DecodeContext } from '../config/resources/decode-context.ts';
import { decodeGrpcSource } from '../config/resources/grpc-source.ts';
import { defined } from '../config/resources/scalars.ts';

/** `path`: of the source. */
export function decodeAdsConfig(
  context: DecodeContext,
  source: ApiConfigSource,
  clusters: readonly Cluster[],
  path = 'dynamic_resources.ads_config',
): AdsConfig {
  const service = decodeGrpcSource(context, source, path);
  const cluster = clusters.find(({ name }) => name === service.clusterName);
  return { ...service, ...decodeGrpcServer(context, cluster, service.clusterName, path) };
}

/** How the management server is reached: what the static cluster says that a gRPC service names. */
export function decodeGrpcServer(
  context: DecodeContext,
  cluster: Cluster | undefined,
  clusterName: string,
  path: string,
): Pick<AdsConfig, 'addresses' | 'connectTimeoutMs' | 'keepAlive'> {
  return {
    addresses: addressesOf(context, cluster, clusterName, path),
    connectTimeoutMs: cluster?.connectTimeoutMs ?? 5000,
    ...defined<Pick<AdsConfig, 'keepAlive'>>({
      keepAlive: cluster === undefined ? undefined : keepAliveOf(context, cluster),
    }),
  };
}

function addressesOf(
  context: DecodeContext,
  cluster: Cluster | undefined,
  name: string,
  path: string,
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
  refuseTransport(context, cluster, clusterPath);
  const addresses = cluster.discovery.endpoints.priorities
    .flat()
    .flatMap(({ endpoints }) => endpoints.map(({ address }) => address));
  if (addresses.length === 0) context.refuse(clusterPath, `${JSON.stringify(name)} has no endpoints`);
  return addresses;
}

/** What of its transport socket a management server cannot be reached through. */
function refuseTransport(
  context: DecodeContext,
  { name, tls, proxyProtocol, transportSocketMatches = [] }: Cluster,
  path: string,
): void {
  const quoted = JSON.stringify(name);
  if (proxyProtocol !== undefined)
    context.refuse(path, `${quoted} sends PROXY headers, which streams of resources do not`);
  if (transportSocketMatches.length > 0) {
    context.refuse(
      path,
      `${quoted} has transport_socket_matches: give it the transport_socket that it needs`,
    );
  }
  for (const secret of tls === undefined ? [] : secretsOf(tls)) {
    const server = secret.source.kind === 'ads' ? name : clusterOfSource(secret.source);
    if (server !== name) continue;
    context.refuse(
      path,
      `${quoted} waits for secret ${JSON.stringify(secret.name)}, which a management server sends`,
    );
  }
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
