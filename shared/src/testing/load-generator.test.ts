import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startLoad } from './load-generator.ts';
import { quantile } from './quantile.ts';

test('every request is counted by outcome and version, and each connection keeps its socket', async () => {
  let answers = 0;
  let sockets = 0;
  const server = http.createServer((request, response) => {
    answers += 1;
    if (answers === 10) request.socket.destroy();
    else
      response
        .writeHead(answers % 5 === 0 ? 503 : 200, { 'x-version': `v${1 + (answers % 2)}` })
        .end('hello');
  });
  server.on('connection', () => (sockets += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  let results = 0;
  const target = { name: 'direct', port, host: 'shop', path: '/', connections: 3 };
  await new Promise<void>((resolve) => {
    const load = startLoad({
      targets: [target],
      requestsPerSecond: 2000,
      versionHeader: 'x-version',
      onResult: () => {
        results += 1;
        if (results === 60) void load.stop().then(check).then(resolve);
      },
    });
    function check(report: ReturnType<typeof load.report>): void {
      assert.ok(report.requests >= 60);
      assert.equal(report.requests, answers, 'what the server saw is what was counted');
      assert.equal(report.byOutcome['ECONNRESET'], 1);
      assert.equal(report.byOutcome['503'], Math.floor(answers / 5) - 1, 'one of the fives was reset');
      assert.equal(report.failed, Math.floor(answers / 5));
      assert.equal(report.requests, (report.byVersion['v1'] ?? 0) + (report.byVersion['v2'] ?? 0) + 1);
      assert.equal(report.byTarget['direct'], report.requests);
    }
  });
  assert.equal(sockets, 4, 'three connections, and one more after the reset');
  await new Promise((resolve) => server.close(resolve));
});

test('quantiles are nearest ranks', () => {
  assert.equal(quantile([], 0.5), 0);
  assert.equal(quantile([5, 1, 3], 0.5), 3);
  assert.equal(quantile([5, 1, 3], 0.99), 5);
});
