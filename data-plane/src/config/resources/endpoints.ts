import { isIP } from 'node:net';
import type {
  ClusterLoadAssignment,
  LbEndpoint,
  LocalityLbEndpoints,
  Metadata,
} from '@heddle/shared/xds/api';
import { formatAddress, isPipe } from '../model/address.ts';
import type { EdsHealthStatus, Endpoint, Endpoints, LocalityEndpoints } from '../model/endpoints.ts';
import type { Locality } from '../model/locality.ts';
import { decodeIpAddress, decodeNamedAddress } from './address.ts';
import type { DecodeContext } from './decode-context.ts';
import { lbMetadata } from './route-action.ts';
import { defined } from './scalars.ts';

const defaultOverprovisioningFactor = 140;
const maxLocalityWeight = 0xffff_ffff;
/** Envoy's limit (the API's own rule). */
const maxPriority = 128;

const healthStatuses = {
  UNKNOWN: 'unknown',
  HEALTHY: 'healthy',
  UNHEALTHY: 'unhealthy',
  DRAINING: 'draining',
  TIMEOUT: 'timeout',
  DEGRADED: 'degraded',
} as const satisfies Record<string, EdsHealthStatus>;

const noLocality: Locality = { region: '', zone: '', subZone: '' };

/** `ip`: STATIC and EDS; `name`: DNS clusters, where names and IPs may stand. */
export type AddressKind = 'ip' | 'name';

/** A message that was checked → model. */
export function decodeEndpoints(
  context: DecodeContext,
  message: ClusterLoadAssignment,
  path: string,
  addressKind: AddressKind,
): Endpoints {
  const prefix = path === '' ? '' : `${path}.`;
  const priorities: LocalityEndpoints[][] = [];
  const addresses = new Set<string>();
  for (const [i, group] of message.endpoints.entries()) {
    const groupPath = `${prefix}endpoints[${i}]`;
    if (group.priority > maxPriority) continue; // The API's rules refused it.
    while (priorities.length <= group.priority) priorities.push([]);
    priorities[group.priority]?.push(decodeGroup(context, group, groupPath, addressKind, addresses));
  }
  refuseHeavyPriorities(context, priorities, `${prefix}endpoints`);
  return {
    clusterName: message.clusterName,
    priorities,
    overprovisioningFactor: message.policy?.overprovisioningFactor ?? defaultOverprovisioningFactor,
  };
}

function decodeGroup(
  context: DecodeContext,
  group: LocalityLbEndpoints,
  path: string,
  addressKind: AddressKind,
  addresses: Set<string>,
): LocalityEndpoints {
  const endpoints = group.lbEndpoints.flatMap((lbEndpoint, i) => {
    const endpoint = decodeEndpoint(
      context,
      lbEndpoint,
      `${path}.lb_endpoints[${i}]`,
      addressKind,
      group.metadata,
    );
    // The first of two with one address counts, as in Envoy; two targets of a DNS cluster may well be alike.
    const label = formatAddress(endpoint.address);
    if (addressKind === 'ip' && addresses.has(label)) return [];
    addresses.add(label);
    return [endpoint];
  });
  refuseOverflow(context, endpoints, `${path}.lb_endpoints`);
  const { locality } = group;
  return {
    locality:
      locality === undefined
        ? noLocality
        : { region: locality.region, zone: locality.zone, subZone: locality.subZone },
    endpoints,
    ...defined<Pick<LocalityEndpoints, 'weight'>>({ weight: group.loadBalancingWeight }),
  };
}

function decodeEndpoint(
  context: DecodeContext,
  message: LbEndpoint,
  path: string,
  addressKind: AddressKind,
  localityMetadata: Metadata | undefined,
): Endpoint {
  const endpointPath = `${path}.endpoint`;
  const { address, hostname = '', healthCheckConfig } = message.endpoint ?? {};
  const metadata = lbMetadata(message.metadata) ?? {};
  const addressPath = `${endpointPath}.address`;
  const decoded =
    addressKind === 'ip'
      ? decodeIpAddress(context, address, addressPath, ' (names need a STRICT_DNS or LOGICAL_DNS cluster)')
      : decodeNamedAddress(context, address, addressPath);
  const healthCheckAddress =
    healthCheckConfig?.address === undefined
      ? undefined
      : decodeIpAddress(context, healthCheckConfig.address, `${endpointPath}.health_check_config.address`);
  if (isPipe(healthCheckAddress ?? decoded) && (healthCheckConfig?.portValue ?? 0) !== 0) {
    const portPath = `${endpointPath}.health_check_config.port_value`;
    context.refuse(portPath, 'cannot be set: a pipe, which is what would be checked, has no port');
  }
  return {
    address: decoded,
    // What `auto_host_rewrite` writes: the given name, else the name that DNS resolves.
    hostname:
      hostname !== '' || addressKind === 'ip' || isIP(decoded.address) !== 0 ? hostname : decoded.address,
    weight: message.loadBalancingWeight ?? 1,
    healthStatus: healthStatuses[message.healthStatus],
    isCanary: metadata['canary'] === true,
    lbMetadata: metadata,
    disableActiveHealthCheck: healthCheckConfig?.disableActiveHealthCheck ?? false,
    ...defined<
      Pick<Endpoint, 'socketMatchMetadata' | 'healthCheckPort' | 'healthCheckHostname' | 'healthCheckAddress'>
    >({
      socketMatchMetadata: socketMatchMetadataOf(message.metadata, localityMetadata),
      healthCheckPort: healthCheckConfig?.portValue || undefined,
      healthCheckHostname: healthCheckConfig?.hostname || undefined,
      healthCheckAddress,
    }),
  };
}

function socketMatchMetadataOf(
  endpoint: Metadata | undefined,
  locality: Metadata | undefined,
): Endpoint['socketMatchMetadata'] {
  const values = [endpoint, locality].map(
    (metadata) => metadata?.filterMetadata['envoy.transport_socket_match'],
  );
  const given = values.filter((value) => value !== undefined);
  return given.length === 0 ? undefined : given;
}

function refuseOverflow(context: DecodeContext, endpoints: readonly Endpoint[], path: string): void {
  const sum = endpoints.reduce((total, { weight }) => total + weight, 0);
  if (sum > maxLocalityWeight)
    context.refuse(path, `have a total weight of ${sum}, over ${maxLocalityWeight}`);
}

function refuseHeavyPriorities(
  context: DecodeContext,
  priorities: readonly LocalityEndpoints[][],
  path: string,
): void {
  for (const [priority, localities] of priorities.entries()) {
    const sum = localities.reduce((total, { weight }) => total + (weight ?? 0), 0);
    if (sum <= maxLocalityWeight) continue;
    context.refuse(
      path,
      `of priority ${priority} have a total locality weight of ${sum}, over ${maxLocalityWeight}`,
    );
  }
}
