import { createGrpcHttp1BridgeFilterFactory } from './downstream/http/filters/grpc-http1-bridge.ts';
import { createGrpcStatsFilterFactory } from './downstream/http/filters/grpc-stats.ts';
import { createGrpcWebFilterFactory } from './downstream/http/filters/grpc-web.ts';
import type { HttpFilterFactory } from './downstream/http/http-filter.ts';
import { createRouterFilterFactory } from './router/router-filter.ts';
import type { StatsScope } from './stats/stats.ts';
import type { ThreadLocalClusters } from './upstream/upstream.ts';

/**
 * The HTTP filters that run; `httpFilterDecoders` in config/resources is the table of those that can be configured.
 * `stats` is the root.
 */
export function createHttpFilterFactories(
  clusters: ThreadLocalClusters,
  stats: StatsScope,
): readonly HttpFilterFactory[] {
  const scopeOfCluster = (name: string): StatsScope | undefined => {
    const cluster = clusters.get(name);
    return cluster && stats.scope(`cluster.${cluster.info.statName}.`);
  };
  return Object.freeze([
    createGrpcStatsFilterFactory(scopeOfCluster),
    createGrpcWebFilterFactory(scopeOfCluster),
    createGrpcHttp1BridgeFilterFactory(),
    createRouterFilterFactory(clusters),
  ]);
}
