import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordingServer } from '../testing/recording-server.ts';
import { HeaderMap } from '../header-map.ts';
import { formatNames } from './header-key-format.ts';

test('proper case begins every word with a capital, and leaves start line and values alone', () => {
  const format = { remembersCase: false, isProperCase: true };
  assert.equal(
    formatNames('GET /x:y HTTP/1.1\r\nhost: a\r\nx-my_h-3foo: te-st: b\r\n\r\n', undefined, format),
    'GET /x:y HTTP/1.1\r\nHost: a\r\nX-My_H-3foo: te-st: b\r\n\r\n',
  );
});

test('a head keeps the case of its names; what was added is lower-case or proper', () => {
  for (const [isProperCase, added] of [
    [false, 'x-new'],
    [true, 'X-New'],
  ] as const) {
    const server = new RecordingServer({ headerKeyFormat: { remembersCase: true, isProperCase } });
    server.feed('GET / HTTP/1.1\r\nHOST: a\r\nX-myName: 1\r\nx-MYNAME: 2\r\ncontent-Length: 0\r\n\r\n');
    const { headers } = server.last;
    headers.add('x-new', '3');
    assert.equal(
      formatNames(
        '\r\nhost: a\r\nx-myname: 1\r\ncontent-length: 0\r\nx-new: 3\r\n',
        headers.nameCases,
        undefined,
      ),
      `\r\nHOST: a\r\nX-myName: 1\r\ncontent-Length: 0\r\n${added}: 3\r\n`,
    );
    assert.equal(headers.clone().nameCases, headers.nameCases);
  }
});

test('an answer is written in the case that it came in, in pieces too', () => {
  const server = new RecordingServer();
  server.feed('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const headers = HeaderMap.of({ ':status': '200', 'x-a': '1', date: 'now' });
  headers.nameCases = {
    originals: new Map([
      ['x-a', 'X-A'],
      ['content-length', 'CONTENT-length'],
    ]),
    isProperCase: false,
  };
  server.last.encoder.encodeHeaders(headers, true);
  assert.equal(
    server.connection.takeWritten(),
    'HTTP/1.1 200 OK\r\nX-A: 1\r\ndate: now\r\nCONTENT-length: 0\r\n\r\n',
  );
});
