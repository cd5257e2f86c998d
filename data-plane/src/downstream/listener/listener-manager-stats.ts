import { describeStats, type StatsOf } from '../../stats/describe-stats.ts';

/** Main thread. */
export const listenerManagerStats = describeStats(['listener_manager.'], (make) => ({
  added: make.counter('listener_added', 'Listeners that were new, from the bootstrap and from LDS.'),
  modified: make.counter('listener_modified', 'Listeners that changed.'),
  removed: make.counter('listener_removed', 'Listeners that went.'),
  inPlaceUpdated: make.counter(
    'listener_in_place_updated',
    'Changes that touch filter chains only: connections on the other chains stayed.',
  ),
  createFailure: make.counter(
    'listener_create_failure',
    'Listeners, or changes of one, whose address cannot be listened on.',
  ),
  active: make.gauge('total_listeners_active', 'Listeners that serve.', 'listeners'),
  warming: make.gauge('total_listeners_warming', 'Listeners that do not serve yet.', 'listeners'),
  draining: make.gauge(
    'total_listeners_draining',
    'Listeners that were replaced or removed, for as long as their connections may last.',
    'listeners',
  ),
}));

export type ListenerManagerStats = StatsOf<typeof listenerManagerStats>;
