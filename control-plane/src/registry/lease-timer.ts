import type { Clock, Timer } from '@heddle/shared/time/clock';

/** A timer that fires later than this found the process stalled or asleep, and heartbeats unread. */
const stallMs = 1_000;

/** Deadlines of the embedded registry's leases, on the monotonic clock, with one timer for all of them. */
export class LeaseTimer {
  readonly #clock: Clock;
  readonly #onExpired: (keys: readonly string[]) => void;
  readonly #deadlines = new Map<string, number>();
  #timer: Timer | undefined;
  #wakeAtMs = Infinity;

  /** `onExpired` gets every key that is due, at least one; their leases are gone by then. */
  constructor(clock: Clock, onExpired: (keys: readonly string[]) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  /** Starts or restarts the lease of `key`. */
  grant(key: string, ttlMs: number): void {
    const deadlineMs = this.#clock.monotonicMs() + ttlMs;
    this.#deadlines.set(key, deadlineMs);
    // A renewal only moves a deadline back: the timer may then wake up for nothing, which is cheaper than moving it.
    if (deadlineMs < this.#wakeAtMs) this.#wakeAt(deadlineMs);
  }

  drop(key: string): void {
    this.#deadlines.delete(key);
  }

  close(): void {
    this.#timer?.cancel();
    this.#deadlines.clear();
  }

  #wakeAt(deadlineMs: number): void {
    this.#timer?.cancel();
    this.#wakeAtMs = deadlineMs;
    this.#timer = this.#clock.setTimer(deadlineMs - this.#clock.monotonicMs(), () => this.#onTimer());
  }

  #onTimer(): void {
    const nowMs = this.#clock.monotonicMs();
    const latenessMs = nowMs - this.#wakeAtMs;
    this.#wakeAtMs = Infinity;
    const expired: string[] = [];
    let nextMs = Infinity;
    for (const [key, deadlineMs] of this.#deadlines) {
      const extendedMs = latenessMs > stallMs ? deadlineMs + latenessMs + stallMs : deadlineMs;
      if (extendedMs <= nowMs) {
        expired.push(key);
        continue;
      }
      if (extendedMs !== deadlineMs) this.#deadlines.set(key, extendedMs);
      nextMs = Math.min(nextMs, extendedMs);
    }
    for (const key of expired) this.#deadlines.delete(key);
    if (nextMs < Infinity) this.#wakeAt(nextMs);
    if (expired.length > 0) this.#onExpired(expired);
  }
}
