import type { HttpRoute } from './http-route.ts';
import type { HttpRouteMatch } from './http-route-match.ts';
import type { MeshObject } from './mesh-object.ts';
import {
  collectionOf,
  describeKey,
  instanceCollection,
  keyOf,
  policyCollection,
  routeCollection,
  secretCollection,
  secretKey,
  serviceCollection,
  serviceKey,
} from './object-key.ts';
import { policySections, type Policy } from './policy.ts';
import type { Secret } from './secret.ts';
import type { Service } from './service.ts';

/** The mesh as it is; the caller may record what was read, to see later that it did not change. */
export interface MeshView {
  get(key: string): MeshObject | undefined;
  /** Objects of one collection, as `collectionOf` names it. */
  list(collection: string): Iterable<MeshObject>;
}

export type MeshChange =
  { readonly kind: 'put'; readonly object: MeshObject } | { readonly kind: 'delete'; readonly key: string };

export interface ReferenceProblem {
  /** Which of the changes. */
  readonly changeIndex: number;
  /** `missing`: refers to what does not exist. `conflict`: another object stands against it. */
  readonly kind: 'missing' | 'conflict';
  /** JSON pointer in the object that is put; empty for a deletion. */
  readonly path: string;
  readonly message: string;
}

/**
 * What stands against making `changes` (at most one for each key) together: references to objects that would not
 * exist, services that would still be referred to, and claims that two objects would both make. Pure.
 */
export function checkReferences(changes: readonly MeshChange[], current: MeshView): ReferenceProblem[] {
  const next = applyToView(changes, current);
  return changes.flatMap((change, changeIndex) => {
    const found =
      change.kind === 'put' ? problemsOfPut(change.object, next) : problemsOfDelete(change.key, next);
    return found.map((problem) => ({ changeIndex, ...problem }));
  });
}

type FoundProblem = Omit<ReferenceProblem, 'changeIndex'>;

/** The mesh as it would be. */
function applyToView(changes: readonly MeshChange[], current: MeshView): MeshView {
  const changed = new Map<string, MeshObject | undefined>();
  for (const change of changes) {
    if (change.kind === 'put') changed.set(keyOf(change.object), change.object);
    else changed.set(change.key, undefined);
  }
  return {
    get: (key) => (changed.has(key) ? changed.get(key) : current.get(key)),
    *list(collection) {
      for (const object of current.list(collection)) if (!changed.has(keyOf(object))) yield object;
      for (const [key, object] of changed)
        if (object !== undefined && collectionOf(key) === collection) yield object;
    },
  };
}

function problemsOfPut(object: MeshObject, next: MeshView): FoundProblem[] {
  switch (object.kind) {
    case 'Service':
      return [
        ...portConflicts(object, next),
        ...routesOfBytes(object, next),
        ...secretProblems(object, next),
      ];
    case 'Instance':
      return missingService(object.metadata.service, '/metadata/service', next);
    case 'HTTPRoute':
      return [...missingServicesOfRoute(object, next), ...routeConflicts(object, next)];
    case 'Policy':
      return [
        ...missingService(object.spec.targetRef.name, '/spec/targetRef/name', next),
        ...policyConflicts(object, next),
      ];
    case 'Secret':
      return usesOfSecret(object, next);
  }
}

const secretRoles = ['certificate', 'trustBundle'] as const;

/** The secrets of a service's TLS are there, and hold what they are used as. */
function secretProblems({ spec }: Service, next: MeshView): FoundProblem[] {
  if (spec?.tls === undefined) return [];
  const { tls } = spec;
  return secretRoles.flatMap((role): FoundProblem[] => {
    const path = `/spec/tls/${role}`;
    const secret = next.get(secretKey(tls[role]));
    if (secret?.kind !== 'Secret') {
      return [{ kind: 'missing', path, message: `there is no secret "${tls[role]}"` }];
    }
    if (secret.spec[role] !== undefined) return [];
    return [{ kind: 'conflict', path, message: `secret "${tls[role]}" has no ${role}` }];
  });
}

