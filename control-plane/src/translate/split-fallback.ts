import type { BackendRef } from '@heddle/shared/model/http-route';
import type { InstanceHealth } from '@heddle/shared/model/instance';
import type { Mesh } from './mesh.ts';
import { clusterName, targetOfBackend, weightOfBackend, type ClusterTarget } from './resource-names.ts';

/** As discovery puts it; what proxies find by checking is theirs to know. */
const servingHealths: ReadonlySet<InstanceHealth> = new Set(['unknown', 'healthy', 'degraded']);

function hasServingInstance(mesh: Mesh, { service, version }: ClusterTarget): boolean {
  for (const { spec } of mesh.instances.get(service)?.values() ?? []) {
    if ((version === undefined || spec.version === version) && servingHealths.has(spec.health ?? 'unknown'))
      return true;
  }
  return false;
}

/**
 * The weights of a split, in order. A backend without any instance that could serve gets none while others that
 * were given a share have some: a canary that is gone, or not there yet, must not cost its share of the requests.
 */
export function weightsOfSplit(mesh: Mesh, refs: readonly BackendRef[]): readonly number[] {
  const weights = refs.map(weightOfBackend);
  const serving = refs.map(
    (ref, index) => (weights[index] ?? 0) > 0 && hasServingInstance(mesh, targetOfBackend(ref)),
  );
  return serving.includes(true)
    ? weights.map((weight, index) => (serving[index] === true ? weight : 0))
    : weights;
}

/** Asked for each scope, the same for all of them. */
const emptyBackends = new WeakMap<Mesh, string>();

/**
 * The backends that splits leave out at present, as one text: route tables depend on it, but on nothing else of
 * the instances.
 */
export function emptyBackendsOf(mesh: Mesh): string {
  let empty = emptyBackends.get(mesh);
  if (empty === undefined) {
    empty = findEmptyBackends(mesh);
    emptyBackends.set(mesh, empty);
  }
  return empty;
}

function findEmptyBackends(mesh: Mesh): string {
  const empty = new Set<string>();
  for (const { spec } of mesh.routes.values()) {
    for (const { backendRefs = [] } of spec.rules) {
      if (backendRefs.length < 2) continue;
      for (const target of backendRefs.map(targetOfBackend))
        if (!hasServingInstance(mesh, target)) empty.add(clusterName(target));
    }
  }
  return [...empty].sort().join();
}
