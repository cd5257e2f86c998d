import type {
  Duration,
  Metadata,
  RouteAction as RouteActionMessage,
  WeightedCluster as WeightedClusterMessage,
  WeightedCluster_ClusterWeight,
} from '@heddle/shared/xds/api';
import { toMs } from '@heddle/shared/xds/milliseconds';
import type { ConnectTermination, ForwardAction, WeightedCluster } from '../model/route.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeFilterConfigs } from './filter-configs.ts';
import { decodeHeaderMutation } from './header-mutation.ts';
import { decodeRegexRewrite } from './matchers.ts';
import { decodeRetryPolicy } from './retry-policy.ts';
import { defined, toMsOr } from './scalars.ts';

const defaultTimeoutMs = 15_000;

const notFoundStatuses = { SERVICE_UNAVAILABLE: 503, NOT_FOUND: 404, INTERNAL_SERVER_ERROR: 500 } as const;

export function decodeRouteAction(
  context: DecodeContext,
  message: RouteActionMessage,
  path: string,
): ForwardAction {
  const { regexRewrite, retryPolicy, idleTimeout, maxStreamDuration } = message;
  if (message.prefixRewrite !== '' && regexRewrite !== undefined) {
    context.refuse(`${path}.regex_rewrite`, 'and prefix_rewrite must not both be set');
  }
  return {
    kind: 'forward',
    cluster: decodeCluster(context, message, path),
    clusterNotFoundStatus: notFoundStatuses[message.clusterNotFoundResponseCode],
    appendXForwardedHost: message.appendXForwardedHost,
    timeoutMs: maxStreamDuration === undefined ? toMsOr(message.timeout, defaultTimeoutMs) : 0,
    priority: message.priority === 'HIGH' ? 'high' : 'default',
    ...decodeUpgrades(context, message, path),
    ...defined<
      Pick<
        ForwardAction,
        | 'prefixRewrite'
        | 'regexRewrite'
        | 'hostRewrite'
        | 'idleTimeoutMs'
        | 'isTimeoutIgnored'
        | 'maxStreamDurationMs'
        | 'grpcTimeoutHeaderMaxMs'
        | 'grpcTimeoutHeaderOffsetMs'
        | 'maxGrpcTimeoutMs'
        | 'grpcTimeoutOffsetMs'
        | 'retryPolicy'
        | 'metadataMatch'
      >
    >({
      prefixRewrite: message.prefixRewrite === '' ? undefined : message.prefixRewrite,
      regexRewrite:
        regexRewrite === undefined
          ? undefined
          : decodeRegexRewrite(context, regexRewrite, `${path}.regex_rewrite`),
      hostRewrite: decodeHostRewrite(context, message, path),
      idleTimeoutMs: toMsIfSet(idleTimeout),
      isTimeoutIgnored: maxStreamDuration === undefined ? undefined : true,
      maxStreamDurationMs: toMsIfSet(maxStreamDuration?.maxStreamDuration),
      grpcTimeoutHeaderMaxMs: toMsIfSet(maxStreamDuration?.grpcTimeoutHeaderMax),
      grpcTimeoutHeaderOffsetMs: toMsIfSet(maxStreamDuration?.grpcTimeoutHeaderOffset),
      maxGrpcTimeoutMs: toMsIfSet(message.maxGrpcTimeout),
      grpcTimeoutOffsetMs: toMsIfSet(message.grpcTimeoutOffset),
      retryPolicy:
        retryPolicy === undefined
          ? undefined
          : decodeRetryPolicy(context, retryPolicy, `${path}.retry_policy`),
      metadataMatch: lbMetadata(message.metadataMatch),
    }),
  };
}

function toMsIfSet(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : toMs(duration);
}

