import type { Clock, Timer } from '../time/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time forward and runs what falls due on the way, in order of due time, then of creation. */
  advance(ms: number): void;
  /** Timers that are set and have not run. */
  readonly pendingTimerCount: number;
}

export function createFakeClock(startAt = 1_700_000_000_000): FakeClock {
  let elapsedMs = 0;
  let nextId = 0;
  const timers = new Map<number, { dueMs: number; callback: () => void }>();

  function earliest(limitMs: number): number | undefined {
    let best: number | undefined;
    let bestDueMs = Infinity;
    for (const [id, timer] of timers) {
      if (timer.dueMs <= limitMs && timer.dueMs < bestDueMs) {
        best = id;
        bestDueMs = timer.dueMs;
      }
    }
    return best;
  }

  return {
    now: () => startAt + Math.floor(elapsedMs),
    monotonicMs: () => elapsedMs,
    setTimer(delayMs, callback): Timer {
      const id = nextId++;
      timers.set(id, { dueMs: elapsedMs + Math.max(0, delayMs), callback });
      return { cancel: () => void timers.delete(id) };
    },
    advance(ms) {
      const limitMs = elapsedMs + ms;
      for (let id = earliest(limitMs); id !== undefined; id = earliest(limitMs)) {
        const timer = timers.get(id);
        timers.delete(id);
        if (timer === undefined) continue;
        elapsedMs = Math.max(elapsedMs, timer.dueMs);
        timer.callback();
      }
      elapsedMs = limitMs;
    },
    get pendingTimerCount() {
      return timers.size;
    },
  };
}
