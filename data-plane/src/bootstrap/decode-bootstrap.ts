import { InvalidInputError } from '@heddle/shared/errors/problem';
import type { Cluster } from '../config/model/cluster.ts';
import type { Bootstrap as BootstrapMessage } from '@heddle/shared/xds/api';
import { effectiveRuntime, type Bootstrap, type StaticResource } from '../config/model/bootstrap.ts';
import type { Listener } from '../config/model/listener.ts';
import { decodeListenAddress } from '../config/resources/address.ts';
import { decodeCluster } from '../config/resources/cluster.ts';
import { decodeConfigSource } from '../config/resources/config-source.ts';
import { decodeSecret } from '../config/resources/tls/secret.ts';
import type { Secret } from '../config/model/secret.ts';
import { DecodeContext, type DecoderOptions } from '../config/resources/decode-context.ts';
import { checkDnsResolver } from '../config/resources/dns.ts';
import { deepFreeze } from '../config/resources/deep-freeze.ts';
import { decodeListener } from '../config/resources/listener.ts';
import { defined } from '../config/resources/scalars.ts';
import { createBootstrapWire } from './bootstrap-wire.ts';
import { decodeAdsConfig } from './ads-config.ts';
import { buildNode, toNodeIdentity, type NodeOverrides } from './node-identity.ts';
import { decodeRuntime } from './runtime-layers.ts';
import { findGrpcServers } from './grpc-servers.ts';
import { checkStatsTags } from './stats-tags.ts';
import { checkStaticReferences } from './static-references.ts';

/**
 * `read` makes the message: now, and again if somebody wants to see it.
 *
 * @throws InvalidInputError with every problem; paths are field paths
 */
export function decodeBootstrap(
  read: () => BootstrapMessage,
  options: DecoderOptions,
  overrides: NodeOverrides,
): Bootstrap {
  const { api } = options;
  const message = read();
  // First, because what the other parts decode to may depend on it.
  const runtimeContext = new DecodeContext(options);
  const runtime = decodeRuntime(runtimeContext, message.layeredRuntime, 'layered_runtime');
  const secretContext = new DecodeContext(options);
  const secrets = decodeSecrets(secretContext, message);
  const staticSecrets = new Map(secrets.map(({ value }) => [value.name, value]));
  const hasAds = message.dynamicResources?.adsConfig !== undefined;
  const context = new DecodeContext({
    ...options,
    runtime: effectiveRuntime(runtime),
    staticSecrets,
    hasAds,
  });
  context.problems.push(...runtimeContext.problems, ...secretContext.problems);
  context.check('envoy.config.bootstrap.v3.Bootstrap', message);
  checkStatsTags(context, message.statsConfig);
  checkDnsResolver(context, message.typedDnsResolverConfig, 'typed_dns_resolver_config');
  const node = buildNode(api, message.node, overrides);
  const clusters = decodeClusters(context, message);
  const listeners = decodeListeners(context, message);
  checkStaticReferences(
    context,
    listeners.map(({ value }) => value),
    clusters,
    secrets.map(({ value }) => value.name),
  );
  const dynamic = decodeDynamic(context, message, clusters);
  const grpcServers = findGrpcServers(
    context,
    clusters,
    listeners.map(({ value }) => value),
    dynamic,
  );
  const { ads, cds, lds } = dynamic;
  if (ads ?? cds ?? lds) refuseAnonymousNode(context, node);
  const bootstrap: Bootstrap = {
    node: toNodeIdentity(api, node),
    staticListeners: listeners,
    staticClusters: clusters,
    staticSecrets: secrets,
    grpcServers,
    ...dynamic,
    ...decodeLoadStats(context, message, clusters),
    runtime,
    ignored: context.ignored,
    wire: createBootstrapWire(api, node, read),
    ...defined<Pick<Bootstrap, 'admin'>>({ admin: decodeAdmin(context, message) }),
  };
  if (context.problems.length > 0) throw new InvalidInputError(context.problems);
  return deepFreeze(bootstrap);
}

function decodeClusters(context: DecodeContext, message: BootstrapMessage): Cluster[] {
  return (message.staticResources?.clusters ?? []).map((cluster, i) =>
    decodeCluster(context, cluster, `static_resources.clusters[${i}]`),
  );
}

function decodeSecrets(context: DecodeContext, message: BootstrapMessage): StaticResource<Secret>[] {
  return (message.staticResources?.secrets ?? []).flatMap((secret, i) => {
    const value = decodeSecret(context, secret, `static_resources.secrets[${i}]`);
    const bytes = context.options.api.encode('envoy.extensions.transport_sockets.tls.v3.Secret', secret);
    return value === undefined ? [] : [{ value, bytes }];
  });
}

function decodeListeners(context: DecodeContext, message: BootstrapMessage): StaticResource<Listener>[] {
  return (message.staticResources?.listeners ?? []).map((listener, i) => {
    const value = decodeListener(context, listener, `static_resources.listeners[${i}]`);
    return {
      // A listener may have no name; everything that speaks of it needs one.
      value: value.name === '' ? { ...value, name: `static_listener_${i}` } : value,
      bytes: context.options.api.encode('envoy.config.listener.v3.Listener', listener),
    };
  });
}

function decodeLoadStats(
  context: DecodeContext,
  { clusterManager }: BootstrapMessage,
  clusters: readonly Cluster[],
): Pick<Bootstrap, 'loadStats'> {
  const source = clusterManager?.loadStatsConfig;
  if (source === undefined) return {};
  return { loadStats: decodeAdsConfig(context, source, clusters, 'cluster_manager.load_stats_config') };
}

function decodeDynamic(
  context: DecodeContext,
  { dynamicResources }: BootstrapMessage,
  clusters: readonly Cluster[],
): Pick<Bootstrap, 'ads' | 'cds' | 'lds'> {
  const { adsConfig, cdsConfig, ldsConfig } = dynamicResources ?? {};
  return defined<Pick<Bootstrap, 'ads' | 'cds' | 'lds'>>({
    ads: adsConfig === undefined ? undefined : decodeAdsConfig(context, adsConfig, clusters),
    cds:
      cdsConfig === undefined
        ? undefined
        : decodeConfigSource(context, cdsConfig, 'dynamic_resources.cds_config'),
    lds:
      ldsConfig === undefined
        ? undefined
        : decodeConfigSource(context, ldsConfig, 'dynamic_resources.lds_config'),
  });
}

function refuseAnonymousNode(
  context: DecodeContext,
  node: { readonly id: string; readonly cluster: string },
): void {
  if (node.id === '')
    context.refuse(
      'node.id',
      'must be set (here or with --service-node): the management server knows proxies by it',
    );
  if (node.cluster === '')
    context.refuse(
      'node.cluster',
      'must be set (here or with --service-cluster): the management server asks for it',
    );
}

function decodeAdmin(context: DecodeContext, { admin }: BootstrapMessage): Bootstrap['admin'] | undefined {
  if (admin?.address === undefined) return undefined;
  const address = decodeListenAddress(context, admin.address, 'admin.address');
  if (address.protocol === 'udp') {
    context.refuse('admin.address.socket_address.protocol', 'must be TCP: the interface speaks HTTP');
  }
  return { address };
}
