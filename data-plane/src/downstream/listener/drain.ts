import type { Rng } from '@heddle/shared/random/rng';
import type { Clock } from '@heddle/shared/time/clock';
import type { DrainDecision } from '../network/network-filter.ts';

export type DrainStrategy = 'gradual' | 'immediate';

/**
 * Whether answers should end their connections. Gradual: the probability rises from 0 to 1 over the drain time, so
 * that clients do not come back all at once.
 */
export class Drain implements DrainDecision {
  readonly #clock: Clock;
  readonly #rng: Rng;
  #startedMs: number | undefined;
  #drainTimeMs = 0;
  #strategy: DrainStrategy = 'gradual';

  constructor(clock: Clock, rng: Rng) {
    this.#clock = clock;
    this.#rng = rng;
  }

  get isDraining(): boolean {
    return this.#startedMs !== undefined;
  }

  /** A second call changes nothing but gradual to immediate. */
  start(strategy: DrainStrategy, drainTimeMs: number): void {
    if (strategy === 'immediate' || this.#startedMs === undefined) this.#strategy = strategy;
    this.#startedMs ??= this.#clock.monotonicMs();
    this.#drainTimeMs = drainTimeMs;
  }

  drainClose(): boolean {
    if (this.#startedMs === undefined) return false;
    if (this.#strategy === 'immediate' || this.#drainTimeMs === 0) return true;
    const elapsedMs = this.#clock.monotonicMs() - this.#startedMs;
    return elapsedMs > this.#rng.next() * this.#drainTimeMs;
  }
}
