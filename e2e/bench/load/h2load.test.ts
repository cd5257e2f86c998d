import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseH2load } from './h2load.ts';

const output = (counts: string): string => `starting benchmark...
Stopped all clients for thread #0

finished in 3.00s, 89690.67 req/s, 7.78MB/s
requests: 269072 total, 269328 started, ${counts}
status codes: 269072 2xx, 0 3xx, 0 4xx, 0 5xx
`;

test('reads rate and count', () => {
  const counts = '269072 done, 269072 succeeded, 0 failed, 0 errored, 0 timeout';
  assert.deepEqual(parseH2load(output(counts)), {
    requestsPerSecond: 89690.67,
    requestCount: 269072,
    errorCount: 0,
  });
});

test('counts answers that are errors, and requests without one', () => {
  const counts = '269072 done, 269000 succeeded, 72 failed, 2 errored, 3 timeout';
  assert.equal(parseH2load(output(counts)).errorCount, 75);
});

test('says when there is no rate', () => {
  assert.throws(() => parseH2load('could not connect'), /h2load printed no rate/);
});
