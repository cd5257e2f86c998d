import type { XdsResource } from '../xds-resources.ts';

/** What a rule does with a request that it matches. */
export type RuleAction =
  | { readonly kind: 'cluster'; readonly cluster: string; readonly prefixRewrite?: string }
  | { readonly kind: 'split'; readonly clusters: readonly [string, string]; readonly firstWeight: number }
  | { readonly kind: 'direct'; readonly status: number }
  | { readonly kind: 'redirect'; readonly path: string };

/** Rules are judged in order; the first whose prefix the path begins with decides. */
export interface Rule {
  readonly prefix: string;
  readonly action: RuleAction;
}

export interface WorldCluster {
  /** Instances that are its endpoints, by number; none is allowed. */
  readonly instances: readonly number[];
  readonly lbPolicy: 'ROUND_ROBIN' | 'LEAST_REQUEST' | 'RANDOM';
  readonly maxRequests: number;
}

/** A small mesh, whole: what one snapshot says. */
export interface World {
  readonly clusters: ReadonlyMap<string, WorldCluster>;
  /** Of the host that probes ask for. */
  readonly rules: readonly Rule[];
  /** Where the constant load goes; it always has an instance. */
  readonly loadCluster: string;
  /** A new name is a new subscription, and a new filter chain. */
  readonly routeConfig: string;
  readonly statPrefix: string;
}

export const probeHost = 'probe.test';
export const loadHost = 'load.test';

/** What a probe must come to: the status, and who may have answered. */
export interface Expectation {
  readonly status: number;
  /** Empty where no instance answers. */
  readonly instances: readonly number[];
  readonly location?: string;
}

/** The meaning of a world for one request: an oracle that knows nothing of proxies. */
export function expectedAnswer(world: World, host: string, path: string): Expectation {
  if (host === loadHost) return answerOf(world, [world.loadCluster]);
  const rule = world.rules.find(({ prefix }) => path.startsWith(prefix));
  if (rule === undefined) return { status: 404, instances: [] };
  const { action } = rule;
  if (action.kind === 'direct') return { status: action.status, instances: [] };
  if (action.kind === 'redirect') {
    return { status: 301, instances: [], location: `http://${probeHost}${action.path}` };
  }
  // Never a split with an empty half: then either answer would be right.
  return answerOf(world, action.kind === 'cluster' ? [action.cluster] : chosenOf(action));
}

function answerOf(world: World, names: readonly string[]): Expectation {
  const instances = names.flatMap((name) => world.clusters.get(name)?.instances ?? []);
  return instances.length === 0 ? { status: 503, instances: [] } : { status: 200, instances };
}

function chosenOf({ clusters, firstWeight }: RuleAction & { kind: 'split' }): readonly string[] {
  if (firstWeight === 0) return [clusters[1]];
  return firstWeight === 100 ? [clusters[0]] : clusters;
}

const typeUrl = (name: string): string => `type.googleapis.com/${name}`;
const overAds = { resource_api_version: 'V3', ads: {} };

/** The world as xDS resources. `ports[n]` is where instance n listens. */
export function toResources(world: World, ports: readonly number[], listenerPort: number): XdsResource[] {
  return [
    ...[...world.clusters].flatMap(([name, cluster]) => clusterResources(name, cluster, ports)),
    {
      '@type': typeUrl('envoy.config.route.v3.RouteConfiguration'),
      name: world.routeConfig,
      virtual_hosts: [
        { name: 'probes', domains: [probeHost], routes: world.rules.map(routeOf) },
        {
          name: 'load',
          domains: [loadHost],
          routes: [{ match: { prefix: '/' }, route: { cluster: world.loadCluster } }],
        },
      ],
    },
    listenerOf(world, listenerPort),
  ];
}

function clusterResources(name: string, cluster: WorldCluster, ports: readonly number[]): XdsResource[] {
  return [
    {
      '@type': typeUrl('envoy.config.cluster.v3.Cluster'),
      name,
      type: 'EDS',
      connect_timeout: '1s',
      lb_policy: cluster.lbPolicy,
      circuit_breakers: { thresholds: [{ max_requests: cluster.maxRequests }] },
      // go-control-plane does not send unchanged endpoints of a changed cluster again: Envoy waits so long for them.
      eds_cluster_config: { eds_config: { ...overAds, initial_fetch_timeout: '0.5s' } },
    },
    {
      '@type': typeUrl('envoy.config.endpoint.v3.ClusterLoadAssignment'),
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: cluster.instances.map((instance) => ({
            endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: ports[instance] } } },
          })),
        },
      ],
    },
  ];
}

function routeOf({ prefix, action }: Rule): unknown {
  const match = { prefix };
  switch (action.kind) {
    case 'direct':
      return { match, direct_response: { status: action.status } };
    case 'redirect':
      return { match, redirect: { path_redirect: action.path } };
    case 'cluster': {
      const { cluster, prefixRewrite } = action;
      return {
        match,
        route: { cluster, ...(prefixRewrite === undefined ? {} : { prefix_rewrite: prefixRewrite }) },
      };
    }
    case 'split': {
      const [first, second] = action.clusters;
      return {
        match,
        route: {
          weighted_clusters: {
            clusters: [
              { name: first, weight: action.firstWeight },
              { name: second, weight: 100 - action.firstWeight },
            ],
          },
        },
      };
    }
  }
}

function listenerOf(world: World, port: number): XdsResource {
  const router = {
    name: 'router',
    typed_config: { '@type': typeUrl('envoy.extensions.filters.http.router.v3.Router') },
  };
  return {
    '@type': typeUrl('envoy.config.listener.v3.Listener'),
    name: 'ingress',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: 'http',
            typed_config: {
              '@type': typeUrl(
                'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              ),
              stat_prefix: world.statPrefix,
              rds: { route_config_name: world.routeConfig, config_source: overAds },
              http_filters: [router],
            },
          },
        ],
      },
    ],
  };
}
