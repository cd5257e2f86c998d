/** Randomness as a dependency: `Math.random` is used here only (lint says so). */
export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
}

export const systemRng: Rng = { next: () => Math.random() };

/** Uniform integer in [0, bound). `bound` ≥ 1. */
export function randomInteger(rng: Rng, bound: number): number {
  return Math.floor(rng.next() * bound);
}

/** Deterministic generator (mulberry32) for tests and for seeded runs. Same seed, same sequence. */
export function createSeededRng(seed: number): Rng {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}
