export interface ShrinkOptions {
  /** At most so many candidates are tried. */
  readonly trialLimit: number;
}

/**
 * A shorter list that still fails; none of its elements can be left out (1-minimal) when the trials sufficed.
 * Delta debugging (Zeller, "Yesterday, my program worked", 1999): halves first, then ever finer parts. The whole
 * list is known to fail and is not tried. Candidates keep the order and are tried one after the other.
 */
export async function shrink<T>(
  list: readonly T[],
  fails: (candidate: readonly T[]) => Promise<boolean>,
  { trialLimit }: ShrinkOptions = { trialLimit: Number.POSITIVE_INFINITY },
): Promise<readonly T[]> {
  let trials = 0;
  const isFailing = async (candidate: readonly T[]): Promise<boolean> =>
    trials++ < trialLimit && (await fails(candidate));

  let current = list;
  let partCount = 2;
  while (current.length >= 2 && trials < trialLimit) {
    const smaller = await firstFailing(candidatesOf(current, partCount), isFailing);
    if (smaller !== undefined) {
      partCount = smaller.kind === 'part' ? 2 : Math.max(partCount - 1, 2);
      current = smaller.list;
    } else if (partCount < current.length) {
      partCount = Math.min(partCount * 2, current.length);
    } else {
      break;
    }
  }
  if (current.length === 1 && (await isFailing([]))) return [];
  return current;
}

interface Candidate<T> {
  readonly kind: 'part' | 'rest';
  readonly list: readonly T[];
}

function candidatesOf<T>(list: readonly T[], partCount: number): Candidate<T>[] {
  const bounds = Array.from({ length: partCount + 1 }, (_, index) =>
    Math.round((index * list.length) / partCount),
  );
  const parts = Array.from({ length: partCount }, (_, index) => ({
    from: bounds[index] ?? 0,
    to: bounds[index + 1] ?? 0,
  }));
  const whole = parts.map(({ from, to }) => ({ kind: 'part' as const, list: list.slice(from, to) }));
  if (partCount === 2) return whole;
  return [
    ...whole,
    ...parts.map(({ from, to }) => ({
      kind: 'rest' as const,
      list: [...list.slice(0, from), ...list.slice(to)],
    })),
  ];
}

async function firstFailing<T>(
  candidates: readonly Candidate<T>[],
  fails: (candidate: readonly T[]) => Promise<boolean>,
): Promise<Candidate<T> | undefined> {
  for (const candidate of candidates) if (await fails(candidate.list)) return candidate;
  return undefined;
}
