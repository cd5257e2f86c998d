import type { GrpcServer } from '../config/model/bootstrap.ts';
import type { Cluster } from '../config/model/cluster.ts';
import type { Listener } from '../config/model/listener.ts';
import { secretsOf } from '../config/model/resolve-tls.ts';
import type { DownstreamTls } from '../config/model/tls.ts';
import { DecodeContext } from '../config/resources/decode-context.ts';
import { decodeGrpcServer } from './ads-config.ts';

/**
 * How every static cluster is reached that gRPC can go to: listeners that come later may name any of them for their
 * secrets. Whoever names another one is refused.
 */
export function findGrpcServers(
  context: DecodeContext,
  clusters: readonly Cluster[],
  listeners: readonly Listener[],
): ReadonlyMap<string, GrpcServer> {
  const servers = new Map<string, GrpcServer>();
  for (const cluster of clusters) {
    const own = new DecodeContext(context.options);
    const server = decodeGrpcServer(own, cluster, cluster.name, '');
    if (own.problems.length === 0) servers.set(cluster.name, server);
  }
  for (const [i, { tls }] of clusters.entries()) {
    check(context, tls === undefined ? [] : [tls], servers, `static_resources.clusters[${i}]`);
  }
  for (const [i, { filterChains, defaultFilterChain }] of listeners.entries()) {
    const chains = [...filterChains, ...(defaultFilterChain === undefined ? [] : [defaultFilterChain])];
    const contexts = chains.flatMap(({ tls }) => tls ?? []);
    check(context, contexts, servers, `static_resources.listeners[${i}]`);
  }
  return servers;
}

function check(
  context: DecodeContext,
  contexts: readonly Pick<DownstreamTls, 'secrets'>[],
  servers: ReadonlyMap<string, GrpcServer>,
  path: string,
): void {
  for (const { name, source } of contexts.flatMap(secretsOf)) {
    if (source.kind !== 'grpc' || servers.has(source.service.clusterName)) continue;
    const cluster = JSON.stringify(source.service.clusterName);
    context.refuse(
      path,
      `secret ${JSON.stringify(name)} comes from cluster ${cluster}, and that is no static cluster without TLS`,
    );
  }
}
