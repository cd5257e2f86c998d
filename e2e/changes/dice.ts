import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';

/** Seeded decisions: the same seed draws the same. */
export interface Dice {
  /** From 0 to `bound` − 1. */
  integer(bound: number): number;
  /** True in so many of all cases. */
  chance(ratio: number): boolean;
  /** Undefined from an empty list. */
  pick<T>(list: readonly T[]): T | undefined;
  /** For lists that are written down and never empty. */
  pickOf<T>(list: readonly [T, ...T[]]): T;
}

export function createDice(seed: number): Dice {
  const rng = createSeededRng(seed);
  const integer = (bound: number): number => randomInteger(rng, bound);
  return {
    integer,
    chance: (ratio) => rng.next() < ratio,
    pick: (list) => (list.length === 0 ? undefined : list[integer(list.length)]),
    pickOf: (list) => list[integer(list.length)] ?? list[0],
  };
}
