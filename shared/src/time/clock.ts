/**
 * Time as a dependency. Production code takes a `Clock`; tests pass `createFakeClock()` and move it by hand.
 * `Date.now`, `setTimeout` and friends are used in this folder only (lint says so).
 */
export interface Clock {
  /** Wall-clock time, epoch milliseconds. May jump. For timestamps that people or peers read. */
  now(): number;
  /** Monotonic milliseconds with a fraction; its zero means nothing. For durations and deadlines. */
  monotonicMs(): number;
  /** Calls `callback` once after `delayMs` (≥ 0). A running timer does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  /** Idempotent; after it the callback never runs. */
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs` of the clock's time. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(delayMs, resolve);
  });
}
