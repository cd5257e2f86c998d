import type { ClusterUpdate, HostDescription, HostSetUpdate } from '../../config/model/cluster-update.ts';
import { packHosts } from '../../config/model/packed-hosts.ts';
import { allocateClusterMemory } from '../shared-memory.ts';
import { buildCluster, buildEndpoints, noLocality, type ClusterFields } from './model-fixtures.ts';

/** A host on the loopback address, as the main thread describes it to a worker. */
export function buildHost(
  slot: number,
  port: number,
  fields: Partial<HostDescription> = {},
): HostDescription {
  return {
    slot,
    address: '127.0.0.1',
    port,
    hostname: '',
    locality: noLocality,
    priority: 0,
    weight: 1,
    isCanary: false,
    metadata: {},
    transportSocket: -1,
    ...fields,
  };
}

/** One priority. */
export function buildHostSet(
  added: readonly HostDescription[],
  removed: readonly number[] = [],
  version = 1,
): HostSetUpdate {
  return {
    version,
    added: packHosts(added),
    changed: packHosts([]),
    removed,
    priorities: [{ overprovisioningFactor: 140, localityWeights: [] }],
  };
}

/** What makes a worker serve a static cluster of these hosts; memory is for one worker and eight hosts. */
export function buildClusterUpdate(
  name: string,
  hosts: readonly HostDescription[],
  fields: ClusterFields = {},
  version = 1,
): Extract<ClusterUpdate, { readonly kind: 'replace' }> {
  const discovery = { kind: 'static', endpoints: buildEndpoints(hosts.map(({ port }) => port)) } as const;
  return {
    kind: 'replace',
    cluster: buildCluster(name, discovery, fields),
    hosts: buildHostSet(hosts, [], version),
    shared: allocateClusterMemory(1, 8),
  };
}
