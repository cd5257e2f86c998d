import type { HeaderMap } from '../../codec/header-map.ts';
import type { StreamInfo } from './stream-info.ts';
import type { FilterConfigs, Route, VirtualHost, WeightedCluster } from '../../config/model/route.ts';

/**
 * What routing decided for one stream, as the manager and filters see it. Made by `router/route-table.ts`, through
 * `RouteSelector`, so that downstream does not know the router.
 */
export interface RouteEntry {
  readonly route: Route;
  readonly virtualHost: VirtualHost;
  /** Name of the chosen cluster; empty for redirects and direct responses. */
  readonly clusterName: string;
  readonly weightedCluster: WeightedCluster | undefined;
  /** Most specific first: weighted cluster, route, virtual host, route table. */
  readonly filterConfigs: readonly FilterConfigs[];
  /** A request that was to be forwarded is answered here instead: the route's changes of answers hold, too. */
  modifyLocalReply?(headers: HeaderMap, info: StreamInfo, requestHeaders: HeaderMap | undefined): void;
}
