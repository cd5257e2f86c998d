import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { modelTypes, type ModelClient } from './model-client.ts';

/** Names that worlds have at times, and one that none ever has. */
const names = {
  [typeUrls.cluster]: ['c0', 'c1', 'c2', 'c3', 'nobody'],
  [typeUrls.clusterLoadAssignment]: ['c0', 'c1', 'c2', 'c3', 'c4', 'nobody'],
  [typeUrls.listener]: ['l0', 'l1', 'nobody'],
  [typeUrls.routeConfiguration]: ['t0', 't1', 't2', 'nobody'],
} as const;

const wildcardTypes: ReadonlySet<string> = new Set([typeUrls.cluster, typeUrls.listener]);

/** Wants something else of some type, whatever that is. */
export function wantAnything(client: ModelClient, rng: Rng): void {
  const typeUrl = modelTypes[randomInteger(rng, modelTypes.length)] ?? typeUrls.cluster;
  if (wildcardTypes.has(typeUrl) && rng.next() < 0.4) {
    if (client.type(typeUrl).wanted !== 'all' || !client.isOpen(typeUrl)) client.want(typeUrl, 'all');
    return;
  }
  const wanted = new Set(names[typeUrl].filter(() => rng.next() < 0.5));
  // An empty first list of these would mean everything.
  if (wanted.size > 0) client.want(typeUrl, wanted);
}

/** The same as before, type by type in any order, over a new stream. */
export function reopen(client: ModelClient, rng: Rng): void {
  const open = modelTypes
    .filter((typeUrl) => client.type(typeUrl).wanted === 'all' || client.type(typeUrl).held.size > 0)
    .map((typeUrl) => ({ typeUrl, order: rng.next() }))
    .sort((a, b) => a.order - b.order);
  for (const { typeUrl } of open) client.want(typeUrl, client.type(typeUrl).wanted);
}
