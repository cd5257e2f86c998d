import type { LanePorts } from '../socket-lane.ts';

/** The same file for Envoy and for Heddle: trailers, `via` and WebSocket are on, everything else is as it is by default. */
export function buildBootstrap(lanes: readonly LanePorts[]): unknown {
  return {
    node: { id: 'rules', cluster: 'rules' },
    static_resources: {
      listeners: lanes.flatMap(({ port, http10Port }, lane) => [
        buildListener(`lane-${lane}`, port, lane, false),
        buildListener(`lane-${lane}-http10`, http10Port, lane, true),
      ]),
      clusters: lanes.map(({ upstreamPort }, lane) => buildCluster(lane, upstreamPort)),
    },
  };
}

const type = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;

function buildListener(name: string, port: number, lane: number, acceptsHttp10: boolean): unknown {
  return {
    name,
    address: socketAddress(port),
    filter_chains: [
      {
        filters: [
          {
            name: 'manager',
            typed_config: {
              '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
              stat_prefix: 'rules',
              codec_type: 'HTTP1',
              via: '1.1 proxy',
              delayed_close_timeout: '0.02s',
              http_protocol_options: { enable_trailers: true, accept_http_10: acceptsHttp10 },
              upgrade_configs: [{ upgrade_type: 'websocket' }],
              route_config: {
                name: 'rules',
                virtual_hosts: [
                  {
                    name: 'rules',
                    domains: ['*'],
                    routes: [{ match: { prefix: '/' }, route: { cluster: `lane-${lane}` } }],
                  },
                ],
              },
              http_filters: [
                { name: 'router', typed_config: { '@type': type('filters.http.router.v3.Router') } },
              ],
            },
          },
        ],
      },
    ],
  };
}

function buildCluster(lane: number, port: number): unknown {
  return {
    name: `lane-${lane}`,
    type: 'STATIC',
    connect_timeout: '5s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http_protocol_options: { enable_trailers: true } },
      },
    },
    load_assignment: {
      cluster_name: `lane-${lane}`,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }],
    },
  };
}

function socketAddress(port: number): unknown {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
