import { isDeepStrictEqual } from 'node:util';
import type { Cluster, TransportSocketMatch } from '../../config/model/cluster.ts';
import type { UpstreamTls } from '../../config/model/tls.ts';
import type { Endpoint } from '../../config/model/endpoints.ts';
import type { Counter, StatsScope } from '../../stats/stats.ts';
import { describeStats } from '../../stats/describe-stats.ts';

export const transportSocketMatchStats = describeStats(['cluster.<cluster>.<match>.'], (make) => ({
  total: make.counter(
    'total_match_count',
    'Hosts that use this one of `transport_socket_matches` when they come; `default`: the socket of the cluster.',
  ),
}));

/** Of one cluster object: which socket a host has, and counts it. `scope`: `cluster.<name>.`. */
export function createTransportSocketMatcher(
  matches: readonly TransportSocketMatch[],
  scope: StatsScope,
): (endpoint: Endpoint) => number {
  const counterOf = (name: string): Counter =>
    transportSocketMatchStats.create(scope.scope(`${name}.`)).total;
  const byDefault = counterOf('default');
  const counters = matches.map(({ name }) => counterOf(name));
  return ({ socketMatchMetadata = [] }) => {
    const index = matchTransportSocket(matches, socketMatchMetadata);
    (counters[index] ?? byDefault).inc();
    return index;
  };
}

type Labels = Readonly<Record<string, unknown>>;

/** The first one all of whose values are in one of the metadata; -1: none. */
export function matchTransportSocket(
  matches: readonly TransportSocketMatch[],
  metadata: readonly Labels[],
): number {
  return matches.findIndex(({ match }) => {
    const labels = Object.entries(match);
    if (labels.length === 0) return true;
    return metadata.some((values) => labels.every(([name, value]) => isDeepStrictEqual(values[name], value)));
  });
}

/** Every TLS context that connections of the cluster may have. */
export function tlsContextsOf({ tls, transportSocketMatches = [] }: Cluster): readonly UpstreamTls[] {
  return [tls, ...transportSocketMatches.map((match) => match.tls)].filter(
    (context) => context !== undefined,
  );
}
