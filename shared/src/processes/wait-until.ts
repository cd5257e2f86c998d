import { HeddleError } from '../errors/heddle-error.ts';
import { sleep, type Clock } from '../time/clock.ts';

export interface WaitOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** Pause between two looks; 25 unless given. */
  readonly intervalMs?: number;
}

/**
 * Looks until `look` gives something else than undefined or false, and returns that. Throws
 * `peer-unreachable` with `what` (and the last error that `look` threw) when the deadline has passed. Something
 * else must keep the process alive meanwhile.
 */
export async function waitUntil<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { clock, deadlineMs, intervalMs = 25 }: WaitOptions,
): Promise<T> {
  const endMs = clock.monotonicMs() + deadlineMs;
  let cause: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      cause = undefined;
    } catch (thrown) {
      cause = thrown;
    }
    if (clock.monotonicMs() >= endMs) {
      const reason = cause instanceof Error ? `: ${cause.message}` : '';
      throw new HeddleError('peer-unreachable', `${what}: not within ${deadlineMs} ms${reason}`, { cause });
    }
    await sleep(clock, intervalMs);
  }
}
