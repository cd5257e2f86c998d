import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWrk } from './wrk.ts';

const head = `Running 2s test @ http://127.0.0.1:8080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.51ms    1.02ms  20.01ms   89.62%
  50000 requests in 2.00s, 8.00MB read
`;
const tail = 'Requests/sec:  24987.65\nTransfer/sec:      4.00MB\n';

test('rate and count of a clean run', () => {
  assert.deepEqual(parseWrk(head + tail), {
    requestsPerSecond: 24_987.65,
    requestCount: 50_000,
    errorCount: 0,
  });
});

test('bad answers and socket errors are counted together', () => {
  const errors = '  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 100\n';
  assert.equal(parseWrk(head + errors + tail).errorCount, 110);
});

test('no rate is no result', () => {
  assert.throws(
    () => parseWrk('unable to connect to 127.0.0.1:8080 Connection refused\n'),
    /printed no rate/,
  );
});
