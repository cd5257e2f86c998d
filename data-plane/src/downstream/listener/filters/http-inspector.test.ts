import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCountingStats } from '../../testing/counting-stats.ts';
import { HttpInspector, httpInspectorStats } from './http-inspector.ts';
import type { AcceptedConnection } from './listener-filter.ts';

const stats = createCountingStats();
const inspector = new HttpInspector(httpInspectorStats.create(stats.scope('http_inspector.')));

function inspect(text: string, clientHello?: AcceptedConnection['clientHello']): string {
  const accepted = {
    bytes: Buffer.from(text, 'latin1'),
    clientHello,
    applicationProtocols: [],
  } as unknown as AcceptedConnection;
  const status = inspector.inspect(accepted);
  return status === 'continue' ? accepted.applicationProtocols.join() : status;
}

/** As a real Envoy decides them. */
test('versions of HTTP, and what is no HTTP', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['GET / HTTP/1.1\r\n', 'http/1.1'],
    ['GET / HTTP/1.1\n', 'http/1.1'],
    ['get / HTTP/1.1\r\n', 'http/1.1'],
    ['FOO / HTTP/1.1\r\n', 'http/1.1'],
    ['M-SEARCH * HTTP/1.1\r\n', 'http/1.1'],
    ['GET http://a/ HTTP/1.1\r\n', 'http/1.1'],
    ['CONNECT a:80 HTTP/1.1\r\n', 'http/1.1'],
    ['GET  /\x01  HTTP/1.1 \r\nrest', 'http/1.1'],
    [`GET /${'a'.repeat(9000)} HTTP/1.1\r\n`, 'http/1.1'],
    ['GET / HTTP/1.0\r\n', 'http/1.0'],
    ['GET / HTTP/0.9\r\n', 'http/1.0'],
    ['GET / HTTP/2.0\r\n', 'http/1.0'],
    ['GET /\r\n', 'http/1.0'],
    ['PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', 'http/1.0'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrest', 'h2c'],
    ['PRI * HTTP/2.0\r\n\r\nSM', 'wait'],
    ['GET / HTTP/1.1', 'wait'],
    ['GET / HTTP/1.1\rX', 'wait'],
    ['G', 'wait'],
    ['P', 'wait'],
    ['', 'wait'],
    ['\0\x01', ''],
    ['\x16\x03\x01', ''],
    ['hello world\r\n', ''],
    ['G\r\n', ''],
    ['\r\nGET / HTTP/1.1\r\n', ''],
    ['  GET / HTTP/1.1\r\n', ''],
    ['GET /a b HTTP/1.1\r\n', ''],
    ['GET / http/1.1\r\n', ''],
    ['GET x HTTP/1.1\r\n', ''],
    ['GET / HTTP/11\r\n', ''],
    ['GET /\xc3\xa4 HTTP/1.1\r\n', ''],
    [`GET /${'a'.repeat(70_000)}`, 'close'],
  ];
  for (const [text, expected] of rows)
    assert.equal(inspect(text), expected, JSON.stringify(text.slice(0, 40)));
  assert.equal(stats.value('http_inspector.http2_found'), 1);
  assert.equal(stats.value('http_inspector.read_error'), 1);
  // What begins with a ClientHello is not looked into.
  assert.equal(inspect('GET / HTTP/1.1\r\n', { serverName: '', applicationProtocols: [] }), '');
  assert.equal(inspect('GET / HTTP/1.1\r\n', 'none'), 'http/1.1');
});
