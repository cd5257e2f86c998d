import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@heddle/shared/time/clock';
import { fuzzHttp1 } from './http1-fuzz.ts';

test('two seconds of random messages are read as llhttp reads them, or refused for a reason', async () => {
  const report = await fuzzHttp1(20_261_124, 2_000, systemClock);
  assert.deepEqual(report.unexplained, []);
  // A generator or an oracle that went wrong would find nothing either.
  assert.ok(report.caseCount > 200, `${report.caseCount} cases`);
  assert.ok(report.explained.size >= 3, [...report.explained.keys()].join());
});
