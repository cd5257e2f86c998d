import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@heddle/shared/time/clock';
import { compareReadings } from './compare-readings.ts';
import { fuzz } from './fuzz.ts';
import { fuzzers } from './fuzzers.ts';
import { http1Fuzzers } from './http1-fuzzers.ts';
import { explain, explainedDifferences } from './http1-differences.ts';
import { LlhttpServerOracle, readResponseWithLlhttp } from './llhttp-oracle.ts';
import { readRequestsWithCodec, readResponseWithCodec } from './our-reading.ts';
import { readFuzzSettings } from './settings.ts';

const { seed, durationMs } = readFuzzSettings(systemClock.now());

for (const fuzzer of http1Fuzzers) {
  test(`${fuzzer.name}, seed ${seed}: no difference that the table does not explain`, async () => {
    const [report] = await fuzz(seed, durationMs / fuzzers.length, systemClock, [fuzzer]);
    assert.ok(report !== undefined);
    assert.deepEqual(report.unexplained, []);
    // A generator that went wrong would find nothing either.
    assert.ok(report.caseCount > 0);
  });
}

test('every row of the table has an example that it explains, and no other row does', async () => {
  const server = new LlhttpServerOracle();
  for (const { name, kinds, example, isAnswer = false } of explainedDifferences) {
    const bytes = Buffer.from(example, 'latin1');
    const ours = isAnswer ? readResponseWithCodec(bytes) : readRequestsWithCodec(bytes);
    const theirs = isAnswer ? await readResponseWithLlhttp(bytes, 1) : await server.read(bytes, 1);
    const kind = compareReadings(ours, theirs);
    assert.ok(kind !== undefined && kinds.includes(kind), `${name}: ${kind}`);
    assert.equal(explain({ kind, isRequest: !isAnswer, input: example, ours, theirs }), name, name);
  }
});
