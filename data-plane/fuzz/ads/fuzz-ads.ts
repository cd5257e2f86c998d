import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { Clock } from '@heddle/shared/time/clock';
import { runAdsCase } from './run-case.ts';

export interface AdsFuzzReport {
  readonly played: number;
  /** The first few, with seed and events. */
  readonly violations: readonly string[];
}

const shownViolations = 5;

/** Each seed with both variants, until the time is over, or enough has gone wrong. */
export async function fuzzAds({
  seed,
  durationMs,
  clock,
}: {
  readonly seed: number;
  readonly durationMs: number;
  readonly clock: Clock;
}): Promise<AdsFuzzReport> {
  const endMs = clock.monotonicMs() + durationMs;
  const violations: string[] = [];
  let played = 0;
  for (let next = seed; clock.monotonicMs() < endMs; next++) {
    for (const variant of ['sotw', 'delta'] as const) {
      played += 1;
      try {
        await runAdsCase(next, variant);
      } catch (thrown) {
        violations.push(messageOf(thrown));
        if (violations.length >= shownViolations) return { played, violations };
      }
    }
  }
  return { played, violations };
}
