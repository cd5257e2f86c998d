import type { Clock } from '@heddle/shared/time/clock';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import { runCase } from './run-case.ts';
import type { Variant } from './wire-client.ts';

export interface FuzzOptions {
  /** Of the first case; each further one has the next. */
  readonly seed: number;
  readonly durationMs: number;
  /** At most so many seeds. */
  readonly caseCount: number;
  readonly clock: Clock;
}

export interface FuzzReport {
  readonly played: number;
  /** The first few, with seed and events. */
  readonly violations: readonly string[];
}

const subjects: readonly (readonly [Variant, 'envoy' | 'free'])[] = [
  ['sotw', 'envoy'],
  ['delta', 'envoy'],
  ['sotw', 'free'],
  ['delta', 'free'],
];
const shownViolations = 5;

/** Each seed with every kind of client, until the time is over, or enough has gone wrong. */
export function fuzzStreams({ seed, durationMs, caseCount, clock }: FuzzOptions): FuzzReport {
  const endMs = clock.monotonicMs() + durationMs;
  const violations: string[] = [];
  let played = 0;
  for (let index = 0; index < caseCount && clock.monotonicMs() < endMs; index++) {
    for (const [variant, kind] of subjects) {
      played += 1;
      try {
        runCase(seed + index, variant, kind);
      } catch (thrown) {
        violations.push(messageOf(thrown));
        if (violations.length >= shownViolations) return { played, violations };
      }
    }
  }
  return { played, violations };
}
