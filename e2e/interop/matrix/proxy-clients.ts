import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { createAdmin, type Admin } from '../../harness/admin.ts';
import { answersOk, type Harness } from '../../harness/harness.ts';
import { startSidecar, type ControlPlane } from '../../harness/parts.ts';
import { EchoCaller } from './echo-calls.ts';
import type { MatrixClient, ResourceType } from './matrix-client.ts';

/** The ways in which an Envoy fetches its configuration. */
export const envoyWays = {
  'ADS, state of the world': { apiType: 'GRPC', isSeparate: false },
  'ADS, delta': { apiType: 'DELTA_GRPC', isSeparate: false },
  'separate services, state of the world': { apiType: 'GRPC', isSeparate: true },
  'separate services, delta': { apiType: 'DELTA_GRPC', isSeparate: true },
  'REST polling': { apiType: 'REST', isSeparate: true },
} as const;

export type EnvoyWay = keyof typeof envoyWays;

const refreshMs = 200;

export interface ProxyPlace {
  readonly node: string;
  /** The service beside it, and the port of its program. */
  readonly service: string;
  readonly appPort: number;
  readonly upstreams: readonly string[];
  /** One of its own, so that services have the same ports on every proxy. */
  readonly listenAddress: string;
  readonly controlPlane: ControlPlane;
}

/** A real Envoy. */
export async function startMatrixEnvoy(
  harness: Harness,
  program: string,
  way: EnvoyWay,
  place: ProxyPlace,
): Promise<MatrixClient> {
  const [outboundPort = 0, inboundPort = 0, adminPort = 0] = await findFreePorts(3);
  const admin = createAdmin(adminPort);
  const file = path.join(harness.folder, `${place.node}.json`);
  mkdirSync(harness.folder, { recursive: true });
  writeFileSync(file, JSON.stringify(bootstrapOf(way, place, { outboundPort, inboundPort, adminPort })));
  const flags = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'info'];
  await harness.start({ name: place.node, command: [program, '-c', file, ...flags] }, () =>
    answersOk(adminPort, '/ready'),
  );
  return createProxyClient(harness, 'Envoy', way, place, { outboundPort, inboundPort, admin });
}

/** Ours. */
export async function startMatrixSidecar(
  harness: Harness,
  variant: 'state of the world' | 'delta',
  place: ProxyPlace,
): Promise<MatrixClient> {
  const sidecar = await startSidecar(harness, {
    ...place,
    id: place.node,
    isDelta: variant === 'delta',
    drainTimeSeconds: 1,
  });
  return createProxyClient(harness, "Heddle's sidecar", `ADS, ${variant}`, place, sidecar);
}

/** Names of Envoy's counters. */
const rejections: Readonly<Record<ResourceType, RegExp>> = {
  LDS: /^listener_manager\.lds\./,
  RDS: /\.rds\./,
  CDS: /^cluster_manager\.cds\./,
  EDS: /^cluster\.[^.]+\.update_rejected$/,
  SDS: /\bsds\./,
};

function createProxyClient(
  harness: Harness,
  program: string,
  variant: string,
  { node, listenAddress }: ProxyPlace,
  { outboundPort, inboundPort, admin }: { outboundPort: number; inboundPort: number; admin: Admin },
): MatrixClient {
  const caller = new EchoCaller(harness);
  return {
    program,
    variant,
    node,
    kind: 'proxy',
    inboundPort,
    call: (service, version) => caller.call(`${listenAddress}:${outboundPort}`, service, version),
    callAt: (port, service) => caller.call(`${listenAddress}:${port}`, service),
    isListening: (port) => isOpen(listenAddress, port),
    forget: () => Promise.resolve(),
    async rejectedCount(type) {
      const counts = [...(await admin.stats('update_rejected'))].filter(([name]) =>
        rejections[type].test(name),
      );
      return counts.reduce((sum, [, count]) => sum + count, 0);
    },
  };
}

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (isConnected: boolean): void => {
      socket.destroy();
      resolve(isConnected);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

interface Ports {
  readonly outboundPort: number;
  readonly inboundPort: number;
  readonly adminPort: number;
}

function bootstrapOf(way: EnvoyWay, place: ProxyPlace, ports: Ports): object {
  const { apiType, isSeparate } = envoyWays[way];
  const { node, service, appPort, upstreams, listenAddress, controlPlane } = place;
  const socket = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const cluster = 'control-plane';
  const to =
    apiType === 'REST'
      ? { cluster_names: [cluster], refresh_delay: `${refreshMs / 1000}s` }
      : { grpc_services: [{ envoy_grpc: { cluster_name: cluster } }] };
  const apiSource = { api_type: apiType, transport_api_version: 'V3', ...to };
  const source = {
    resource_api_version: 'V3',
    ...(isSeparate ? { api_config_source: apiSource } : { ads: {} }),
  };
  const heddle = {
    ...{ service, appPort, upstreams, listenAddress, outboundPort: ports.outboundPort },
    ...{ inboundAddress: '127.0.0.1', inboundPort: ports.inboundPort },
    ...(isSeparate ? { configSource: { cluster, apiType, refreshMs } } : {}),
  };
  const httpOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    node: { id: node, cluster: 'matrix', metadata: { heddle } },
    admin: { address: socket(ports.adminPort) },
    dynamic_resources: {
      ...(isSeparate ? {} : { ads_config: apiSource }),
      lds_config: source,
      cds_config: source,
    },
    static_resources: {
      clusters: [
        {
          name: cluster,
          type: 'STATIC',
          connect_timeout: '1s',
          ...(apiType === 'REST'
            ? {}
            : {
                typed_extension_protocol_options: {
                  [httpOptions]: {
                    '@type': `type.googleapis.com/${httpOptions}`,
                    explicit_http_config: { http2_protocol_options: {} },
                  },
                },
              }),
          load_assignment: {
            cluster_name: cluster,
            endpoints: [
              {
                lb_endpoints: [
                  {
                    endpoint: {
                      address: socket(apiType === 'REST' ? controlPlane.rest.port : controlPlane.xdsPort),
                    },
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  };
}
