import type { Instance } from '@heddle/shared/model/instance';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import type { Policy } from '@heddle/shared/model/policy';
import { emptyMesh, type Mesh } from '../translate/mesh.ts';
import type { Change } from '../registry/registry.ts';

/** Everything of the registry as one mesh. */
export function buildMesh(objects: Iterable<MeshObject>): Mesh {
  const instances = new Map<string, Map<string, Instance>>();
  const policies = new Map<string, Policy[]>();
  const mesh = {
    services: new Map(emptyMesh.services),
    routes: new Map(emptyMesh.routes),
    secrets: new Map(emptyMesh.secrets),
  };
  for (const object of objects) {
    switch (object.kind) {
      case 'Service':
        mesh.services.set(object.metadata.name, object);
        break;
      case 'HTTPRoute':
        mesh.routes.set(object.metadata.name, object);
        break;
      case 'Secret':
        mesh.secrets.set(object.metadata.name, object);
        break;
      case 'Instance':
        groupOf(instances, object.metadata.service, () => new Map<string, Instance>()).set(
          object.metadata.name,
          object,
        );
        break;
      case 'Policy':
        groupOf(policies, object.spec.targetRef.name, () => []).push(object);
        break;
    }
  }
  for (const group of policies.values()) group.sort(byName);
  return { ...mesh, instances, policies };
}

/** The mesh after changes; maps in which nothing changed stay the same. */
export function applyChanges(mesh: Mesh, changes: readonly Change[]): Mesh {
  return changes.reduce(applyChange, mesh);
}

function applyChange(mesh: Mesh, change: Change): Mesh {
  const [collection = '', name = '', id = ''] = change.key.split('/');
  const object = change.kind === 'put' ? change.object.value : undefined;
  switch (collection) {
    case 'service':
      return {
        ...mesh,
        services: withEntry(mesh.services, name, object?.kind === 'Service' ? object : undefined),
      };
    case 'route':
      return {
        ...mesh,
        routes: withEntry(mesh.routes, name, object?.kind === 'HTTPRoute' ? object : undefined),
      };
    case 'secret':
      return {
        ...mesh,
        secrets: withEntry(mesh.secrets, name, object?.kind === 'Secret' ? object : undefined),
      };
    case 'instance': {
      const instance = object?.kind === 'Instance' ? object : undefined;
      const group = withEntry(mesh.instances.get(name) ?? new Map<string, Instance>(), id, instance);
      return { ...mesh, instances: withEntry(mesh.instances, name, group.size === 0 ? undefined : group) };
    }
    case 'policy':
      return {
        ...mesh,
        policies: withPolicy(mesh.policies, name, object?.kind === 'Policy' ? object : undefined),
      };
    default:
      return mesh;
  }
}

/** A policy may have moved to another target, so the old one loses it first. */
function withPolicy(
  policies: Mesh['policies'],
  name: string,
  policy: Policy | undefined,
): ReadonlyMap<string, readonly Policy[]> {
  const next = new Map(policies);
  for (const [service, group] of policies) {
    if (!group.some((other) => other.metadata.name === name)) continue;
    const rest = group.filter((other) => other.metadata.name !== name);
    if (rest.length === 0) next.delete(service);
    else next.set(service, rest);
  }
  if (policy !== undefined) {
    const service = policy.spec.targetRef.name;
    next.set(service, [...(next.get(service) ?? []), policy].sort(byName));
  }
  return next;
}

function withEntry<T>(
  map: ReadonlyMap<string, T>,
  key: string,
  value: T | undefined,
): ReadonlyMap<string, T> {
  const next = new Map(map);
  if (value === undefined) next.delete(key);
  else next.set(key, value);
  return next;
}

function groupOf<T>(groups: Map<string, T>, key: string, create: () => T): T {
  let group = groups.get(key);
  if (group === undefined) {
    group = create();
    groups.set(key, group);
  }
  return group;
}

function byName(a: Policy, b: Policy): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
