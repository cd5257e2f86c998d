const type = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;

/**
 * One listener for HTTP/1.1 and HTTP/2 with trailers and WebSockets, and a cluster for each upstream, which the host
 * names: `http1.test`, `http2.test`.
 */
export function buildBootstrap(setup: {
  readonly port: number;
  readonly adminPort: number;
  readonly upstreamPorts: Readonly<Record<string, number>>;
}): unknown {
  const upstreams = Object.entries(setup.upstreamPorts);
  const manager = {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'matrix',
    codec_type: 'AUTO',
    http_protocol_options: { enable_trailers: true },
    http2_protocol_options: { allow_connect: true },
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    route_config: {
      name: 'matrix',
      virtual_hosts: upstreams.map(([name]) => ({
        name,
        domains: [`${name}.test`],
        routes: [{ match: { prefix: '/' }, route: { cluster: name, timeout: '0s' } }],
      })),
    },
    http_filters: [{ name: 'router', typed_config: { '@type': type('filters.http.router.v3.Router') } }],
  };
  return {
    node: { id: 'matrix', cluster: 'matrix' },
    admin: { address: socketAddress(setup.adminPort) },
    static_resources: {
      listeners: [
        {
          name: 'matrix',
          address: socketAddress(setup.port),
          filter_chains: [{ filters: [{ name: 'manager', typed_config: manager }] }],
        },
      ],
      clusters: upstreams.map(([name, port]) => buildCluster(name, port)),
    },
  };
}

const protocolOptions: Readonly<Record<string, unknown>> = {
  http1: { http_protocol_options: { enable_trailers: true } },
  http2: { http2_protocol_options: { allow_connect: true } },
};

function buildCluster(name: string, port: number): unknown {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: protocolOptions[name],
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }],
    },
  };
}

function socketAddress(port: number): unknown {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
