/** A resource as proto JSON. */
export type XdsResource = { readonly '@type': string } & Readonly<Record<string, unknown>>;

const typeUrl = (name: string): string => `type.googleapis.com/${name}`;
const overAds = { resource_api_version: 'V3', ads: {} };

export function edsCluster(name: string, more: Readonly<Record<string, unknown>> = {}): XdsResource {
  return {
    '@type': typeUrl('envoy.config.cluster.v3.Cluster'),
    name,
    type: 'EDS',
    connect_timeout: '1s',
    eds_cluster_config: { eds_config: overAds },
    ...more,
  };
}

/** Each port of 127.0.0.1 is an endpoint. */
export function assignment(cluster: string, ports: readonly number[]): XdsResource {
  return {
    '@type': typeUrl('envoy.config.endpoint.v3.ClusterLoadAssignment'),
    cluster_name: cluster,
    endpoints: [
      {
        lb_endpoints: ports.map((port) => ({
          endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
        })),
      },
    ],
  };
}

/** Everything of the route table goes to one cluster. */
export function routeTo(
  cluster: string,
  { name = 'routes', ...action }: Readonly<Record<string, unknown>> = {},
): XdsResource {
  return {
    '@type': typeUrl('envoy.config.route.v3.RouteConfiguration'),
    name,
    virtual_hosts: [
      { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster, ...action } }] },
    ],
  };
}

/** An HTTP listener of 127.0.0.1 that takes its route table from RDS. */
export function httpListener(
  port: number,
  {
    filters = [],
    routes = 'routes',
  }: { readonly filters?: readonly unknown[]; readonly routes?: string } = {},
): XdsResource {
  const router = {
    name: 'router',
    typed_config: { '@type': typeUrl('envoy.extensions.filters.http.router.v3.Router') },
  };
  const manager = {
    '@type': typeUrl('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'ingress',
    rds: { route_config_name: routes, config_source: overAds },
    http_filters: [...filters, router],
  };
  return {
    '@type': typeUrl('envoy.config.listener.v3.Listener'),
    name: 'ingress',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
  };
}

/** An HTTP filter that Heddle does not have. */
export const luaFilter = {
  name: 'script',
  typed_config: {
    '@type': typeUrl('envoy.extensions.filters.http.lua.v3.Lua'),
    default_source_code: { inline_string: 'function envoy_on_request(handle) end' },
  },
};
