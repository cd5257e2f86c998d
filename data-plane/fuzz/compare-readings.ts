import type { DifferenceKind } from './http1-differences.ts';
import { isSameMessage, type Reading } from './reading.ts';

/** `undefined` where both understood the same. */
export function compareReadings(ours: Reading, theirs: Reading): DifferenceKind | undefined {
  const commonCount = Math.min(ours.messages.length, theirs.messages.length);
  for (let index = 0; index < commonCount; index++) {
    const our = ours.messages[index];
    const their = theirs.messages[index];
    if (our !== undefined && their !== undefined && !isSameMessage(our, their)) return 'read-differently';
  }
  if (ours.messages.length > commonCount) return 'looser';
  if (theirs.messages.length > commonCount) return 'stricter';
  if (ours.error === '' && theirs.error !== '') return 'later';
  return undefined;
}
