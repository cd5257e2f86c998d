import { InvalidInputError } from '@heddle/shared/errors/problem';
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
  const message = options.api.create('envoy.config.bootstrap.v3.Bootstrap', {
    node: { cluster: flags.service ?? 'heddle', metadata: { heddle: metadataOf(flags) } },
    admin: { address: { socketAddress: { address: flags.adminAddress, portValue: flags.adminPort } } },
    dynamicResources: {
      adsConfig: {
        apiType: flags.isDelta ? 'DELTA_GRPC' : 'GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName: serverCluster } }],
      },
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

/** What the control plane reads of the node: only what was said. */
function metadataOf(flags: SidecarFlags): Record<string, string | number | readonly string[]> {
  const {
    service,
    instance,
    upstreams,
    listenAddress,
    outboundPort,
    inboundAddress,
    inboundPort,
    appAddress,
    appPort,
  } = flags;
  const said = {
    service,
    instance,
    upstreams,
    listenAddress,
    outboundPort,
    inboundAddress,
    inboundPort,
    appAddress,
    appPort,
  };
  return Object.fromEntries(
    Object.entries(said).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
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
