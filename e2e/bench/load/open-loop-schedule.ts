/**
 * When requests of an open loop are meant to be sent: evenly, whatever became of those before. Latency counts from
 * there, so that a proxy that stalls is charged for every request that had to wait (no coordinated omission).
 */
export interface OpenLoopSchedule {
  /** Requests of the whole run. */
  readonly count: number;
  /** Of the request with this number, from 0. */
  dueMs(index: number): number;
  /** How many requests are due until then, the run's end included. */
  dueCount(nowMs: number): number;
}

export function createOpenLoopSchedule(
  startMs: number,
  requestsPerSecond: number,
  seconds: number,
): OpenLoopSchedule {
  const count = Math.floor(requestsPerSecond * seconds);
  const intervalMs = 1000 / requestsPerSecond;
  return {
    count,
    dueMs: (index) => startMs + index * intervalMs,
    dueCount(nowMs) {
      if (nowMs < startMs) return 0;
      return Math.min(count, Math.floor((nowMs - startMs) / intervalMs) + 1);
    },
  };
}
