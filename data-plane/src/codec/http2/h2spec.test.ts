import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { startEchoServer } from './testing/echo-server.ts';
import { buildH2spec, h2specSkip, runH2spec } from './testing/h2spec.ts';

before(buildH2spec);

test('h2spec finds nothing in strict mode', { skip: h2specSkip }, async () => {
  await using server = await startEchoServer({ maxConcurrentStreams: 100 });
  const { sums, report } = await runH2spec({ port: server.port });
  assert.equal(report, '');
  assert.equal(sums, '146 tests, 146 passed, 0 skipped, 0 failed');
});
