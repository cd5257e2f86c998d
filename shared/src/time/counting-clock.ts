import type { Clock } from './clock.ts';

/** A clock that knows how many of its timers are set: what is set again and again without being cancelled shows. */
export interface CountingClock extends Clock {
  readonly pendingTimerCount: number;
}

export function createCountingClock(clock: Clock): CountingClock {
  let pendingTimerCount = 0;
  return {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    setTimer(delayMs, callback) {
      let isPending = true;
      pendingTimerCount += 1;
      const settle = (): boolean => {
        if (!isPending) return false;
        isPending = false;
        pendingTimerCount -= 1;
        return true;
      };
      const timer = clock.setTimer(delayMs, () => {
        settle();
        callback();
      });
      return {
        cancel() {
          if (settle()) timer.cancel();
        },
      };
    },
    get pendingTimerCount() {
      return pendingTimerCount;
    },
  };
}
