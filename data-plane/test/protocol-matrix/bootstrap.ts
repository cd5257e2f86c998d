import { authorityPem, certificate, serverName, type Protocol } from './protocols.ts';

const type = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;

export interface UpstreamAddress {
  readonly protocol: Protocol;
  readonly port: number;
}

/**
 * A listener for HTTP/1.1 and HTTP/2 with trailers and WebSockets, another one with TLS, and a cluster for each
 * upstream, which the host names: `http1.test`, `http2-tls.test`.
 */
export function buildBootstrap(setup: {
  readonly port: number;
  readonly securePort: number;
  readonly adminPort: number;
  readonly upstreams: readonly UpstreamAddress[];
}): unknown {
  const manager = {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'matrix',
    codec_type: 'AUTO',
    http_protocol_options: { enable_trailers: true },
    http2_protocol_options: { allow_connect: true },
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    route_config: {
      name: 'matrix',
      virtual_hosts: setup.upstreams.map(({ protocol: { name } }) => ({
        name,
        domains: [`${name}.test`],
        routes: [{ match: { prefix: '/' }, route: { cluster: name, timeout: '0s' } }],
      })),
    },
    http_filters: [{ name: 'router', typed_config: { '@type': type('filters.http.router.v3.Router') } }],
  };
  const filters = [{ name: 'manager', typed_config: manager }];
  return {
    node: { id: 'matrix', cluster: 'matrix' },
    admin: { address: socketAddress(setup.adminPort) },
    static_resources: {
      listeners: [
        { name: 'plain', address: socketAddress(setup.port), filter_chains: [{ filters }] },
        {
          name: 'secure',
          address: socketAddress(setup.securePort),
          filter_chains: [{ filters, transport_socket: downstreamTls }],
        },
      ],
      clusters: setup.upstreams.map(buildCluster),
    },
  };
}

const tlsType = (side: string): string => type(`transport_sockets.tls.v3.${side}TlsContext`);

const downstreamTls = {
  name: 'tls',
  typed_config: {
    '@type': tlsType('Downstream'),
    common_tls_context: {
      alpn_protocols: ['h2', 'http/1.1'],
      tls_certificates: [
        {
          certificate_chain: { inline_string: certificate.pem },
          private_key: { inline_string: certificate.privateKeyPem },
        },
      ],
    },
  },
};

const upstreamTls = {
  name: 'tls',
  typed_config: {
    '@type': tlsType('Upstream'),
    sni: serverName,
    common_tls_context: {
      validation_context: {
        trusted_ca: { inline_string: authorityPem },
        match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: serverName } }],
      },
    },
  },
};

const protocolOptions: Readonly<Record<Protocol['http'], unknown>> = {
  http1: { http_protocol_options: { enable_trailers: true } },
  http2: { http2_protocol_options: { allow_connect: true } },
};

function buildCluster({ protocol: { name, http, isSecure }, port }: UpstreamAddress): unknown {
  return {
    name,
    ...(isSecure ? { transport_socket: upstreamTls } : {}),
    type: 'STATIC',
    connect_timeout: '5s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: protocolOptions[http],
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
