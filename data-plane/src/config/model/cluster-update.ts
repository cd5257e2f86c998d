import type { ServedCluster } from './cluster.ts';
import type { EdsHealthStatus } from './endpoints.ts';
import type { Locality } from './locality.ts';

/**
 * A change of one cluster on its way to the workers. `replace` makes a new cluster object (its pools start anew, the
 * old ones drain); `hosts` swaps just the host set.
 */
export type ClusterUpdate =
  | {
      readonly kind: 'replace';
      readonly cluster: ServedCluster;
      readonly hosts: HostSetUpdate;
      readonly shared: ClusterSharedMemory;
    }
  | { readonly kind: 'hosts'; readonly clusterName: string; readonly hosts: HostSetUpdate };

/** What all threads of the process read and write for one cluster object. Layouts: upstream/shared-memory.ts. */
export interface ClusterSharedMemory {
  /**
   * Int32: [0] is the epoch, moved after every change of flags; [1 + slot] holds the `HostFlag` bits of a host.
   * Written by the main thread.
   */
  readonly hostFlags: SharedArrayBuffer;
  /** Float64 numbers of `/clusters`: a block for each worker, in it a row for each slot; written by that worker. */
  readonly hostStats: SharedArrayBuffer;
  /** Int32: whether the cluster has had traffic, then the counts: a block for each worker, written by it alone. */
  readonly circuitBreakers: SharedArrayBuffer;
}

/** The difference between two host sets. A slot is used again only after all workers dropped its host. */
export interface HostSetUpdate {
  /** Counts up within the cluster object. */
  readonly version: number;
  readonly added: PackedHosts;
  /** New weight, metadata, priority or canary mark of a host that stays. */
  readonly changed: PackedHosts;
  /** Slots. */
  readonly removed: readonly number[];
  readonly priorities: readonly PriorityDescription[];
  /** More hosts than fitted: the arrays that take over. A worker copies its own block of the statistics. */
  readonly grown?: { readonly hostFlags: SharedArrayBuffer; readonly hostStats: SharedArrayBuffer };
}

export interface PriorityDescription {
  readonly overprovisioningFactor: number;
  readonly localityWeights: readonly { readonly locality: Locality; readonly weight: number }[];
}

/**
 * Hosts on their way to a worker. Ten thousand objects cost a worker some 10 ms to read, as columns a tenth of
 * one. Written and read by config/model/packed-hosts.ts.
 */
export interface PackedHosts {
  /** Seven numbers for each host: slot, port, weight, priority, index of the locality, 1 for a canary, `transportSocket`. */
  readonly numbers: Float64Array;
  /** IP addresses and pipes with a zero byte between them. */
  readonly addresses: string;
  /** Empty when no host has a name. */
  readonly hostnames: readonly string[];
  readonly localities: readonly Locality[];
  /** Of those that have any. */
  readonly metadata: readonly {
    readonly index: number;
    readonly values: Readonly<Record<string, unknown>>;
  }[];
}

export interface HostDescription {
  readonly slot: number;
  readonly address: string;
  readonly port: number;
  readonly hostname: string;
  readonly locality: Locality;
  readonly priority: number;
  readonly weight: number;
  readonly isCanary: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Which of the cluster's `transportSocketMatches` it fits; -1: none. */
  readonly transportSocket: number;
}

/** Envoy's host health flags (bits). */
export const hostFlag = {
  failedActiveHealthCheck: 0x1,
  failedOutlierCheck: 0x2,
  failedEdsHealth: 0x4,
  degradedActiveHealthCheck: 0x8,
  degradedEdsHealth: 0x10,
  pendingDynamicRemoval: 0x20,
  pendingActiveHealthCheck: 0x40,
  excludedViaImmediateHealthCheckFail: 0x80,
  activeHealthCheckTimeout: 0x100,
  edsStatusDraining: 0x200,
} as const;

/** Flag bits of an EDS health status. */
export function flagsOfEdsHealth(status: EdsHealthStatus): number {
  switch (status) {
    case 'unknown':
    case 'healthy':
      return 0;
    case 'unhealthy':
    case 'timeout':
      return hostFlag.failedEdsHealth;
    case 'degraded':
      return hostFlag.degradedEdsHealth;
    case 'draining':
      return hostFlag.edsStatusDraining;
  }
}
