import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap } from '../header-map.ts';
import { RecordedResponse } from '../testing/recording-client.ts';
import {
  flagEndStream,
  frameData,
  frameGoAway,
  frameHeaders,
  frameRstStream,
  frameSettings,
} from './protocol.ts';
import { buildFrame } from './testing/build-frame.ts';
import {
  getRequest,
  postRequest,
  ScriptedServer,
  setting,
  uint32,
  type Fields,
} from './testing/scripted-peer.ts';

const target = getRequest.slice(1);

interface Asked {
  readonly server: ScriptedServer;
  readonly responses: RecordedResponse[];
}

function ask(method = 'GET', count = 1, given = {}): Asked {
  const server = new ScriptedServer(given);
  const responses = Array.from({ length: count }, () => {
    const response = new RecordedResponse();
    const encoder = server.codec.newStream(response);
    encoder.setCallbacks(response);
    encoder.encodeHeaders(HeaderMap.of({ ...Object.fromEntries(target), ':method': method }), true);
    return response;
  });
  server.take();
  return { server, responses };
}

test('answers that are none end their stream or their connection, as configured', () => {
  const bad: readonly Fields[] = [
    [['x-a', '1']],
    [[':status', '99']],
    [
      [':status', '200'],
      [':path', '/'],
    ],
    [
      [':status', '200'],
      ['Connection', 'x'],
    ],
    [
      [':status', '200'],
      ['connection', 'close'],
    ],
    [[':status', '101']],
    [
      [':status', '200'],
      ['x-a', 'b\nc'],
    ],
  ];
  for (const fields of bad) {
    for (const isStreamErrorOnInvalidMessage of [false, true]) {
      const { server, responses } = ask('GET', 2, { isStreamErrorOnInvalidMessage });
      server.feed(server.headers(1, fields));
      const text = JSON.stringify(fields);
      assert.match(responses[0]?.reset ?? '', /^protocol-error/, text);
      assert.equal(responses[1]?.reset === undefined, isStreamErrorOnInvalidMessage, text);
      assert.deepEqual(server.takeErrors(), [isStreamErrorOnInvalidMessage ? 'reset 1 1' : 'goaway 1'], text);
      assert.equal(responses[0]?.headers, undefined);
    }
  }
});

test('HEAD and 304 announce a length and carry nothing; content there is an error', () => {
  for (const [method, status] of [
    ['HEAD', '200'],
    ['GET', '304'],
    ['GET', '204'],
  ] as const) {
    const fields: Fields = [
      [':status', status],
      ...(status === '204' ? [] : [['content-length', '5'] as const]),
    ];
    const { server, responses } = ask(method);
    server.feed(server.headers(1, fields));
    assert.ok(responses[0]?.isComplete);
    const other = ask(method, 2);
    other.server.feed(
      other.server.headers(1, fields, false),
      buildFrame(frameData, flagEndStream, 1, 'abcde'),
    );
    assert.match(other.responses[0]?.reset ?? '', /^protocol-error/);
    assert.deepEqual([other.server.takeErrors(), other.responses[1]?.reset], [['reset 1 1'], undefined]);
  }
});

test('an answer of another length than announced costs the others nothing', () => {
  for (const [length, content] of [
    ['7', 'short'],
    ['2', 'long'],
    ['7', undefined],
  ] as const) {
    const { server, responses } = ask('GET', 2);
    const fields: Fields = [
      [':status', '200'],
      ['content-length', length],
    ];
    server.feed(server.headers(1, fields, content === undefined));
    if (content !== undefined) server.frame(frameData, flagEndStream, 1, content);
    assert.match(responses[0]?.reset ?? '', /^protocol-error/);
    assert.deepEqual([server.takeErrors(), responses[1]?.reset], [['reset 1 1'], undefined]);
  }
});

test('a server that goes away refuses what it has not looked at, and finishes the rest', () => {
  const { server, responses } = ask('GET', 3);
  server.frame(frameGoAway, 0, 0, Buffer.concat([uint32(3), uint32(0)]));
  assert.equal(server.goAwayCount, 1);
  assert.deepEqual(
    responses.map(({ reset }) => reset?.split(':')[0]),
    [undefined, undefined, 'remote-refused-stream'],
  );
  server.frame(frameGoAway, 0, 0, Buffer.concat([uint32(1), uint32(0)]));
  assert.equal(server.goAwayCount, 1);
  assert.match(responses[1]?.reset ?? '', /^remote-refused-stream/);
  server.feed(server.headers(1, [[':status', '204']]));
  assert.ok(responses[0]?.isComplete);
  assert.deepEqual([server.codec.streamCapacity, server.ends], [0, [false, false, false]]);
});

