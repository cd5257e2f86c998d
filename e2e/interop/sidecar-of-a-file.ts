import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { createAdmin } from '../harness/admin.ts';
import { answersOk, type Harness } from '../harness/harness.ts';
import { planeProgram } from '../harness/plane-program.ts';
import { concurrency, type Proxy } from '../harness/parts.ts';

export type Variant = 'GRPC' | 'DELTA_GRPC';

export type SidecarOfFile = Pick<Proxy, 'id' | 'listenAddress' | 'outboundPort' | 'admin' | 'process'>;

export interface SidecarOfFileOptions {
  readonly id: string;
  readonly xdsPort: number;
  readonly variant: Variant;
}

/** Our sidecar on a bootstrap file that knows nothing but its management server; ready when that has answered. */
export function startSidecarOfFile(harness: Harness, options: SidecarOfFileOptions): Promise<SidecarOfFile> {
  return startOnFile(harness, options, ['node', ...planeProgram('data-plane'), '--log-level', 'debug']);
}

/** A real Envoy on the same file. */
export function startEnvoyOfFile(
  harness: Harness,
  program: string,
  options: SidecarOfFileOptions,
): Promise<SidecarOfFile> {
  return startOnFile(harness, options, [program, '--disable-hot-restart', '--log-level', 'info']);
}

async function startOnFile(
  harness: Harness,
  options: SidecarOfFileOptions,
  command: readonly [string, ...string[]],
): Promise<SidecarOfFile> {
  const [outboundPort = 0, adminPort = 0] = await findFreePorts(2);
  const admin = createAdmin(adminPort);
  const file = path.join(harness.folder, `${options.id}.json`);
  writeFileSync(file, JSON.stringify(bootstrap(options, adminPort), null, 2));
  const process = await harness.start(
    {
      name: `proxy-${options.id}`,
      command: [...command, '-c', file, '--concurrency', String(concurrency), '--drain-time-s', '1'],
    },
    () => answersOk(adminPort, '/ready'),
  );
  return { id: options.id, listenAddress: '127.0.0.1', outboundPort, admin, process };
}

function bootstrap(
  { id, xdsPort, variant }: { readonly id: string; readonly xdsPort: number; readonly variant: Variant },
  adminPort: number,
): unknown {
  const socketAddress = (port: number): unknown => ({
    socket_address: { address: '127.0.0.1', port_value: port },
  });
  const overAds = { resource_api_version: 'V3', ads: {} };
  return {
    node: { id, cluster: 'interop' },
    // An Envoy whose cluster changed, and that nobody sends endpoints anew, goes on with those that it had.
    layered_runtime: {
      layers: [{ name: 'static', static_layer: { 'envoy.restart_features.use_eds_cache_for_ads': true } }],
    },
    admin: { address: socketAddress(adminPort) },
    dynamic_resources: {
      ads_config: {
        api_type: variant,
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'management' } }],
      },
      cds_config: overAds,
      lds_config: overAds,
    },
    static_resources: {
      clusters: [
        {
          name: 'management',
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
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
