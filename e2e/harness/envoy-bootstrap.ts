import type { ProxyOptions } from './parts.ts';

export interface ProxyPorts {
  readonly outboundPort: number;
  readonly inboundPort: number;
  readonly adminPort: number;
}

/** The bootstrap file of a real Envoy that gets everything by ADS (delta) and says the same of itself as a sidecar. */
export function envoyBootstrap(options: ProxyOptions, ports: ProxyPorts): object {
  const { id, service, appPort, upstreams, controlPlane } = options;
  const socket = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  return {
    node: {
      id,
      cluster: service ?? id,
      metadata: {
        heddle: {
          outboundPort: ports.outboundPort,
          ...(upstreams === undefined ? {} : { upstreams }),
          ...(service === undefined ? {} : { service, inboundPort: ports.inboundPort, appPort }),
        },
      },
    },
    admin: { address: socket(ports.adminPort) },
    ...(options.reportsLoad === true ? { cluster_manager: { load_stats_config: overGrpc('GRPC') } } : {}),
    dynamic_resources: {
      ads_config: overGrpc('DELTA_GRPC'),
      lds_config: { ads: {}, resource_api_version: 'V3' },
      cds_config: { ads: {}, resource_api_version: 'V3' },
    },
    static_resources: {
      clusters: [
        {
          name: 'control-plane',
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'control-plane',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(controlPlane.xdsPort) } }] }],
          },
        },
      ],
    },
  };
}

function overGrpc(apiType: string): object {
  return {
    api_type: apiType,
    transport_api_version: 'V3',
    grpc_services: [{ envoy_grpc: { cluster_name: 'control-plane' } }],
  };
}
