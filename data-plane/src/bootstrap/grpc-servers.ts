import type { Bootstrap, GrpcServer } from '../config/model/bootstrap.ts';
import type { Cluster } from '../config/model/cluster.ts';
import { managerOf, type Listener } from '../config/model/listener.ts';
import { secretsOf } from '../config/model/resolve-tls.ts';
import { clusterOfSource, type ResourceSource } from '../config/model/resource-source.ts';
import type { DownstreamTls } from '../config/model/tls.ts';
import { DecodeContext } from '../config/resources/decode-context.ts';
import { decodeGrpcServer } from './ads-config.ts';

/**
 * How every static cluster is reached that sources can go to: resources that come later may name any of them for
 * what they need. Whoever names another one is refused.
 */
export function findGrpcServers(
  context: DecodeContext,
  clusters: readonly Cluster[],
  listeners: readonly Listener[],
  dynamic: Pick<Bootstrap, 'cds' | 'lds'>,
): ReadonlyMap<string, GrpcServer> {
  const servers = new Map<string, GrpcServer>();
  for (const cluster of clusters) {
    const own = new DecodeContext(context.options);
    const server = decodeGrpcServer(own, cluster, cluster.name, '');
    if (own.problems.length === 0) servers.set(cluster.name, server);
  }
  const http2 = new Set(clusters.filter(({ http }) => http.http2 !== undefined).map(({ name }) => name));
  for (const { path, what, source } of namedSources(clusters, listeners, dynamic)) {
    const name = clusterOfSource(source) ?? '';
    if (name === '') continue;
    const subject = `${what} from cluster ${JSON.stringify(name)}, and that`;
    if (!servers.has(name)) context.refuse(path, `${subject} is no static cluster that can be asked`);
    else if (source.kind === 'rest' && http2.has(name))
      context.refuse(path, `${subject} speaks HTTP/2: polling over HTTP/2 is not supported by Heddle yet`);
  }
  return servers;
}

interface NamedSource {
  readonly path: string;
  readonly what: string;
  readonly source: ResourceSource;
}

function* namedSources(
  clusters: readonly Cluster[],
  listeners: readonly Listener[],
  { cds, lds }: Pick<Bootstrap, 'cds' | 'lds'>,
): Generator<NamedSource> {
  if (cds !== undefined)
    yield { path: 'dynamic_resources.cds_config', what: 'clusters come', source: cds.source };
  if (lds !== undefined)
    yield { path: 'dynamic_resources.lds_config', what: 'listeners come', source: lds.source };
  for (const [i, { tls, discovery }] of clusters.entries()) {
    const path = `static_resources.clusters[${i}]`;
    yield* secretSources(tls === undefined ? [] : [tls], path);
    if (discovery.kind === 'eds')
      yield {
        path: `${path}.eds_cluster_config.eds_config`,
        what: 'endpoints come',
        source: discovery.source,
      };
  }
  for (const [i, { filterChains, defaultFilterChain }] of listeners.entries()) {
    const path = `static_resources.listeners[${i}]`;
    for (const chain of [
      ...filterChains,
      ...(defaultFilterChain === undefined ? [] : [defaultFilterChain]),
    ]) {
      yield* secretSources(chain.tls === undefined ? [] : [chain.tls], path);
      const routes = managerOf(chain)?.routes;
      if (routes?.kind === 'rds' && routes.source !== undefined)
        yield { path, what: `routes ${JSON.stringify(routes.routeConfigName)} come`, source: routes.source };
      if (routes?.kind !== 'scoped') continue;
      const { rds, scopes } = routes.scoped;
      if (rds !== undefined) yield { path, what: 'routes of scopes come', source: rds.source };
      if (scopes.kind === 'srds') yield { path, what: 'scopes come', source: scopes.source };
    }
  }
}

function* secretSources(
  contexts: readonly Pick<DownstreamTls, 'secrets'>[],
  path: string,
): Generator<NamedSource> {
  for (const { name, source } of contexts.flatMap(secretsOf))
    yield { path, what: `secret ${JSON.stringify(name)} comes`, source };
}
