import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { RouteTables } from './config/route-tables.ts';
import type { ListenerManager } from './downstream/listener/listener-manager.ts';
import type { ClusterManager } from './upstream/cluster-manager.ts';

export interface WarmedStages {
  readonly clusters: Pick<ClusterManager, 'warmingCount'>;
  readonly listeners: Pick<ListenerManager, 'inspect'>;
  readonly routeTables: Pick<RouteTables, 'inspect'>;
}

/** Whether nothing of a type warms or waits: what was accepted of it is what was handed to the workers. */
export function isTypeSettled(typeUrl: string, { clusters, listeners, routeTables }: WarmedStages): boolean {
  switch (typeUrl) {
    case typeUrls.cluster:
      return clusters.warmingCount === 0;
    case typeUrls.listener:
      return listeners.inspect().every(({ warming }) => warming === undefined);
    case typeUrls.routeConfiguration:
      return routeTables.inspect().every(({ waitingFor }) => waitingFor.length === 0);
    default:
      return true;
  }
}
