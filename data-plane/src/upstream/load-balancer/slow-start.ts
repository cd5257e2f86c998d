import type { SlowStart } from '../../config/model/cluster.ts';
import type { Candidate } from './load-balancer.ts';

/** A host that has just become usable gets a growing share of its weight for a while. */
export class SlowStartFactor {
  readonly #settings: SlowStart;
  readonly #monotonicMs: () => number;

  constructor(settings: SlowStart, monotonicMs: () => number) {
    this.#settings = settings;
    this.#monotonicMs = monotonicMs;
  }

  isStarting(host: Candidate): boolean {
    return this.#monotonicMs() - host.healthySinceMs < this.#settings.windowMs;
  }

  /** 1 once the window has passed; before, `max(minWeight, t^(1/aggression))` with t the part that has passed. */
  of(host: Candidate): number {
    const elapsedMs = this.#monotonicMs() - host.healthySinceMs;
    if (elapsedMs >= this.#settings.windowMs) return 1;
    const passed = Math.max(1, elapsedMs) / this.#settings.windowMs;
    return Math.max(this.#settings.minWeightPercent / 100, passed ** (1 / this.#settings.aggression));
  }
}
