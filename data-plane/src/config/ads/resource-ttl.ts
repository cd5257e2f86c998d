import type { Clock, Timer } from '@heddle/shared/time/clock';

/** Times to live of one type's resources; one timer, for the earliest end. */
export class ResourceTtl {
  readonly #clock: Clock;
  readonly #onExpired: (names: string[]) => void;
  readonly #endsAtMs = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(clock: Clock, onExpired: (names: string[]) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  /** Starts the resource's time anew; without one it stays for ever. Call `arm` after a batch. */
  set(name: string, ttlMs: number | undefined): void {
    if (ttlMs === undefined) this.#endsAtMs.delete(name);
    else this.#endsAtMs.set(name, this.#clock.monotonicMs() + ttlMs);
  }

  has(name: string): boolean {
    return this.#endsAtMs.has(name);
  }

  arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#endsAtMs.size === 0) return;
    let earliestMs = Infinity;
    for (const endsAtMs of this.#endsAtMs.values()) earliestMs = Math.min(earliestMs, endsAtMs);
    this.#timer = this.#clock.setTimer(Math.max(0, earliestMs - this.#clock.monotonicMs()), () =>
      this.#expire(),
    );
  }

  stop(): void {
    this.#endsAtMs.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #expire(): void {
    const nowMs = this.#clock.monotonicMs();
    const expired = [...this.#endsAtMs].filter(([, endsAtMs]) => endsAtMs <= nowMs).map(([name]) => name);
    for (const name of expired) this.#endsAtMs.delete(name);
    this.arm();
    if (expired.length > 0) this.#onExpired(expired);
  }
}