/** A secret must not become something else under the services that use it. */
function usesOfSecret(secret: Secret, next: MeshView): FoundProblem[] {
  const { name } = secret.metadata;
  return secretRoles.flatMap((role): FoundProblem[] => {
    if (secret.spec[role] !== undefined) return [];
    const users = servicesUsing(name, next, [role]);
    if (users.length === 0) return [];
    return [
      { kind: 'conflict', path: '/spec', message: `must have a ${role}, which ${users.join(', ')} needs` },
    ];
  });
}

function servicesUsing(
  secret: string,
  next: MeshView,
  roles: readonly (typeof secretRoles)[number][],
): string[] {
  return [...next.list(serviceCollection)].flatMap((object) =>
    object.kind === 'Service' && roles.some((role) => object.spec?.tls?.[role] === secret)
      ? describeKey(keyOf(object))
      : [],
  );
}

function missingService(name: string, path: string, next: MeshView): FoundProblem[] {
  if (next.get(serviceKey(name)) !== undefined) return [];
  return [{ kind: 'missing', path, message: `there is no service "${name}"` }];
}

function missingServicesOfRoute(route: HttpRoute, next: MeshView): FoundProblem[] {
  return servicesOfRoute(route).flatMap(({ name, path }) => {
    if (!speaksBytes(next.get(serviceKey(name)))) return missingService(name, path, next);
    return [
      { kind: 'conflict', path, message: `service "${name}" speaks tcp, which has no requests to route` },
    ];
  });
}

/** Every service that a route names, and where. */
function servicesOfRoute({ spec }: HttpRoute): { readonly name: string; readonly path: string }[] {
  return [
    ...spec.parentRefs.map(({ name }, index) => ({ name, path: `/spec/parentRefs/${index}/name` })),
    ...spec.rules.flatMap((rule, ruleIndex) =>
      (rule.backendRefs ?? []).map(({ name }, index) => ({
        name,
        path: `/spec/rules/${ruleIndex}/backendRefs/${index}/name`,
      })),
    ),
  ];
}

function speaksBytes(service: MeshObject | undefined): boolean {
  return service?.kind === 'Service' && service.spec?.protocol === 'tcp';
}

/** A service must not turn to tcp under the routes that name it: they would silently do nothing. */
function routesOfBytes(service: Service, next: MeshView): FoundProblem[] {
  if (!speaksBytes(service)) return [];
  const routes = [...next.list(routeCollection)].filter((object) => refersTo(object, service.metadata.name));
  if (routes.length === 0) return [];
  const named = routes.map((route) => describeKey(keyOf(route))).join(', ');
  return [
    { kind: 'conflict', path: '/spec/protocol', message: `tcp has no requests to route, as ${named} would` },
  ];
}

function portConflicts(service: Service, next: MeshView): FoundProblem[] {
  const port = service.spec?.port;
  if (port === undefined) return [];
  const name = service.metadata.name;
  for (const other of next.list(serviceCollection)) {
    if (other.kind === 'Service' && other.metadata.name !== name && other.spec?.port === port) {
      return [
        {
          kind: 'conflict',
          path: '/spec/port',
          message: `Service "${other.metadata.name}" has port ${port}`,
        },
      ];
    }
  }
  return [];
}

function policyConflicts(policy: Policy, next: MeshView): FoundProblem[] {
  const problems: FoundProblem[] = [];
  for (const other of next.list(policyCollection)) {
    if (other.kind !== 'Policy' || other.metadata.name === policy.metadata.name) continue;
    if (other.spec.targetRef.name !== policy.spec.targetRef.name) continue;
    for (const section of policySections) {
      if (policy.spec[section] === undefined || other.spec[section] === undefined) continue;
      const message = `Policy "${other.metadata.name}" sets ${section} of the same service`;
      problems.push({ kind: 'conflict', path: `/spec/${section}`, message });
    }
  }
  return problems;
}

