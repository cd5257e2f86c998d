import type { Clock, Timer } from '@heddle/shared/time/clock';

export interface DebounceSettings {
  /** A run starts when no trigger came for so long. */
  readonly quietMs: number;
  /** A run starts at the latest so long after the first trigger that waits. */
  readonly maxMs: number;
}

export interface Debounce {
  /** Something changed. */
  trigger(): void;
  /** Nothing runs afterwards. */
  stop(): void;
}

/**
 * Gathers triggers into runs. The first trigger after quiet runs at once, inside the call; those that follow
 * within `quietMs` of a trigger or of a run are gathered into one run.
 */
export function createDebounce(clock: Clock, settings: DebounceSettings, run: () => void): Debounce {
  let state: { readonly kind: 'quiet' } | { readonly kind: 'gathering'; readonly timer: Timer } = {
    kind: 'quiet',
  };
  /** Of the first trigger that waits; undefined when none does. */
  let waitingSinceMs: number | undefined;
  let lastTriggerMs = 0;
  let isStopped = false;

  function gather(delayMs: number): void {
    state = { kind: 'gathering', timer: clock.setTimer(delayMs, onTimer) };
  }

  function onTimer(): void {
    if (waitingSinceMs === undefined) {
      state = { kind: 'quiet' };
      return;
    }
    const nowMs = clock.monotonicMs();
    const dueMs = Math.min(lastTriggerMs + settings.quietMs, waitingSinceMs + settings.maxMs);
    if (nowMs < dueMs) return gather(dueMs - nowMs);
    waitingSinceMs = undefined;
    gather(settings.quietMs);
    run();
  }

  return {
    trigger() {
      if (isStopped) return;
      lastTriggerMs = clock.monotonicMs();
      if (state.kind === 'quiet') {
        gather(settings.quietMs);
        run();
        return;
      }
      waitingSinceMs ??= lastTriggerMs;
    },
    stop() {
      isStopped = true;
      if (state.kind === 'gathering') state.timer.cancel();
    },
  };
}
