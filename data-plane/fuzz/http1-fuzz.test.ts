import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareReadings } from './compare-readings.ts';
import { http1Fuzzers } from './http1-fuzzers.ts';
import { explain, explainedDifferences } from './http1-differences.ts';
import { LlhttpServerOracle, readResponseWithLlhttp } from './llhttp-oracle.ts';
import { readRequestsWithCodec, readResponseWithCodec } from './our-reading.ts';
import { testFuzzers } from './test-fuzzers.ts';

testFuzzers(http1Fuzzers);

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
