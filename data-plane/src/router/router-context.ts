import type { Rng } from '@heddle/shared/random/rng';
import type { HttpFilterContext } from '../downstream/http/http-filter.ts';
import type { Counter } from '../stats/stats.ts';
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
    this.stats = new RouterStats(context);
  }
}

/** The router's own statistics, below `http.<stat_prefix>.`. */
export class RouterStats {
  readonly noRoute: Counter;
  readonly noCluster: Counter;
  readonly redirect: Counter;
  readonly directResponse: Counter;
  readonly total: Counter;
  readonly resetAfterResponseStarted: Counter;

  constructor({ stats }: HttpFilterContext) {
    this.noRoute = stats.counter('no_route');
    this.noCluster = stats.counter('no_cluster');
    this.redirect = stats.counter('rq_redirect');
    this.directResponse = stats.counter('rq_direct_response');
    this.total = stats.counter('rq_total');
    this.resetAfterResponseStarted = stats.counter('rq_reset_after_downstream_response_started');
  }
}
