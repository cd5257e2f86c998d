import type { ReceivedResource, RejectedResource } from '../subscription.ts';
import type { ReadResources } from './read-resources.ts';
import type { Watch, WatchSet } from './watch-set.ts';

/** A watch's share of a response. */
export interface Answer<T> {
  readonly upserts: ReceivedResource<T>[];
  readonly removed: string[];
  readonly refused: RejectedResource[];
  /** Resources of the response that the watcher has already. */
  unchangedCount: number;
}

/**
 * Splits a response by watch. Wildcard watches always get an answer, those by name only when one of their names
 * occurs. In the order of subscription.
 */
export function collectAnswers<T>(
  watches: WatchSet<T>,
  read: Pick<ReadResources<T>, 'changed' | 'unchanged' | 'confirmed' | 'refused'>,
  removed: readonly string[],
): Map<Watch<T>, Answer<T>> {
  const answers = new Map<Watch<T>, Answer<T>>();
  const answerOf = (watch: Watch<T>): Answer<T> => {
    let answer = answers.get(watch);
    if (answer === undefined) {
      answer = { upserts: [], removed: [], refused: [], unchangedCount: 0 };
      answers.set(watch, answer);
    }
    return answer;
  };
  const each = (name: string, add: (answer: Answer<T>) => void): void => {
    for (const watch of watches.wildcards) add(answerOf(watch));
    for (const watch of watches.byName(name)) add(answerOf(watch));
  };
  for (const watch of watches.wildcards) answerOf(watch);
  for (const { resource } of read.changed) each(resource.name, (answer) => answer.upserts.push(resource));
  for (const { name } of read.unchanged) each(name, (answer) => (answer.unchangedCount += 1));
  for (const name of read.confirmed) each(name, (answer) => (answer.unchangedCount += 1));
  for (const resource of read.refused) each(resource.name, (answer) => answer.refused.push(resource));
  for (const name of removed) each(name, (answer) => answer.removed.push(name));
  return answers;
}
