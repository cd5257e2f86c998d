/** A family in the text for Prometheus that Envoy does not have, or has otherwise, and why. */
export interface EnvoyDifference {
  readonly name: string;
  readonly because: string;
}

const ownFilters = 'HTTP filters of Heddle are TypeScript, and may throw';
const ownOverload =
  'Heddle guards itself without an `overload_manager` in the bootstrap, and by resources of its own';

export const envoyDifferences: readonly EnvoyDifference[] = [
  { name: 'envoy_filesystem_lines_dropped', because: 'Envoy does not say which lines of logs are lost' },
  { name: 'envoy_http_downstream_rq_filter_exception', because: ownFilters },
  {
    name: 'envoy_overload_envoy_overload_actions_stop_accepting_connections_active',
    because: `${ownOverload}; Envoy has it once its overload manager is configured`,
  },
  { name: 'envoy_overload_heddle_resource_monitors_descriptors_exhausted', because: ownOverload },
  { name: 'envoy_overload_heddle_resource_monitors_worker_heap_exhausted', because: ownOverload },
  {
    name: 'envoy_server_worker_deaths',
    because: 'a worker of Heddle that dies is started again, while an Envoy would end',
  },
];
