import { InvalidInputError } from '@heddle/shared/errors/problem';
import type { Bootstrap as BootstrapMessage } from '@heddle/shared/xds/api';
import type { Bootstrap } from '../config/model/bootstrap.ts';
import type { DecoderOptions } from '../config/resources/decode-context.ts';
import type { SidecarFlags } from '../settings.ts';
import { decodeBootstrap } from './decode-bootstrap.ts';
import type { NodeOverrides } from './node-identity.ts';

const serverCluster = 'heddle_control_plane';
const fromAds = { ads: {}, resourceApiVersion: 'V3' } as const;

/**
 * The bootstrap of a sidecar that was started without a file: everything comes from one control plane, which learns
 * from the node's metadata what is wanted.
 *
 * @throws InvalidInputError with every problem
 */
export function makeBootstrap(
  flags: SidecarFlags,
  options: DecoderOptions,
  overrides: NodeOverrides,
): Bootstrap {
  const { host, port } = parseHostPort(flags.controlPlane);
  const message = (): BootstrapMessage =>
    options.api.create('envoy.config.bootstrap.v3.Bootstrap', {
      node: { cluster: clusterOf(flags), metadata: { heddle: flags.nodeMetadata } },
      admin: { address: { socketAddress: { address: flags.adminAddress, portValue: flags.adminPort } } },
      ...(flags.reportsLoad === true ? { clusterManager: { loadStatsConfig: ownServer('GRPC') } } : {}),
      dynamicResources: {
        adsConfig: ownServer(flags.isDelta ? 'DELTA_GRPC' : 'GRPC'),
        cdsConfig: fromAds,
        ldsConfig: fromAds,
      },
      staticResources: {
        clusters: [
          {
            name: serverCluster,
            type: 'STRICT_DNS',
            loadAssignment: {
              clusterName: serverCluster,
              endpoints: [
                {
                  lbEndpoints: [
                    { endpoint: { address: { socketAddress: { address: host, portValue: port } } } },
                  ],
                },
              ],
            },
          },
        ],
      },
    });
  return decodeBootstrap(message, options, overrides);
}

function ownServer(apiType: 'GRPC' | 'DELTA_GRPC') {
  return {
    apiType,
    transportApiVersion: 'V3',
    grpcServices: [{ envoyGrpc: { clusterName: serverCluster } }],
  } as const;
}

/** Proxies of one service belong together. */
function clusterOf({ nodeMetadata: { service } }: SidecarFlags): string {
  return typeof service === 'string' ? service : 'heddle';
}

function parseHostPort(text: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535) {
    const message = `${JSON.stringify(text)} is not host:port (IPv6 in brackets: [::1]:18000)`;
    throw new InvalidInputError([{ path: '--control-plane', message }]);
  }
  return { host, port };
}
