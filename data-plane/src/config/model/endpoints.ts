import type { Address } from './address.ts';
import type { Locality } from './locality.ts';

/** Envoy's `ClusterLoadAssignment`, decoded and checked. */
export interface Endpoints {
  readonly clusterName: string;
  /** Index = priority; an empty priority is an empty list. */
  readonly priorities: readonly (readonly LocalityEndpoints[])[];
  /** Percent; default 140. */
  readonly overprovisioningFactor: number;
}

export interface LocalityEndpoints {
  readonly locality: Locality;
  /** Absent: the locality has no weight. */
  readonly weight?: number;
  readonly endpoints: readonly Endpoint[];
}

export type EdsHealthStatus = 'unknown' | 'healthy' | 'unhealthy' | 'draining' | 'timeout' | 'degraded';

export interface Endpoint {
  /** IP for STATIC and EDS clusters; may be a name for DNS clusters. */
  readonly address: Address;
  readonly hostname: string;
  readonly weight: number;
  readonly healthStatus: EdsHealthStatus;
  readonly isCanary: boolean;
  /** The `envoy.lb` namespace of the metadata. */
  readonly lbMetadata: Readonly<Record<string, unknown>>;
  /** The `envoy.transport_socket_match` namespace of its metadata, and of its locality's. Absent: of neither. */
  readonly socketMatchMetadata?: readonly Readonly<Record<string, unknown>>[];
  readonly healthCheckPort?: number;
  readonly healthCheckHostname?: string;
  readonly healthCheckAddress?: Address;
  readonly disableActiveHealthCheck: boolean;
}
