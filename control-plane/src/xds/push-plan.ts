import { typeUrls } from '@heddle/shared/xds/type-urls';

/**
 * One step of bringing a client from what it holds to the current snapshot. `upsert` adds and changes, `remove`
 * takes away, `replace` does both in one response.
 */
export interface PushRow {
  readonly does: 'upsert' | 'remove' | 'replace';
  readonly typeUrl: string;
  /** With these types the client must be up to date, and have acknowledged it. */
  readonly after: readonly string[];
}

const { cluster, clusterLoadAssignment, listener, routeConfiguration } = typeUrls;

/** What sends requests to clusters. */
export const routingTypes: readonly string[] = [listener, routeConfiguration];

/**
 * Make before break. Endpoints do not wait for the acknowledgement of their clusters: Envoy gives it only once
 * the clusters are warm, and for that it needs the endpoints. Listeners and routes wait, resource by resource,
 * for the new clusters that they name (`ClusterArrivals`). A listener goes together with those that
 * replace it: two listeners cannot have one address.
 */
export const pushRows: readonly PushRow[] = [
  { does: 'upsert', typeUrl: cluster, after: [] },
  { does: 'upsert', typeUrl: clusterLoadAssignment, after: [] },
  { does: 'replace', typeUrl: listener, after: [] },
  { does: 'upsert', typeUrl: routeConfiguration, after: [] },
  { does: 'remove', typeUrl: routeConfiguration, after: [listener] },
  { does: 'remove', typeUrl: cluster, after: routingTypes },
  { does: 'remove', typeUrl: clusterLoadAssignment, after: [cluster, ...routingTypes] },
];

const orderedTypes = new Set(pushRows.map((row) => row.typeUrl));

/** The rows for the types that a client asked for; types without an order of theirs come last. */
export function planRows(requested: Iterable<string>): readonly PushRow[] {
  const others = [...requested].filter((typeUrl) => !orderedTypes.has(typeUrl));
  if (others.length === 0) return pushRows;
  return [...pushRows, ...others.map((typeUrl) => ({ does: 'replace', typeUrl, after: [] }) as const)];
}

/** Types whose responses in state of the world are complete: what is missing is deleted. */
export const fullSetTypes: ReadonlySet<string> = new Set([cluster, listener]);

/** Types for which an empty first list means everything. */
export const legacyWildcardTypes: ReadonlySet<string> = new Set([
  cluster,
  listener,
  typeUrls.scopedRouteConfiguration,
]);

/** A parent that is sent anew makes its client wait for these children again. */
export const childTypes: ReadonlyMap<string, string> = new Map([
  [cluster, clusterLoadAssignment],
  [listener, routeConfiguration],
]);
