import { defaultBackendWeight, type BackendRef } from '@heddle/shared/model/http-route';

/**
 * Names of the generated resources. Service names are DNS labels, so `|` and `=` keep generated names apart from
 * them, and no name holds a colon or (but for versions) a dot, which statistics would rewrite.
 *
 * | what | name |
 * |---|---|
 * | cluster and endpoints of a service | `cart` |
 * | its instances of one version | `cart|version=v2` |
 * | cluster of the application behind the inbound listener | `inbound|8080` |
 * | listeners and their route tables | `outbound`, `inbound`, and for a port of its own `service|cart` |
 * | for gRPC clients: listeners, under the name that is dialled, and their route tables | `cart`, `cart:80`; `api|cart` |
 * | certificate of the service beside the proxy | `identity` |
 * | whom its inbound listener trusts, and whom its clusters do | `inbound|trust`, `trust|mesh-root` |
 */
export const outboundName = 'outbound';
export const inboundName = 'inbound';
export const identityName = 'identity';
export const inboundTrustName = 'inbound|trust';

/** `secret`: the name of the object in the mesh. */
export function trustName(secret: string): string {
  return `trust|${secret}`;
}

/** A service, or its instances of one version. */
export interface ClusterTarget {
  readonly service: string;
  readonly version?: string | undefined;
}

export function clusterName({ service, version }: ClusterTarget): string {
  return version === undefined ? service : `${service}|version=${version}`;
}

export function inboundClusterName(port: number): string {
  return `inbound|${port}`;
}

export function servicePortName(service: string): string {
  return `service|${service}`;
}

export function apiTableName(host: string): string {
  return `api|${host}`;
}

export function targetOfBackend(ref: BackendRef): ClusterTarget {
  return { service: ref.name, version: ref.version };
}

export function weightOfBackend(ref: BackendRef): number {
  return ref.weight ?? defaultBackendWeight;
}
