import type { ConfigStatus } from '@heddle/shared/xds/api';
import type { LeftOutNote, Snapshot, SnapshotResource } from '../snapshot/snapshot.ts';
import { covers } from './subscription.ts';
import type { Refusal, TypeState } from './type-state.ts';

/** How one resource stands with one client, as the server sees it. */
export interface ClientResource {
  readonly resource: SnapshotResource;
  readonly status: ConfigStatus;
  readonly refusal?: Refusal;
}

/** Everything of a type that a client was sent, or is to get; not what it asked for in vain. */
export function describeType(state: TypeState, snapshot: Snapshot | undefined): readonly ClientResource[] {
  const { typeUrl, subscription, held } = state;
  const present = [...(snapshot?.names(typeUrl) ?? [])].filter((name) => covers(subscription, name));
  const names = new Set([...held.keys(), ...present]);
  return [...names].flatMap((name) => describe(state, name, snapshot?.get(typeUrl, name)) ?? []);
}

/** Names of a form that nothing here has; the protocol answers them as it does unknown ones. */
export function unservedNames({ typeUrl, subscription }: TypeState): readonly LeftOutNote[] {
  return [...subscription.names]
    .filter((name) => name.startsWith('xdstp:'))
    .map((name) => ({ typeUrl, name, reason: 'names with xdstp:// are not served; ask by the plain name' }));
}

/** The better, the later. */
const statusRank: Readonly<Record<ConfigStatus, number>> = {
  ERROR: 0,
  STALE: 1,
  NOT_SENT: 2,
  SYNCED: 3,
  UNKNOWN: 4,
};

/** Of several streams of one client: each resource once, in its worst state. */
export function mergeResources(resources: readonly ClientResource[]): readonly ClientResource[] {
  const merged = new Map<string, ClientResource>();
  for (const described of resources) {
    const key = `${described.resource.typeUrl} ${described.resource.name}`;
    const other = merged.get(key);
    if (other === undefined || statusRank[described.status] < statusRank[other.status])
      merged.set(key, described);
  }
  return [...merged.values()];
}

function describe(
  { held, outstanding, refusals }: TypeState,
  name: string,
  current: SnapshotResource | undefined,
): ClientResource | undefined {
  const sent = held.get(name);
  const refusal = refusals.get(name);
  if (current !== undefined && current.version !== sent?.version)
    return { resource: current, status: 'NOT_SENT', ...(refusal === undefined ? {} : { refusal }) };
  if (sent === undefined) return undefined;
  if (refusal !== undefined) return { resource: sent, status: 'ERROR', refusal };
  return { resource: sent, status: outstanding?.names.includes(name) === true ? 'STALE' : 'SYNCED' };
}
