import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap } from '../header-map.ts';
import { RecordingClient } from '../testing/recording-client.ts';

const head = { ':method': 'POST', ':path': '/p', ':authority': 'a.test', ':scheme': 'http' };

test('requests are written anew: host first, fields of one hop left out, framing decided', () => {
  const cases: readonly (readonly [Record<string, string>, boolean, string])[] = [
    [{ ...head, ':method': 'GET', 'x-a': 'b' }, true, 'GET /p HTTP/1.1\r\nhost: a.test\r\nx-a: b\r\n\r\n'],
    [head, true, 'POST /p HTTP/1.1\r\nhost: a.test\r\ncontent-length: 0\r\n\r\n'],
    [
      { ...head, 'content-length': '3' },
      false,
      'POST /p HTTP/1.1\r\nhost: a.test\r\ncontent-length: 3\r\n\r\n',
    ],
    [head, false, 'POST /p HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n'],
    [
      { ...head, host: 'other', 'keep-alive': 'x', 'transfer-encoding': 'gzip', connection: 'close' },
      true,
      'POST /p HTTP/1.1\r\nhost: a.test\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
    ],
    [
      { ...head, ':method': 'GET', connection: 'upgrade', upgrade: 'websocket' },
      false,
      'GET /p HTTP/1.1\r\nhost: a.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    ],
    [
      { ':method': 'CONNECT', ':authority': 'b.test:443' },
      false,
      'CONNECT b.test:443 HTTP/1.1\r\nhost: b.test:443\r\n\r\n',
    ],
  ];
  for (const [fields, endStream, expected] of cases) {
    const client = new RecordingClient();
    client.begin().encoder.encodeHeaders(HeaderMap.of(fields), endStream);
    assert.equal(client.connection.takeWritten(), expected);
  }
});

test('RFC 9112 3.2: a target that would not end where it is meant to is not written', () => {
  for (const fields of [
    { ...head, ':path': '/a b' },
    { ...head, ':path': '/\xe9' },
    { ...head, ':authority': 'a b' },
    { ...head, ':path': '' },
  ]) {
    const client = new RecordingClient();
    const { response, encoder } = client.begin();
    encoder.encodeHeaders(HeaderMap.of(fields), true);
    assert.equal(client.connection.takeWritten(), '');
    assert.equal(response.reset, 'local-reset: http1.unwritable_request_head');
    assert.deepEqual(client.ends, [false]);
  }
});

/** `status|fields|body` and whether the connection may be used again, or the error. */
function outcomeOf(
  input: string,
  splitAt = 0,
  method = 'GET',
  fields: Record<string, string> = {},
  hasEnd = false,
): string {
  const client = new RecordingClient();
  const response = client.request(method, fields);
  if (splitAt > 0) client.feed(input.slice(0, splitAt));
  client.feed(input.slice(splitAt));
  if (hasEnd) client.codec.onEnd();
  const error = client.errors[0];
  if (response.reset !== undefined) return error === undefined ? response.reset : error.details;
  const { headers } = response;
  if (headers === undefined) return 'incomplete';
  const text = [...headers].map(([name, value]) => `${name}=${value}`).join('|');
  const state = response.isComplete ? (client.ends[0] === true ? 'reuse' : 'close') : 'open';
  const informational = response.informational.join();
  return `${informational}${informational === '' ? '' : ' '}${text} "${response.body}" ${state}`;
}

const malformed = 'http1.codec_error';

const cases: readonly (readonly [
  name: string,
  input: string,
  expected: string,
  method?: string,
  fields?: Record<string, string>,
  hasEnd?: boolean,
])[] = [
  [
    '6.3 length',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx: y\r\n\r\nok',
    ':status=200|content-length=2|x=y "ok" reuse',
  ],
  ['6.3 length 0', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', ':status=200|content-length=0 "" reuse'],
  [
    '7.1 chunked',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ':status=200 "ok" reuse',
  ],
  [
    '4 no reason, with and without its space',
    'HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n',
    ':status=200|content-length=0 "" reuse',
  ],
  [
    '4 no reason, no space',
    'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n',
    ':status=200|content-length=0 "" reuse',
  ],
  [
    '4 reason of obs-text',
    'HTTP/1.1 200 \xe9 \t\r\ncontent-length: 0\r\n\r\n',
    ':status=200|content-length=0 "" reuse',
  ],
  [
    '6.3 HEAD',
    'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n',
    ':status=200|content-length=9 "" reuse',
    'HEAD',
  ],
  [
    '6.3 HEAD chunked',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    ':status=200 "" reuse',
    'HEAD',
  ],
  [
    '6.3 304',
    'HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n',
    ':status=304|content-length=9 "" reuse',
  ],
  ['6.3 204', 'HTTP/1.1 204 No Content\r\n\r\n', ':status=204 "" reuse'],
  [
    '6.3 204 with a length is not trusted further',
    'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n',
    ':status=204|content-length=5 "" close',
  ],
  ['6.3 up to the end', 'HTTP/1.1 200 OK\r\n\r\nall of it', ':status=200 "all of it" close', 'GET', {}, true],
  ['6.3 up to the end, not there yet', 'HTTP/1.1 200 OK\r\n\r\nall', ':status=200 "all" open'],
  [
    '9.3 close',
    'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
    ':status=200|content-length=0 "" close',
  ],
  ['9.3 HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', ':status=200|content-length=0 "" close'],
  [
    '9.3 HTTP/1.0 with keep-alive',
    'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n',
    ':status=200|content-length=0 "" reuse',
  ],
  [
    '9110 7.6.1 nominated fields',
    'HTTP/1.1 200 OK\r\nconnection: x-a, close\r\nx-a: 1\r\ncontent-length: 0\r\n\r\n',
    ':status=200|content-length=0 "" close',
  ],
  [
    '9110 15.2 informational',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx',
    '100,103 :status=200|content-length=1 "x" reuse',
  ],
  [
    '9110 7.8 101 asked for',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nraw\r\n',
    ':status=101|connection=upgrade|upgrade=x "raw\r\n" open',
    'GET',
    { upgrade: 'x' },
  ],
  [
    '9110 9.3.6 CONNECT',
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nraw',
    ':status=200|content-length=5 "raw" open',
    'CONNECT',
  ],
  [
    '9110 7.8 101 not asked for',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n',
    'http1.unexpected_switching_protocols',
  ],
  [
    '6.1 length and chunked',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n',
    'http1.content_length_and_chunked_not_allowed',
  ],
  ['6.3 two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok', malformed],
  ['6.3 list of lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok', malformed],
  [
    '6.1 other coding',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n',
    'http1.invalid_transfer_encoding',
  ],
  [
    '6.1 chunked over HTTP/1.0',
    'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    'http1.transfer_encoding_not_allowed',
  ],
  ['9110 5.5 control character', 'HTTP/1.1 200 OK\r\nx: a\x01\r\n\r\n', malformed],
  ['9110 15 four digits', 'HTTP/1.1 1000 X\r\n\r\n', malformed],
  ['9110 15 two digits', 'HTTP/1.1 20 X\r\n\r\n', malformed],
  ['9110 15 no digits', 'HTTP/1.1 2x0 X\r\n\r\n', malformed],
  ['9110 15 below 100', 'HTTP/1.1 099 X\r\n\r\n', malformed],
  ['9110 15 above 599', 'HTTP/1.1 600 X\r\n\r\n', malformed],
  ['4 control character in the reason', 'HTTP/1.1 200 a\x01\r\n\r\n', malformed],
  ['4 other version', 'HTTP/2.0 200 OK\r\n\r\n', malformed],
  ['4 no HTTP', 'SSH-2.0-OpenSSH\r\n', malformed],
  ['2.2 bare LF', 'HTTP/1.1 200 OK\nx: y\n\n', malformed],
  ['5.2 obs-fold', 'HTTP/1.1 200 OK\r\nx: y\r\n z\r\n\r\n', malformed],
  ['5.1 space before the colon', 'HTTP/1.1 200 OK\r\nx : y\r\n\r\n', malformed],
  ['7.1 broken chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx', malformed],
  ['8 cut before the head', '', 'connection-termination: connection closed by the server', 'GET', {}, true],
  [
    '8 cut in the head',
    'HTTP/1.1 200 OK\r\n',
    'connection-termination: connection closed by the server',
    'GET',
    {},
    true,
  ],
  [
    '8 cut in a body with a length',
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab',
    'protocol-error: connection closed by the server',
    'GET',
    {},
    true,
  ],
  [
    '8 cut in a chunked body',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab',
    'protocol-error: connection closed by the server',
    'GET',
    {},
    true,
  ],
];

for (const [name, input, expected, method, fields, hasEnd] of cases) {
  test(`answer: RFC 9112 ${name}`, () => {
    for (let splitAt = 0; splitAt < Math.max(1, input.length); splitAt++) {
      assert.equal(outcomeOf(input, splitAt, method, fields, hasEnd), expected, `cut at ${splitAt}`);
    }
  });
}

test('one connection carries many requests', () => {
  const client = new RecordingClient();
  for (let index = 0; index < 5; index++) {
    const response = client.request();
    client.feed('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx');
    assert.ok(response.isComplete);
  }
  assert.deepEqual(client.ends, [true, true, true, true, true]);
  assert.equal(client.goAwayCount, 0);
});

test('RFC 9112 9.2: bytes that nobody asked for are an error, also right behind an answer', () => {
  const idle = new RecordingClient();
  idle.feed('HTTP/1.1 408 Request Timeout\r\n\r\n');
  assert.equal(idle.errors[0]?.details, 'http1.unsolicited_response');
  const behind = new RecordingClient();
  const response = behind.request();
  behind.feed(
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil',
  );
  assert.equal(response.body, 'x');
  assert.ok(response.isComplete);
  assert.deepEqual(behind.ends, [false]);
  assert.equal(behind.errors[0]?.details, 'http1.unsolicited_response');
  assert.equal(behind.request().headers, undefined);
  assert.equal(behind.connection.takeWritten().match(/GET/g)?.length, 1);
});

test('an early answer is delivered; the connection is not used again', () => {
  const client = new RecordingClient();
  const { response, encoder } = client.begin();
  encoder.encodeHeaders(HeaderMap.of(head), false);
  client.feed('HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n');
  assert.equal(response.status, '413');
  assert.deepEqual(client.ends, [false]);
  client.connection.takeWritten();
  encoder.encodeData(Buffer.from('late'), true);
  assert.equal(client.connection.takeWritten(), '');
});

test('resetStream: no event, and the connection is not used again', () => {
  const client = new RecordingClient();
  const { response, encoder } = client.begin();
  encoder.encodeHeaders(HeaderMap.of({ ...head, ':method': 'GET' }), true);
  encoder.readDisable(true);
  encoder.resetStream();
  encoder.resetStream();
  assert.equal(response.reset, undefined);
  assert.equal(client.connection.readDisableCount, 0);
  assert.deepEqual(client.ends, [false]);
  client.feed('HTTP/1.1 200 OK\r\n\r\n');
  assert.equal(response.headers, undefined);
});

test('a tunnel carries bytes both ways after 101, what was written before it waited', () => {
  const client = new RecordingClient();
  const { response, encoder } = client.begin();
  encoder.encodeHeaders(HeaderMap.of({ ...head, ':method': 'GET', upgrade: 'x' }), false);
  client.connection.takeWritten();
  encoder.encodeData(Buffer.from('early'), false);
  assert.equal(client.connection.takeWritten(), '');
  client.feed('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n');
  assert.equal(client.connection.takeWritten(), 'early');
  client.feed('down');
  encoder.encodeData(Buffer.from('up'), true);
  assert.equal(client.connection.takeWritten(), 'up');
  assert.ok(client.connection.isWriteShut);
  client.codec.onEnd();
  assert.equal(response.body, 'down');
  assert.ok(response.isComplete);
  assert.deepEqual(client.ends, [false]);
});

test('an upgrade that is refused has an ordinary answer', () => {
  const client = new RecordingClient();
  const { response, encoder } = client.begin();
  encoder.encodeHeaders(HeaderMap.of({ ...head, ':method': 'GET', upgrade: 'x' }), false);
  client.feed('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno');
  assert.equal(response.body, 'no');
  assert.deepEqual(client.ends, [false]);
});

test('trailers are handed on where enabled', () => {
  const client = new RecordingClient({ enableTrailers: true });
  const response = client.request();
  client.feed('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-sum: 1\r\n\r\n');
  assert.deepEqual([...(response.trailers ?? [])], [['x-sum', '1']]);
  assert.deepEqual(client.ends, [true]);
});

test('watermarks reach the stream', () => {
  const client = new RecordingClient();
  client.codec.onAboveWriteHighWatermark();
  const { response } = client.begin();
  client.codec.onBelowWriteLowWatermark();
  assert.equal(response.marks, 'ab');
});

test('a head of 70 KB passes, one of 81 KB does not', () => {
  const large = new RecordingClient();
  const response = large.request();
  large.feed(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(70_000)}\r\ncontent-length: 0\r\n\r\n`);
  assert.ok(response.isComplete);
  const tooLarge = new RecordingClient();
  tooLarge.request();
  tooLarge.feed(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(82_000)}\r\n\r\n`);
  assert.equal(tooLarge.errors[0]?.details, 'http1.headers_too_large');
});