function decodeCluster(
  context: DecodeContext,
  message: RouteActionMessage,
  path: string,
): ForwardAction['cluster'] {
  if (message.clusterHeader !== undefined)
    return { kind: 'header', header: message.clusterHeader.toLowerCase() };
  if (message.weightedClusters === undefined) return { kind: 'name', name: message.cluster ?? '' };
  return decodeWeightedClusters(context, message.weightedClusters, `${path}.weighted_clusters`);
}

function decodeWeightedClusters(
  context: DecodeContext,
  message: WeightedClusterMessage,
  path: string,
): ForwardAction['cluster'] {
  const clusters = message.clusters.map((cluster, i) =>
    decodeWeightedCluster(context, cluster, `${path}.clusters[${i}]`),
  );
  const totalWeight = clusters.reduce((sum, { weight }) => sum + weight, 0);
  if (totalWeight === 0)
    context.refuse(`${path}.clusters`, 'have no weight: at least one must be greater than 0');
  if (totalWeight > 0xffff_ffff)
    context.refuse(`${path}.clusters`, `have a total weight of ${totalWeight}, over 4294967295`);
  return {
    kind: 'weighted',
    clusters,
    totalWeight,
    ...defined<{ headerName: string }>({
      headerName: message.headerName === undefined ? undefined : message.headerName.toLowerCase(),
    }),
  };
}

function decodeWeightedCluster(
  context: DecodeContext,
  message: WeightedCluster_ClusterWeight,
  path: string,
): WeightedCluster {
  if (message.name === '') context.refuse(`${path}.name`, 'must not be empty');
  return {
    name: message.name,
    weight: message.weight ?? 0,
    mutation: decodeHeaderMutation(context, message, path),
    filterConfig: decodeFilterConfigs(context, message.typedPerFilterConfig, path),
    ...defined<Pick<WeightedCluster, 'hostRewriteLiteral' | 'metadataMatch'>>({
      hostRewriteLiteral: message.hostRewriteLiteral,
      metadataMatch: lbMetadata(message.metadataMatch),
    }),
  };
}

function decodeHostRewrite(
  context: DecodeContext,
  message: RouteActionMessage,
  path: string,
): ForwardAction['hostRewrite'] | undefined {
  // An empty literal or header name rewrites nothing, as in Envoy.
  if (message.hostRewriteLiteral) return { kind: 'literal', host: message.hostRewriteLiteral };
  if (message.autoHostRewrite === true) return { kind: 'auto' };
  if (message.hostRewriteHeader) return { kind: 'header', header: message.hostRewriteHeader.toLowerCase() };
  const regex = message.hostRewritePathRegex;
  if (regex === undefined) return undefined;
  return {
    kind: 'path-regex',
    rewrite: decodeRegexRewrite(context, regex, `${path}.host_rewrite_path_regex`),
  };
}

function decodeUpgrades(
  context: DecodeContext,
  message: RouteActionMessage,
  path: string,
): Pick<ForwardAction, 'upgrades' | 'connectTermination'> {
  const upgrades: Record<string, boolean> = {};
  let connectTermination: ConnectTermination | undefined;
  for (const [i, { upgradeType, enabled, connectConfig }] of message.upgradeConfigs.entries()) {
    const configPath = `${path}.upgrade_configs[${i}]`;
    const type = upgradeType.toLowerCase();
    if (type in upgrades) context.refuse(`${configPath}.upgrade_type`, `${upgradeType} occurs twice`);
    upgrades[type] = enabled ?? true;
    if (connectConfig === undefined) continue;
    if (type !== 'connect') context.refuse(`${configPath}.connect_config`, 'needs upgrade_type CONNECT');
    else if (upgrades[type]) connectTermination = { allowsPost: connectConfig.allowPost };
  }
  return connectTermination === undefined ? { upgrades } : { upgrades, connectTermination };
}

/** What load balancers read of a metadata. */
export function lbMetadata(metadata: Metadata | undefined): Readonly<Record<string, unknown>> | undefined {
  return metadata?.filterMetadata['envoy.lb'];
}
