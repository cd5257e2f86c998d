import type { Cluster } from '../config/model/cluster.ts';
import type { Locality } from '../config/model/locality.ts';
import type { ManagedCluster } from './cluster.ts';
import { formatHostFlags } from './host-set/host-health.ts';
import type { HostStatField } from './shared-memory.ts';

/** One cluster object as the admin interface shows it (`/clusters`, `/config_dump`). A copy; nothing moves in it. */
export interface ClusterInspection {
  readonly name: string;
  readonly cluster: Cluster;
  readonly state: 'active' | 'warming';
  readonly isStatic: boolean;
  /** Gone from CDS; serves until no route table names it. */
  readonly isRemovalPending: boolean;
  readonly version: string;
  /** Wire bytes as they arrived. */
  readonly bytes: Uint8Array;
  readonly updatedAt: number;
  readonly hosts: readonly HostInspection[];
}

export interface HostInspection {
  /** `ip:port`. */
  readonly label: string;
  readonly address: string;
  readonly port: number;
  readonly hostname: string;
  /** `HostFlag` bits. */
  readonly flags: number;
  /** `healthy`, or `/failed_active_hc…`. */
  readonly healthFlags: string;
  readonly weight: number;
  readonly locality: Locality;
  readonly priority: number;
  readonly isCanary: boolean;
  /** Sums over the workers. */
  readonly stats: Readonly<Record<HostStatField, number>>;
}

export function inspectHosts({ membership, memory }: ManagedCluster): HostInspection[] {
  return [...membership.members].map((member) => {
    const { address, hostname, weight, isCanary } = member.endpoint;
    const flags = membership.flagsOf(member);
    return {
      label: member.label,
      address: address.address,
      port: address.port,
      hostname,
      flags,
      healthFlags: formatHostFlags(flags),
      weight,
      locality: member.locality,
      priority: member.priority,
      isCanary,
      stats: memory.statsOf(member.slot),
    };
  });
}
