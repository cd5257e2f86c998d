import { formatAddress, type Address } from '../../config/model/address.ts';
import type { HostDescription } from '../../config/model/cluster-update.ts';
import type { Endpoint } from '../../config/model/endpoints.ts';
import type { Locality } from '../../config/model/locality.ts';

/** A host of a cluster object, on the main thread. Its flags stand in shared memory, under its slot. */
export class Member {
  readonly slot: number;
  readonly locality: Locality;
  endpoint: Endpoint;
  priority: number;

  /** Which of the cluster's `transportSocketMatches` it fits; -1: none. */
  readonly transportSocket: number;

  constructor(
    slot: number,
    endpoint: Endpoint,
    locality: Locality,
    priority: number,
    transportSocket: number,
  ) {
    this.slot = slot;
    this.endpoint = endpoint;
    this.locality = locality;
    this.priority = priority;
    this.transportSocket = transportSocket;
  }

  get label(): string {
    return formatAddress(this.endpoint.address);
  }

  toDescription(): HostDescription {
    const { address, hostname, weight, isCanary, lbMetadata } = this.endpoint;
    return {
      slot: this.slot,
      address: address.address,
      port: address.port,
      hostname,
      locality: this.locality,
      priority: this.priority,
      weight,
      isCanary,
      metadata: lbMetadata,
      transportSocket: this.transportSocket,
    };
  }
}

/** Where an endpoint is health-checked. */
export function healthCheckAddressOf(endpoint: Endpoint): Address {
  const { address, healthCheckAddress, healthCheckPort } = endpoint;
  const base = healthCheckAddress ?? address;
  return healthCheckPort === undefined || healthCheckPort === 0
    ? base
    : { address: base.address, port: healthCheckPort };
}
