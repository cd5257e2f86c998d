import type { Discovery as DiscoveryModel } from '../../config/model/cluster.ts';
import type { StatsScope } from '../../stats/stats.ts';
import { DnsDiscovery } from './dns-discovery.ts';
import type { DnsContext } from './dns-target.ts';
import type { Discovery } from './discovery.ts';
import type { EdsAssignments } from './eds-assignments.ts';
import { EdsDiscovery } from './eds-discovery.ts';
import { StaticDiscovery } from './static-discovery.ts';

/** `cluster`: the cluster's scope of statistics. */
export function createDiscovery(
  discovery: DiscoveryModel,
  context: Omit<DnsContext, 'stats'> & { readonly assignments: EdsAssignments },
  cluster: StatsScope,
): Discovery {
  switch (discovery.kind) {
    case 'static':
      return new StaticDiscovery(discovery.endpoints);
    case 'eds':
      return new EdsDiscovery(context.assignments, discovery.serviceName, discovery, cluster);
    case 'strict-dns':
    case 'logical-dns':
      return new DnsDiscovery(discovery.kind, discovery.endpoints, discovery, { ...context, stats: cluster });
  }
}