test('REFUSED_STREAM may be sent again; a lower limit of the server is kept', () => {
  const { server, responses } = ask('GET', 2);
  server.frame(frameRstStream, 0, 1, uint32(7));
  assert.match(responses[0]?.reset ?? '', /^remote-refused-stream/);
  assert.ok(server.counters.includes('stream_refused_errors'));
  server.frame(frameSettings, 0, 0, setting(3, 1));
  assert.equal(server.codec.streamCapacity, 1);
  server.take();
  server.codec
    .newStream(new RecordedResponse())
    .encodeHeaders(HeaderMap.of(Object.fromEntries(getRequest)), true);
  assert.deepEqual(server.take(), []);
});

test('numbers are given when heads are written: whoever asks first is first, whoever gives up before costs none', () => {
  const server = new ScriptedServer();
  const encoders = [0, 1, 2].map(() => server.codec.newStream(new RecordedResponse()));
  encoders[0]?.resetStream();
  const head = HeaderMap.of(Object.fromEntries(getRequest));
  encoders[2]?.encodeHeaders(head, true);
  encoders[1]?.encodeHeaders(head, true);
  assert.deepEqual(
    server.take().map(({ type, streamId }) => [type, streamId]),
    [
      [frameHeaders, 1],
      [frameHeaders, 3],
    ],
  );
});

test('an answer that is complete before its request is delivered, and the rest is cancelled', () => {
  const server = new ScriptedServer();
  const response = new RecordedResponse();
  const encoder = server.codec.newStream(response);
  encoder.setCallbacks(response);
  encoder.encodeHeaders(HeaderMap.of(Object.fromEntries(postRequest)), false);
  server.feed(server.headers(1, [[':status', '413']]));
  assert.ok(response.isComplete);
  assert.deepEqual([server.takeErrors(), response.reset, server.ends], [['reset 1 8'], undefined, [true]]);
  encoder.encodeData(Buffer.from('late'), true);
  assert.deepEqual(server.take(), []);
});

test('CONNECT goes out without :scheme and :path, whatever its owner keeps there', () => {
  const server = new ScriptedServer();
  const head = HeaderMap.of({
    ':method': 'CONNECT',
    ':scheme': 'http',
    ':path': '/',
    ':authority': 'a.test:443',
    'x-a': 'b',
  });
  server.codec.newStream(new RecordedResponse()).encodeHeaders(head, false);
  const [frame] = server.take();
  assert.deepEqual(server.fieldsOf(frame!), {
    ':method': 'CONNECT',
    ':authority': 'a.test:443',
    'x-a': 'b',
  });
  assert.equal(head.get(':scheme'), 'http');
});

test('DATA before the head of an answer breaks it, also when there is nothing in it', () => {
  for (const frame of [
    buildFrame(frameData, 0, 1, 'a'),
    buildFrame(frameData, 0, 1),
    buildFrame(frameData, flagEndStream, 1),
    buildFrame(frameData, 0x8, 1, '\x02\0\0'),
  ]) {
    const { server, responses } = ask('GET', 1, { isStreamErrorOnInvalidMessage: true });
    server.feed(frame);
    assert.deepEqual(server.takeErrors(), ['reset 1 1']);
    assert.deepEqual(
      [responses[0]?.reset, responses[0]?.endCount],
      ['protocol-error: DATA before a head', 0],
    );
  }
});

test('whatever comes late for streams that were reset long ago costs the others nothing', () => {
  const server = new ScriptedServer();
  const head = HeaderMap.of(Object.fromEntries(getRequest));
  const resetCount = 3000;
  for (let count = 0; count < resetCount; count++) {
    const encoder = server.codec.newStream(new RecordedResponse());
    encoder.encodeHeaders(head, true);
    encoder.resetStream();
  }
  const response = new RecordedResponse();
  server.codec.newStream(response).encodeHeaders(head, true);
  server.take();
  for (const streamId of [1, 1001, resetCount * 2 - 1]) {
    server.feed(server.headers(streamId, [[':status', '200']], false));
    server.frame(frameData, flagEndStream, streamId, 'late');
  }
  server.feed(server.headers(resetCount * 2 + 1, [[':status', '200']]));
  assert.ok(response.isComplete);
  assert.deepEqual(server.takeErrors(), []);
  // Of a stream that ended as it should nothing can come late.
  server.feed(server.headers(resetCount * 2 + 1, [[':status', '200']]));
  assert.deepEqual(server.takeErrors(), ['goaway 5']);
});
