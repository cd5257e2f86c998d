import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap } from '../header-map.ts';
import { RecordingServer } from '../testing/recording-server.ts';

const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n';
const chunkedPost = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';

test('keep-alive: an answer with its length, then the next request', () => {
  const server = new RecordingServer();
  for (const path of ['1', '2', '3']) {
    server.feed(`GET /${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
    assert.equal(server.last.headers.get(':path'), `/${path}`);
    server.last.answer('200', 'hello', { 'content-length': '5', 'x-a': 'b' });
    assert.equal(
      server.connection.takeWritten(),
      'HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 5\r\n\r\nhello',
    );
  }
  assert.deepEqual(server.ends, [false, false, false]);
  assert.equal(server.codec.activeStreamCount, 0);
});

test('RFC 9112 7.1: an answer of unknown length is chunked, and counts its bytes', () => {
  const server = new RecordingServer();
  server.feed(get);
  const { encoder } = server.last;
  encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
  encoder.encodeData(Buffer.from('0123456789abcdef'), false);
  encoder.encodeData(Buffer.alloc(0), false);
  encoder.encodeData(Buffer.from('x'), true);
  const written = server.connection.takeWritten();
  assert.equal(
    written,
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n1\r\nx\r\n0\r\n\r\n',
  );
  assert.equal(encoder.bytesWritten, written.length);
  assert.deepEqual(server.ends, [false]);
});

test('an empty answer has content-length 0; names of framing and connection in the map are not written', () => {
  const server = new RecordingServer();
  server.feed(get);
  server.last.answer('404', '', {
    'transfer-encoding': 'chunked',
    'content-length': '7',
    'keep-alive': 'x',
    connection: 'x-y',
  });
  assert.equal(server.connection.takeWritten(), 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
});

test('RFC 9112 6.1: where a length beside chunked is allowed, the answer is the last of its connection', () => {
  const server = new RecordingServer({ allowChunkedLength: true });
  server.feed(
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  );
  assert.equal(server.last.headers.has('content-length'), false);
  server.last.answer('200');
  assert.match(server.connection.takeWritten(), /connection: close/);
  assert.deepEqual(server.ends, [true]);
});

test('RFC 9110 6.4.1: HEAD, 204 and 304 have no body, 205 neither', () => {
  for (const [request, status, expected] of [
    [get.replace('GET', 'HEAD'), '200', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n'],
    [get, '204', 'HTTP/1.1 204 No Content\r\n\r\n'],
    [get, '304', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 3\r\n\r\n'],
    [get, '205', 'HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n'],
  ] as const) {
    const server = new RecordingServer();
    server.feed(request);
    server.last.answer(status, 'abc', { 'content-length': '3' });
    assert.equal(server.connection.takeWritten(), expected);
    assert.deepEqual(server.ends, [false]);
  }
});

test('a client that pipelines and does not read: no request is taken up above the high watermark', () => {
  const server = new RecordingServer();
  server.onComplete = (request) => request.answer('200', 'hello');
  server.codec.onAboveWriteHighWatermark();
  server.feed(get + get);
  server.feed(get);
  assert.equal(server.requests.length, 0);
  assert.equal(server.connection.readDisableCount, 1);
  server.codec.onBelowWriteLowWatermark();
  assert.equal(server.requests.length, 3);
  assert.equal(server.connection.readDisableCount, 0);
  assert.deepEqual(server.ends, [false, false, false]);
});

test('a request in the middle of its head goes on above the high watermark only when the client reads', () => {
  const server = new RecordingServer();
  server.feed(get.slice(0, 10));
  server.codec.onAboveWriteHighWatermark();
  server.feed(get.slice(10));
  assert.equal(server.requests.length, 0);
  server.codec.onBelowWriteLowWatermark();
  assert.equal(server.requests.length, 1);
  server.last.answer('200');
  assert.deepEqual(server.ends, [false]);
});

test('RFC 9112 9.3.2: pipelined requests come one by one, the rest waits and pauses reading, answers are in order', () => {
  const server = new RecordingServer();
  server.feed(`GET /1 HTTP/1.1\r\nhost: a\r\n\r\n${post}helloGET /3 HTTP/1.1\r\nhost: a\r\n\r\n`);
  assert.equal(server.requests.length, 1);
  assert.equal(server.connection.readDisableCount, 1);
  server.last.answer('200', 'one');
  assert.equal(server.requests.length, 2);
  assert.equal(server.last.body, 'hello');
  assert.equal(server.connection.readDisableCount, 1);
  server.last.answer('200', 'two');
  assert.equal(server.requests.length, 3);
  assert.equal(server.last.headers.get(':path'), '/3');
  assert.equal(server.connection.readDisableCount, 0);
  server.last.answer('200', 'three');
  assert.match(server.connection.takeWritten(), /one[\s\S]*two[\s\S]*three/);
});

test('pipelined requests that are answered at once are handled in one go', () => {
  const server = new RecordingServer();
  server.onComplete = (request) => request.answer('200', 'x', { 'content-length': '1' });
  server.feed(get.repeat(1_000));
  assert.equal(server.requests.length, 1_000);
  assert.equal(server.ends.length, 1_000);
  assert.equal(server.connection.readDisableCount, 0);
});

test('RFC 9112 9.6: connection close and drain are said in the answer and end the connection', () => {
  const closing = new RecordingServer();
  closing.feed('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  closing.last.answer('200', 'x', { 'content-length': '1' });
  assert.match(closing.connection.takeWritten(), /\r\nconnection: close\r\n\r\nx$/);
  closing.feed(get);
  assert.equal(closing.requests.length, 1);

  const draining = new RecordingServer();
  draining.feed(get);
  draining.codec.drain();
  draining.last.answer('200');
  assert.match(draining.connection.takeWritten(), /\r\nconnection: close\r\n\r\n$/);

  const told = new RecordingServer();
  told.feed(get);
  told.last.answer('200', '', { connection: 'close' });
  assert.match(told.connection.takeWritten(), /\r\nconnection: close\r\n\r\n$/);
  assert.deepEqual([closing.ends, draining.ends, told.ends], [[true], [true], [true]]);
});

test('RFC 9112 9.3: HTTP/1.0 gets no chunks and no 1xx', () => {
  const server = new RecordingServer({ acceptHttp10: true });
  server.feed('GET / HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n');
  assert.equal(server.codec.protocol, 'HTTP/1.0');
  server.last.encoder.encodeInformational(HeaderMap.of({ ':status': '103' }));
  server.last.answer('200', 'body');
  assert.equal(server.connection.takeWritten(), 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nbody');
  assert.deepEqual(server.ends, [true]);
});

test('RFC 9112 9.3: HTTP/1.0 keeps its connection when it asks for that and the answer says where it ends', () => {
  const ask = (target: string, fields: string): string =>
    `GET ${target} HTTP/1.0\r\nhost: a\r\n${fields}\r\n`;
  const withLength = { 'content-length': '4' };
  for (const [request, status, body, fields, isKept] of [
    [ask('/', 'connection: Keep-Alive\r\n'), '200', 'body', withLength, true],
    [ask('/', 'connection: x, keep-alive\r\n'), '404', '', {}, true],
    [ask('/', 'connection: keep-alive\r\n').replace('GET', 'HEAD'), '200', '', withLength, true],
    [ask('/', ''), '200', 'body', withLength, false],
    [ask('/', 'connection: keep-alive, close\r\n'), '200', 'body', withLength, false],
    [ask('/', 'connection: keep-alive\r\n'), '200', 'body', {}, false],
    [ask('/', 'connection: keep-alive\r\n'), '204', '', {}, false],
    [ask('/', 'connection: keep-alive\r\n'), '200', 'body', { ...withLength, connection: 'close' }, false],
    [ask('http://a/', 'connection: keep-alive\r\n'), '200', 'body', withLength, false],
    [ask('/', 'proxy-connection: keep-alive\r\n'), '200', 'body', withLength, false],
  ] as const) {
    const server = new RecordingServer({ acceptHttp10: true });
    server.feed(request);
    server.last.answer(status, body, fields);
    const connection = isKept ? 'keep-alive' : 'close';
    assert.match(
      server.connection.takeWritten(),
      new RegExp(`\r\nconnection: ${connection}\r\n\r\n`),
      request,
    );
    assert.deepEqual(server.ends, [!isKept], request);
    if (!isKept) continue;
    server.feed(ask('/second', ''));
    assert.equal(server.last.headers.get(':path'), '/second');
  }
});

test('RFC 9110 15.2: informational answers go before the answer', () => {
  const server = new RecordingServer();
  server.feed(post);
  server.last.encoder.encodeInformational(HeaderMap.of({ ':status': '100' }));
  server.last.encoder.encodeInformational(HeaderMap.of({ ':status': '103', link: '</x>' }));
  server.last.encoder.encodeInformational(HeaderMap.of({ ':status': '101' }));
  server.last.encoder.encodeInformational(HeaderMap.of({ ':status': '200' }));
  assert.equal(
    server.connection.takeWritten(),
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n',
  );
  server.feed('hello');
  assert.equal(server.last.body, 'hello');
});

test('an early answer is complete, says close, and the rest of the request is dropped', () => {
  const server = new RecordingServer();
  server.feed(`${post}he`);
  server.last.answer('413');
  assert.equal(
    server.connection.takeWritten(),
    'HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
  );
  assert.deepEqual(server.ends, [true]);
  server.feed(`llo${get}`);
  assert.equal(server.requests.length, 1);
  assert.equal(server.last.body, 'he');
});

test('an answer that begins early and ends after the request keeps the connection', () => {
  const server = new RecordingServer();
  server.feed(`${post}he`);
  server.last.encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
  server.feed('llo');
  assert.ok(server.last.isComplete);
  server.last.encoder.encodeData(Buffer.from('x'), true);
  assert.deepEqual(server.ends, [false]);
});

test('RFC 9112 8: a client that ends its half is gone, whether or not its request was cut', () => {
  for (const part of [`${post}he`, `${chunkedPost}5\r\nhe`, get, `${get}${get}`]) {
    const server = new RecordingServer();
    server.feed(part);
    server.codec.onEnd();
    assert.equal(server.last.reset, 'connection-termination: the client has ended its half');
    assert.deepEqual([server.codec.activeStreamCount, server.connection.readDisableCount], [0, 0]);
    assert.deepEqual(server.ends, [true]);
  }
  const idle = new RecordingServer();
  idle.feed('GET / HT');
  idle.codec.onEnd();
  idle.codec.onClose('gone');
  assert.deepEqual([idle.requests.length, idle.ends, idle.errors], [0, [], []]);
});

test('an answer up to the end of the connection does not end with the half of its client', () => {
  const server = new RecordingServer({ acceptHttp10: true });
  server.feed(get.replace('1.1', '1.0'));
  server.last.encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
  server.codec.onEnd();
  assert.equal(server.connection.closeKind, 'abort');
});

test('the end of the connection resets the stream once; its encoder is dead then', () => {
  const server = new RecordingServer();
  server.feed(get);
  server.codec.onClose('Connection reset by peer');
  assert.equal(server.last.reset, 'connection-termination: Connection reset by peer');
  server.last.answer('200', 'late');
  server.last.encoder.resetStream();
  assert.equal(server.connection.takeWritten(), '');
  assert.deepEqual(server.ends, [true]);
});

test('resetStream: no event, the connection closes; an answer up to the end is aborted', () => {
  const counted = new RecordingServer();
  counted.feed(get);
  counted.last.encoder.encodeHeaders(HeaderMap.of({ ':status': '200', 'content-length': '9' }), false);
  counted.last.encoder.resetStream();
  counted.last.encoder.resetStream();
  assert.equal(counted.connection.closeKind, 'flush');
  assert.equal(counted.last.reset, undefined);
  const untilClose = new RecordingServer({ acceptHttp10: true });
  untilClose.feed('GET / HTTP/1.0\r\nhost: a\r\n\r\n');
  untilClose.last.encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
  untilClose.last.encoder.resetStream();
  assert.equal(untilClose.connection.closeKind, 'abort');
  assert.deepEqual([counted.ends, untilClose.ends], [[true], [true]]);
});

test('a body that does not fit its content-length ends the connection', () => {
  for (const [body, endStream] of [
    ['four', true],
    ['sixsix', false],
  ] as const) {
    const server = new RecordingServer();
    server.feed(get);
    server.last.encoder.encodeHeaders(HeaderMap.of({ ':status': '200', 'content-length': '5' }), false);
    server.last.encoder.encodeData(Buffer.from(body), endStream);
    assert.equal(server.last.reset, 'local-reset: http1.content_length_mismatch');
    assert.equal(server.connection.closeKind, 'flush');
    assert.deepEqual(server.ends, [true]);
  }
});

test('RFC 9110 7.8: 101 opens a tunnel; bytes behind the request wait for it', () => {
  const server = new RecordingServer();
  server.feed('GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nearly');
  assert.equal(server.last.body, '');
  server.last.encoder.encodeHeaders(HeaderMap.of({ ':status': '101', upgrade: 'websocket' }), false);
  assert.equal(
    server.connection.takeWritten(),
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  );
  assert.equal(server.last.body, 'early');
  assert.equal(server.connection.readDisableCount, 0);
  server.feed('GET / HTTP/1.1\r\n');
  server.last.encoder.encodeData(Buffer.from('\x81\x00', 'latin1'), false);
  assert.equal(server.connection.takeWritten(), '\x81\x00');
  assert.equal(server.last.body, 'earlyGET / HTTP/1.1\r\n');
  server.codec.onEnd();
  assert.ok(server.last.isComplete);
  assert.deepEqual(server.ends, []);
  server.last.encoder.encodeData(Buffer.alloc(0), true);
  assert.equal(server.connection.isWriteShut, true);
  assert.deepEqual(server.ends, [true]);
});

test('an upgrade that is not granted is an ordinary request', () => {
  const server = new RecordingServer();
  server.feed(`GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n${get}`);
  server.last.answer('403');
  assert.deepEqual(server.ends, [false]);
  assert.equal(server.requests.length, 2);
});

test('101 that was not asked for is not written', () => {
  const server = new RecordingServer();
  server.feed(get);
  server.last.answer('101', '', { upgrade: 'x' });
  assert.equal(server.connection.takeWritten(), '');
  assert.equal(server.last.reset, 'local-reset: http1.unwritable_status');
});

test('RFC 9110 9.3.6: CONNECT is a tunnel after 2xx, without framing, and closes after anything else', () => {
  const granted = new RecordingServer();
  granted.feed('CONNECT b:1 HTTP/1.1\r\nhost: b:1\r\n\r\nraw');
  granted.last.encoder.encodeHeaders(HeaderMap.of({ ':status': '200', 'content-length': '0' }), false);
  assert.equal(granted.connection.takeWritten(), 'HTTP/1.1 200 OK\r\n\r\n');
  assert.equal(granted.last.body, 'raw');
  const refused = new RecordingServer();
  refused.feed('CONNECT b:1 HTTP/1.1\r\nhost: b:1\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n');
  refused.last.answer('403');
  assert.match(refused.connection.takeWritten(), /connection: close/);
  assert.equal(refused.requests.length, 1);
  assert.deepEqual(refused.ends, [true]);
  assert.equal(refused.connection.readDisableCount, 0);
});

test('a broken body is answered on its stream, which then closes the connection', () => {
  const server = new RecordingServer();
  server.feed(`${chunkedPost}5\r\nhelloX`);
  assert.deepEqual(
    server.errors.map(({ status }) => status),
    [400],
  );
  assert.equal(server.codec.activeStreamCount, 1);
  server.last.answer('400', 'Bad Request');
  assert.match(server.connection.takeWritten(), /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*connection: close/);
  assert.deepEqual(server.ends, [true]);
});

test('RFC 9110 6.5: trailers are handed on and written where enabled, else dropped', () => {
  const body = '5\r\nhello\r\n0\r\nX-Sum: 1\r\nset-cookie: a\r\nte: x\r\n\r\n';
  const enabled = new RecordingServer({ enableTrailers: true });
  enabled.feed(`${chunkedPost}${body}`);
  assert.deepEqual([...(enabled.last.trailers ?? [])], [['x-sum', '1']]);
  assert.ok(enabled.last.isComplete);
  enabled.last.encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
  enabled.last.encoder.encodeTrailers(HeaderMap.of({ 'grpc-status': '0', 'content-length': '4' }));
  assert.match(enabled.connection.takeWritten(), /\r\n\r\n0\r\ngrpc-status: 0\r\n\r\n$/);
  const disabled = new RecordingServer();
  disabled.feed(`${chunkedPost}${body}`);
  assert.equal(disabled.last.trailers, undefined);
  assert.ok(disabled.last.isComplete);
  disabled.last.encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
  disabled.last.encoder.encodeTrailers(HeaderMap.of({ 'grpc-status': '0' }));
  assert.match(disabled.connection.takeWritten(), /\r\n\r\n0\r\n\r\n$/);
  assert.deepEqual([enabled.ends, disabled.ends], [[false], [false]]);
});

test('back-pressure: readDisable of a stream ends with it, watermarks reach it, the next waits for the low one', () => {
  const server = new RecordingServer();
  server.feed(`${post}he`);
  server.last.encoder.readDisable(true);
  server.last.encoder.readDisable(true);
  assert.equal(server.connection.readDisableCount, 2);
  server.codec.onAboveWriteHighWatermark();
  server.codec.onBelowWriteLowWatermark();
  server.codec.onAboveWriteHighWatermark();
  assert.equal(server.last.marks, 'aba');
  server.feed('llo');
  server.last.answer('200');
  assert.equal(server.connection.readDisableCount, 0);
  server.feed(get);
  assert.equal(server.requests.length, 1);
  server.codec.onBelowWriteLowWatermark();
  assert.equal(server.requests.length, 2);
  assert.equal(server.last.marks, '');
});
