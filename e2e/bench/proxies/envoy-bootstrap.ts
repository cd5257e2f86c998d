import type { ProxyPorts } from './proxy.ts';

/** The same file for Envoy and for Heddle: one listener, one route, one cluster. */
export function buildBootstrap({ port, upstreamPort, adminPort }: ProxyPorts): unknown {
  const address = (portValue: number): unknown => ({
    socket_address: { address: '127.0.0.1', port_value: portValue },
  });
  return {
    node: { id: 'bench', cluster: 'bench' },
    admin: { address: address(adminPort) },
    static_resources: {
      listeners: [
        {
          name: 'bench',
          address: address(port),
          filter_chains: [
            {
              filters: [
                {
                  name: 'envoy.filters.network.http_connection_manager',
                  typed_config: {
                    '@type':
                      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                    stat_prefix: 'bench',
                    codec_type: 'HTTP1',
                    route_config: {
                      name: 'bench',
                      virtual_hosts: [
                        {
                          name: 'bench',
                          domains: ['bench.test'],
                          routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream' } }],
                        },
                      ],
                    },
                    http_filters: [
                      {
                        name: 'envoy.filters.http.router',
                        typed_config: {
                          '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                        },
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'upstream',
          type: 'STATIC',
          connect_timeout: '1s',
          load_assignment: {
            cluster_name: 'upstream',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstreamPort) } }] }],
          },
        },
      ],
    },
  };
}
