import type { Cluster } from '../config/model/cluster.ts';
import { managerOf, type Listener } from '../config/model/listener.ts';
import { clustersOfRouteTable } from '../config/model/route.ts';
import type { DecodeContext } from '../config/resources/decode-context.ts';

/** Names that must be there, or must not be there twice, among the static resources. */
export function checkStaticReferences(
  context: DecodeContext,
  listeners: readonly Listener[],
  clusters: readonly Cluster[],
  secretNames: readonly string[],
): void {
  refuseDuplicates(
    context,
    clusters.map(({ name }) => name),
    'static_resources.clusters',
  );
  refuseDuplicates(
    context,
    listeners.map(({ name }) => name),
    'static_resources.listeners',
  );
  refuseDuplicates(context, secretNames, 'static_resources.secrets');
  const known = new Set(clusters.map(({ name }) => name));
  for (const [i, listener] of listeners.entries()) {
    const chains = listener.filterChains.map((chain, j) => ({ chain, path: `filter_chains[${j}]` }));
    if (listener.defaultFilterChain !== undefined) {
      chains.push({ chain: listener.defaultFilterChain, path: 'default_filter_chain' });
    }
    for (const { chain, path } of chains) {
      const routes = managerOf(chain)?.routes;
      // Envoy's default: a table that stands in a file names clusters that stand in a file.
      if (routes?.kind !== 'inline' || routes.table.validateClusters === false) continue;
      for (const name of clustersOfRouteTable(routes.table)) {
        if (known.has(name) || name === '') continue;
        context.refuse(
          `static_resources.listeners[${i}].${path}.filters[${chain.precedingFilters.length}].typed_config.route_config`,
          `routes to cluster ${JSON.stringify(name)}, which is no static cluster (validate_clusters: false allows it)`,
        );
      }
    }
  }
}

function refuseDuplicates(context: DecodeContext, names: readonly string[], path: string): void {
  for (const [i, name] of names.entries()) {
    const first = names.indexOf(name);
    if (first !== i)
      context.refuse(
        `${path}[${i}].name`,
        `${JSON.stringify(name)} is the name of ${path}[${first}] already`,
      );
  }
}
