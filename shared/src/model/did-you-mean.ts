import { distance } from 'fastest-levenshtein';

/** The known word that `word` was probably meant to be, or undefined when none is close. */
export function closestWord(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  const lowered = word.slice(0, 100).toLowerCase();
  for (const candidate of known) {
    const candidateDistance = distance(lowered, candidate.toLowerCase());
    if (candidateDistance < bestDistance) {
      best = candidate;
      bestDistance = candidateDistance;
    }
  }
  // Two letters swapped count as two slips, so a word of four letters must allow two; one of three only one.
  return best !== undefined && bestDistance <= Math.round(best.length * 0.4) ? best : undefined;
}

/** ` (did you mean "x"?)`, the list of what is known when it is short, or nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const closest = closestWord(word, known);
  if (closest !== undefined) return ` (did you mean "${closest}"?)`;
  return known.length > 0 && known.length <= 12 ? ` (known: ${known.join(', ')})` : '';
}
