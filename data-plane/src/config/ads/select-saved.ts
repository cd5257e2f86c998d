import type { SavedType } from '../saved/saved-resources.ts';
import type { IncomingResponse } from './incoming-response.ts';
import type { ResourceStore } from './resource-store.ts';
import type { WatchSet } from './watch-set.ts';

/** What was saved for the subscriptions that had no answer, in the form of a response. What is known stays out. */
export function selectSaved<T>(
  { typeUrl, version, resources }: SavedType,
  watches: WatchSet<T>,
  store: ResourceStore<T>,
): IncomingResponse {
  const waiting = [...watches.all].filter(({ isAnswered }) => !isAnswered);
  const isWanted = waiting.some(({ names }) => names === undefined)
    ? () => true
    : (name: string) => waiting.some(({ names }) => names?.has(name) === true);
  return {
    variant: 'delta',
    typeUrl,
    version,
    nonce: '',
    controlPlane: '',
    removed: [],
    resources: resources
      .filter(
        ({ name }) => isWanted(name) && store.accepted(name) === undefined && !store.isKnownAbsent(name),
      )
      .map((resource) => ({ ...resource, typeUrl, ttlMs: undefined })),
  };
}
