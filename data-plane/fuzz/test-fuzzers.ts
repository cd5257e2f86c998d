import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@heddle/shared/time/clock';
import { fuzz } from './fuzz.ts';
import type { Fuzzer } from './fuzzer.ts';
import { fuzzers } from './fuzzers.ts';
import { readFuzzSettings } from './settings.ts';

/** A test for each, which has its part of the time of all. */
export function testFuzzers(some: readonly Fuzzer[]): void {
  const { seed, durationMs } = readFuzzSettings(systemClock.now());
  for (const fuzzer of some) {
    test(`${fuzzer.name}, seed ${seed}: no difference that the table does not explain`, async () => {
      const [report] = await fuzz(seed, durationMs / fuzzers.length, systemClock, [fuzzer]);
      assert.ok(report !== undefined);
      assert.deepEqual(report.unexplained, []);
      // A generator that went wrong would find nothing either.
      assert.ok(report.caseCount > 0);
    });
  }
}
