import type { Rng } from '@heddle/shared/random/rng';
import type { HttpFilterContext } from '../downstream/http/http-filter.ts';
import { describeStats, type StatsOf } from '../stats/describe-stats.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import type { ThreadLocalClusters } from '../upstream/upstream.ts';

/** What all requests of one router filter share. */
export class RouterContext {
  readonly clusters: ThreadLocalClusters;
  readonly wheel: TimerWheel;
  readonly rng: Rng;
  readonly suppressEnvoyHeaders: boolean;
  readonly stats: RouterStats;

  constructor(clusters: ThreadLocalClusters, context: HttpFilterContext) {
    this.clusters = clusters;
    this.wheel = context.wheel;
    this.rng = context.rng;
    this.suppressEnvoyHeaders = context.manager.suppressEnvoyHeaders;
    this.stats = routerStats.create(context.stats);
  }
}

/** The router's own statistics. */
export const routerStats = describeStats(['http.<stat_prefix>.'], (make) => ({
  total: make.counter('rq_total', 'Requests that reached the router.'),
  noRoute: make.counter('no_route', 'Requests without a route: 404.'),
  noCluster: make.counter(
    'no_cluster',
    'Requests whose route names a cluster that does not exist or does not serve yet.',
  ),
  redirect: make.counter('rq_redirect', 'Requests that a route redirected.'),
  directResponse: make.counter('rq_direct_response', 'Requests that a route answered itself.'),
  resetAfterResponseStarted: make.counter(
    'rq_reset_after_downstream_response_started',
    'Answers that broke off after they had begun.',
  ),
}));

export type RouterStats = StatsOf<typeof routerStats>;
