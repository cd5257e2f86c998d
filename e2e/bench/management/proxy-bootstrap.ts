import { benchHost } from '../proxies/proxy.ts';
import { probedCluster } from './many-clusters.ts';

const typeUrl = (name: string): string => `type.googleapis.com/${name}`;
const socketAddress = (port: number): unknown => ({
  socket_address: { address: '127.0.0.1', port_value: port },
});

export interface ProxyPorts {
  readonly port: number;
  readonly adminPort: number;
  readonly xdsPort: number;
}

/** A listener of its own, every cluster by delta ADS. */
export function buildProxyBootstrap({ port, adminPort, xdsPort }: ProxyPorts): unknown {
  return {
    node: { id: 'bench', cluster: 'bench' },
    admin: { address: socketAddress(adminPort) },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'management' } }],
      },
      cds_config: { resource_api_version: 'V3', ads: {} },
    },
    static_resources: {
      listeners: [listener(port)],
      clusters: [
        {
          name: 'management',
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': typeUrl('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'management',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(xdsPort) } }] }],
          },
        },
      ],
    },
  };
}

function listener(port: number): unknown {
  return {
    name: 'ingress',
    address: socketAddress(port),
    filter_chains: [
      {
        filters: [
          {
            name: 'http',
            typed_config: {
              '@type': typeUrl(
                'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              ),
              stat_prefix: 'ingress',
              route_config: {
                // Its cluster comes later, over ADS.
                validate_clusters: false,
                virtual_hosts: [
                  {
                    name: 'bench',
                    domains: [benchHost],
                    routes: [{ match: { prefix: '/' }, route: { cluster: probedCluster } }],
                  },
                ],
              },
              http_filters: [
                {
                  name: 'router',
                  typed_config: { '@type': typeUrl('envoy.extensions.filters.http.router.v3.Router') },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}
