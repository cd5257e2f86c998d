import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { testFuzzers } from '../test-fuzzers.ts';
import { buildFrames } from './build-frames.ts';
import { readRequests } from './codec-reading.ts';
import { describeParts } from './describe-parts.ts';
import { findPartings } from './find-partings.ts';
import { generateClientConnection } from './generate-connection.ts';
import { explainedDifferences } from './http2-differences.ts';
import { http2Fuzzers } from './http2-fuzzers.ts';
import { Http2Oracles } from './oracles.ts';

testFuzzers(http2Fuzzers);

test('every row of the table has an example that it explains, and no other row does', async () => {
  const oracles = new Http2Oracles();
  for (const { name, kinds, example, isAnswer = false } of explainedDifferences) {
    const partings = await findPartings(example, !isAnswer, oracles);
    assert.ok(partings.length > 0, `${name}: no difference`);
    for (const { kind, explained } of partings) {
      assert.ok(kinds.includes(kind), `${name}: ${kind}`);
      assert.equal(explained, name);
    }
  }
});

test('what is generated as valid is understood: requests arrive, and nothing is refused', () => {
  const rng = createSeededRng(1);
  let completeCount = 0;
  for (let index = 0; index < 200; index++) {
    const parts = generateClientConnection(rng);
    const reading = readRequests(buildFrames(parts), { tableBytes: 4096 });
    assert.deepEqual([reading.goAwayCode, reading.detail], [undefined, ''], describeParts(parts));
    for (const { end } of reading.streams.values()) if (end === 'complete') completeCount++;
  }
  assert.ok(completeCount > 200, `${completeCount} requests`);
});
