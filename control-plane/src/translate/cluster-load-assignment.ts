import { defaultInstanceWeight, type Instance, type InstanceHealth } from '@heddle/shared/model/instance';
import type { HealthStatus, LbEndpoint, LocalityLbEndpoints } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { tcpAddress } from './message-parts.ts';
import { clusterName, type ClusterTarget } from './resource-names.ts';
import type { TranslatedOf } from './translated.ts';

const healthStatuses: Readonly<Record<InstanceHealth, HealthStatus>> = {
  unknown: 'UNKNOWN',
  healthy: 'HEALTHY',
  unhealthy: 'UNHEALTHY',
  draining: 'DRAINING',
  degraded: 'DEGRADED',
  timeout: 'TIMEOUT',
};

/**
 * Endpoints of a service or of one version, grouped by locality, in order of locality and instance id, so that
 * equal instances give equal bytes. Of two instances at one address the one with the lower id counts: an
 * address twice in an assignment is refused by gRPC and merged by Envoy.
 */
export function buildClusterLoadAssignment(
  target: ClusterTarget,
  instances: ReadonlyMap<string, Instance>,
): TranslatedOf<'envoy.config.endpoint.v3.ClusterLoadAssignment'> {
  const name = clusterName(target);
  const byLocality = new Map<string, Instance[]>();
  for (const instance of wanted(target, instances)) {
    const key = JSON.stringify(localityOf(instance));
    const group = byLocality.get(key);
    if (group === undefined) byLocality.set(key, [instance]);
    else group.push(instance);
  }
  const endpoints = [...byLocality].sort(([a], [b]) => compare(a, b)).map(([, group]) => toLocality(group));
  return {
    typeName: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
    name,
    references: [],
    value: { clusterName: name, endpoints },
  };
}

function wanted({ version }: ClusterTarget, instances: ReadonlyMap<string, Instance>): Instance[] {
  const taken = new Set<string>();
  return [...instances.values()]
    .filter(({ spec }) => version === undefined || spec.version === version)
    .sort((a, b) => compare(a.metadata.name, b.metadata.name))
    .filter(({ spec: { address, port } }) => {
      const id = `${address} ${port}`;
      if (taken.has(id)) return false;
      taken.add(id);
      return true;
    });
}

function localityOf({ spec: { locality } }: Instance): readonly string[] {
  return [locality?.region ?? '', locality?.zone ?? '', locality?.subZone ?? ''];
}

function toLocality(group: readonly Instance[]): MessageInit<LocalityLbEndpoints> {
  const locality = group[0]?.spec.locality;
  return {
    locality: locality === undefined ? {} : { ...locality },
    lbEndpoints: group.map(toEndpoint),
    // gRPC drops localities without a weight; Envoy reads it only where weighting by locality is on.
    loadBalancingWeight: group.reduce((sum, instance) => sum + weightOf(instance), 0),
  };
}

function toEndpoint(instance: Instance): MessageInit<LbEndpoint> {
  const { spec } = instance;
  const labels = spec.version === undefined ? spec.metadata : { ...spec.metadata, version: spec.version };
  return {
    endpoint: { address: tcpAddress(spec.address, spec.port) },
    healthStatus: healthStatuses[spec.health ?? 'unknown'],
    loadBalancingWeight: weightOf(instance),
    metadata: labels === undefined ? undefined : { filterMetadata: { 'envoy.lb': labels } },
  };
}

function weightOf(instance: Instance): number {
  return instance.spec.weight ?? defaultInstanceWeight;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
