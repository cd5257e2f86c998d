import { randomInteger, type Rng } from '@heddle/shared/random/rng';

/** Of a list that is not empty. */
export function pick<T>(rng: Rng, list: readonly T[]): T {
  return list[randomInteger(rng, list.length)] as T;
}

/** True once in so many times. */
export function oneIn(rng: Rng, count: number): boolean {
  return randomInteger(rng, count) === 0;
}

export function shuffle<T>(rng: Rng, list: readonly T[]): T[] {
  const left = [...list];
  const shuffled: T[] = [];
  while (left.length > 0) shuffled.push(...left.splice(randomInteger(rng, left.length), 1));
  return shuffled;
}

/** Merges lists into one at random; each keeps its order. */
export function interleave<T>(rng: Rng, lists: readonly (readonly T[])[]): T[] {
  const left = lists.map((list) => [...list]).filter((list) => list.length > 0);
  const merged: T[] = [];
  while (left.length > 0) {
    const at = randomInteger(rng, left.length);
    const next = left[at]?.shift();
    if (next === undefined) left.splice(at, 1);
    else merged.push(next);
  }
  return merged;
}
