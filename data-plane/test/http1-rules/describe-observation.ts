import { hasClosed } from './judge.ts';
import { statusOf, type Observation } from './observation.ts';

/** A few words for a table: what was forwarded, what was answered, whether it closed. Equal texts: equal behaviour. */
export function describeObservation(seen: Observation): string {
  const words: string[] = [];
  if (seen.requests.length > 0) words.push('→'.repeat(Math.min(seen.requests.length, 3)));
  words.push(...seen.informational.slice(0, 3).map(String));
  words.push(...seen.answers.slice(0, 3).map((answer) => String(statusOf(answer))));
  if (seen.hasPartialAnswer && seen.isClosed) words.push('cut');
  else if (seen.answers.length === 0) words.push(seen.isClosed ? 'closes' : 'waits');
  else if (hasClosed(seen)) words.push('closes');
  if (seen.faults.length > 0) words.push('malformed');
  return words.join(' ');
}
