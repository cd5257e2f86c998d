import { downstreamTls, upstreamTls } from './envoy-tls.ts';
import { benchHost, unusedAddresses, unusedPort, type ProxySetup } from './proxy.ts';

/**
 * The same file for Envoy and for Heddle: one listener, one route, one cluster, and unused clusters. `isTuned`: as
 * Envoy's FAQ advises for benchmarks: no limits that queue, no request ids, no dynamic statistics of the router.
 */
export function buildBootstrap(setup: ProxySetup, { isTuned }: { readonly isTuned: boolean }): unknown {
  return {
    node: { id: 'bench', cluster: 'bench' },
    admin: { address: socketAddress('127.0.0.1', setup.adminPort) },
    static_resources: {
      listeners: [buildListener(setup, isTuned)],
      clusters: [
        {
          ...buildCluster('upstream', ['127.0.0.1'], setup.upstreamPort, isTuned),
          ...(['http1', 'tcp'].includes(setup.protocols.upstream) ? {} : http2Upstream),
          ...upstreamTls(setup.protocols, setup.certificates),
        },
        ...(setup.abuseUpstreamPort === undefined
          ? []
          : [buildCluster('abused', ['127.0.0.1'], setup.abuseUpstreamPort, isTuned)]),
        ...(setup.abuseHttp2UpstreamPort === undefined
          ? []
          : [
              {
                ...buildCluster('abused-http2', ['127.0.0.1'], setup.abuseHttp2UpstreamPort, isTuned),
                ...http2Upstream,
              },
            ]),
        ...Array.from({ length: setup.unusedClusters }, (_, index) =>
          buildCluster(`unused-${index}`, unusedAddresses(index), unusedPort, isTuned),
        ),
      ],
    },
  };
}

function buildListener(setup: ProxySetup, isTuned: boolean): unknown {
  const { downstream } = setup.protocols;
  return {
    name: 'bench',
    address: socketAddress('127.0.0.1', setup.port),
    filter_chains: [
      {
        filters: [downstream === 'tcp' ? tcpProxy : buildManager(setup, codecTypes[downstream], isTuned)],
        ...downstreamTls(setup.protocols, setup.certificates),
      },
    ],
  };
}

const tcpProxy = {
  name: 'envoy.filters.network.tcp_proxy',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
    stat_prefix: 'bench',
    cluster: 'upstream',
  },
};

const codecTypes = { http1: 'HTTP1', http2: 'HTTP2', auto: 'AUTO' };

function buildManager(
  { abuseUpstreamPort, abuseHttp2UpstreamPort }: ProxySetup,
  codecType: string,
  isTuned: boolean,
): unknown {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type':
        'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      stat_prefix: 'bench',
      codec_type: codecType,
      ...(isTuned ? { generate_request_id: false } : {}),
      route_config: {
        name: 'bench',
        virtual_hosts: [
          {
            name: 'bench',
            domains: [benchHost],
            routes: [
              ...(abuseUpstreamPort === undefined
                ? []
                : [{ match: { prefix: '/abuse/' }, route: abuseRoute('abused') }]),
              ...(abuseHttp2UpstreamPort === undefined
                ? []
                : [{ match: { prefix: '/abuse-http2/' }, route: abuseRoute('abused-http2') }]),
              { match: { prefix: '/' }, route: { cluster: 'upstream' } },
            ],
          },
        ],
      },
      http_filters: [
        {
          name: 'envoy.filters.http.router',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
            ...(isTuned ? { dynamic_stats: false } : {}),
          },
        },
      ],
    },
  };
}

/** No time-out: what lasts shall last. */
const abuseRoute = (cluster: string): unknown => ({ cluster, timeout: '0s' });

const http2Upstream = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

const unlimited = 1_000_000_000;

function buildCluster(name: string, addresses: readonly string[], port: number, isTuned: boolean): object {
  const thresholds = {
    max_connections: unlimited,
    max_pending_requests: unlimited,
    max_requests: unlimited,
    max_retries: unlimited,
  };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    ...(isTuned ? { circuit_breakers: { thresholds: [thresholds] } } : {}),
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: addresses.map((address) => ({ endpoint: { address: socketAddress(address, port) } })),
        },
      ],
    },
  };
}

function socketAddress(address: string, port: number): unknown {
  return { socket_address: { address, port_value: port } };
}