/** Two routes must not take the same requests: same host name, same match. Which one wins would be chance. */
function routeConflicts(route: HttpRoute, next: MeshView): FoundProblem[] {
  const claimedBy = new Map<string, string>();
  for (const other of next.list(routeCollection)) {
    if (other.kind !== 'HTTPRoute' || other.metadata.name === route.metadata.name) continue;
    for (const claim of claimsOf(other)) claimedBy.set(claim.id, other.metadata.name);
  }
  if (claimedBy.size === 0) return [];
  const problems = new Map<string, FoundProblem>();
  for (const claim of claimsOf(route)) {
    const owner = claimedBy.get(claim.id);
    // One line for each rule and other route; a rule with ten matches would otherwise say the same ten times.
    const problemId = `${claim.path} ${owner}`;
    if (owner === undefined || problems.has(problemId)) continue;
    const message = `HTTPRoute "${owner}" already takes the same requests for host "${claim.host}"`;
    problems.set(problemId, { kind: 'conflict', path: claim.path, message });
  }
  return [...problems.values()];
}

/** The host names whose requests a route takes: its own, or else those of its parents. */
export function hostsOfRoute({ spec }: HttpRoute): readonly string[] {
  if (spec.hostnames !== undefined && spec.hostnames.length > 0) return spec.hostnames;
  return spec.parentRefs.map((ref) => ref.name);
}

function claimsOf(route: HttpRoute): { readonly id: string; readonly host: string; readonly path: string }[] {
  return hostsOfRoute(route).flatMap((host) =>
    route.spec.rules.flatMap((rule, index) => {
      const matches = rule.matches === undefined || rule.matches.length === 0 ? [{}] : rule.matches;
      return matches.map((match) => ({
        id: `${host} ${matchId(match)}`,
        host,
        path: `/spec/rules/${index}`,
      }));
    }),
  );
}

/** Equal for matches that take the same requests, written with or without defaults and in any order. */
function matchId(match: HttpRouteMatch): string {
  const pathType = match.path?.type ?? 'PathPrefix';
  const pathValue = match.path?.value ?? '/';
  return JSON.stringify([
    pathType,
    pathType === 'PathPrefix' ? pathValue.replace(/\/+$/, '') : pathValue,
    match.method ?? '',
    (match.headers ?? [])
      .map((header) => [header.name.toLowerCase(), header.type ?? 'Exact', header.value])
      .sort(),
    (match.queryParams ?? []).map((param) => [param.name, param.type ?? 'Exact', param.value]).sort(),
  ]);
}

const namedReferrerCount = 10;

function problemsOfDelete(key: string, next: MeshView): FoundProblem[] {
  if (collectionOf(key) === secretCollection) {
    const users = servicesUsing(key.slice(secretCollection.length), next, secretRoles);
    if (users.length === 0) return [];
    const message = `${describeKey(key)} is still referred to by ${users.slice(0, namedReferrerCount).join(', ')}`;
    return [{ kind: 'conflict', path: '', message }];
  }
  if (collectionOf(key) !== serviceCollection) return [];
  const name = key.slice(serviceCollection.length);
  const referrers = [
    ...[...next.list(routeCollection)].filter((object) => refersTo(object, name)),
    ...[...next.list(policyCollection)].filter((object) => refersTo(object, name)),
    ...next.list(instanceCollection(name)),
  ].map((object) => describeKey(keyOf(object)));
  if (referrers.length === 0) return [];
  const rest =
    referrers.length > namedReferrerCount ? ` and ${referrers.length - namedReferrerCount} more` : '';
  const named = referrers.slice(0, namedReferrerCount).join(', ') + rest;
  return [{ kind: 'conflict', path: '', message: `${describeKey(key)} is still referred to by ${named}` }];
}

function refersTo(object: MeshObject, service: string): boolean {
  switch (object.kind) {
    case 'Service':
    case 'Secret':
      return false;
    case 'Instance':
      return object.metadata.service === service;
    case 'Policy':
      return object.spec.targetRef.name === service;
    case 'HTTPRoute':
      return servicesOfRoute(object).some(({ name }) => name === service);
  }
}
