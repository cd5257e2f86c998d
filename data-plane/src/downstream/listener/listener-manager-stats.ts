import type { Counter, Gauge, StatsScope } from '../../stats/stats.ts';

/** `listener_manager.*`, under Envoy's names. */
export interface ListenerManagerStats {
  readonly added: Counter;
  readonly modified: Counter;
  readonly removed: Counter;
  readonly inPlaceUpdated: Counter;
  readonly createFailure: Counter;
  readonly active: Gauge;
  readonly warming: Gauge;
  readonly draining: Gauge;
}

export function createListenerManagerStats(root: StatsScope): ListenerManagerStats {
  const scope = root.scope('listener_manager.');
  return {
    added: scope.counter('listener_added'),
    modified: scope.counter('listener_modified'),
    removed: scope.counter('listener_removed'),
    inPlaceUpdated: scope.counter('listener_in_place_updated'),
    createFailure: scope.counter('listener_create_failure'),
    active: scope.gauge('total_listeners_active'),
    warming: scope.gauge('total_listeners_warming'),
    draining: scope.gauge('total_listeners_draining'),
  };
}
