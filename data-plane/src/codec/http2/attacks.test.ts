import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap } from '../header-map.ts';
import { RecordedResponse } from '../testing/recording-client.ts';
import { firstWindowBytes } from './client-stream.ts';
import {
  cancel,
  enhanceYourCalm,
  flagEndHeaders,
  flagEndStream,
  flagPadded,
  frameContinuation,
  frameData,
  frameHeaders,
  framePing,
  framePriority,
  frameRstStream,
  frameSettings,
  frameWindowUpdate,
  settingInitialWindowSize,
} from './protocol.ts';
import { buildFrame } from './testing/build-frame.ts';
import {
  getRequest,
  postRequest,
  ScriptedClient,
  ScriptedServer,
  setting,
  uint32,
  type Fields,
} from './testing/scripted-peer.ts';

const ping = buildFrame(framePing, 0, 0, '12345678');
const calm = [`goaway ${enhanceYourCalm}`];

/** The codec gave the connection up, once, for that bound, and does not hear the attacker any more. */
function assertEnded(client: ScriptedClient, counter: string): void {
  assert.deepEqual(client.takeErrors().slice(-1), calm);
  assert.deepEqual(client.errors, [`http2.${counter}`]);
  assert.ok(client.counters.includes(counter));
  client.feed(ping, client.headers(2 ** 20 + 1, getRequest));
  assert.deepEqual(client.take(), []);
  assert.equal(client.codec.activeStreamCount, 0);
  assert.equal(client.gauges.get('streams_active') ?? 0, 0);
}

test('rapid reset: a client that gives up most of what it asks is sent away', () => {
  const client = new ScriptedClient();
  let rounds = 0;
  for (; client.errors.length === 0 && rounds < 10_000; rounds++) {
    const id = 2 * rounds + 1;
    client.feed(client.headers(id, getRequest), buildFrame(frameRstStream, 0, id, uint32(cancel)));
  }
  // No matter how it went on, half of 500 would be too many.
  assert.equal(rounds, 250);
  assertEnded(client, 'premature_resets');
});

test('rapid reset: how many there may be is for the runtime to say, and old requests are none', () => {
  for (const [count, livedMs, expected] of [
    [10, 0, 5],
    [10, 1_999, 5],
    [10, 2_000, 12],
    [0, 0, 1],
  ] as const) {
    const client = new ScriptedClient({ prematureResetTotalStreamCount: count });
    let rounds = 0;
    for (; client.errors.length === 0 && rounds < 12; rounds++) {
      const id = 2 * rounds + 1;
      client.feed(client.headers(id, getRequest));
      client.clock.advance(livedMs);
      client.feed(buildFrame(frameRstStream, 0, id, uint32(cancel)));
    }
    assert.equal(rounds, expected, `${count} streams, ${livedMs} ms`);
  }
});

test('a client that gives up few of many requests, or what was answered already, is welcome', () => {
  const client = new ScriptedClient();
  for (let index = 0; index < 3_000; index++) {
    const id = 2 * index + 1;
    client.feed(client.headers(id, getRequest));
    const isGivenUp = index % 3 === 0;
    if (!isGivenUp) client.requests.at(-1)?.answer('200', 'x');
    else client.feed(buildFrame(frameRstStream, 0, id, uint32(cancel)));
  }
  assert.deepEqual(client.errors, []);
});

test('a client that makes us reset its own streams is a rapid reset too', () => {
  const client = new ScriptedClient();
  let rounds = 0;
  for (; client.errors.length === 0 && rounds < 10_000; rounds++) {
    const id = 2 * rounds + 1;
    client.feed(client.headers(id, getRequest), buildFrame(frameWindowUpdate, 0, id, uint32(0)));
  }
  assert.equal(rounds, 250);
  assertEnded(client, 'premature_resets');
});

for (const [name, attack] of [
  ['SETTINGS', buildFrame(frameSettings, 0, 0, setting(settingInitialWindowSize, 70_000))],
  ['PING', ping],
] as const) {
  test(`${name} flood: what nobody reads is kept up to 1,000 acknowledgements`, () => {
    const client = new ScriptedClient();
    let rounds = 0;
    client.connection.writeBufferedBytes = Infinity;
    for (; client.errors.length === 0 && rounds < 10_000; rounds++) client.feed(attack);
    assert.ok(rounds <= 1_010, `${rounds} frames`);
    assertEnded(client, 'outbound_control_flood');
  });

  test(`${name}: a client that reads may send as many as it likes`, () => {
    const client = new ScriptedClient();
    for (let index = 0; index < 5_000; index++) client.feed(attack);
    assert.deepEqual(client.errors, []);
  });
}

test('reading slowly: what the socket has taken waits no more, though the buffer is never empty', () => {
  const client = new ScriptedClient({ maxOutboundFrames: 100, maxOutboundControlFrames: 10 });
  client.connection.writeBufferedBytes = 100;
  for (let index = 0; index < 1_000; index++) client.feed(ping);
  assert.deepEqual(client.errors, []);
});

test('never reading: heads that nobody takes end with the connection', () => {
  const client = new ScriptedClient({ maxOutboundFrames: 2_000 });
  client.onRequest = (request) => request.answer('404');
  client.connection.writeBufferedBytes = Infinity;
  let rounds = 0;
  for (; client.errors.length === 0 && rounds < 10_000; rounds++) {
    client.feed(client.headers(2 * rounds + 1, getRequest));
  }
  assert.ok(rounds <= 2_010, `${rounds} answers`);
  assertEnded(client, 'outbound_flood');
});

test('never reading: above the mark heads wait too, and streams are not more than may be', () => {
  const client = new ScriptedClient({ maxConcurrentStreams: 10 });
  client.codec.onAboveWriteHighWatermark();
  client.onRequest = (request) => request.answer('404');
  for (let index = 0; index < 50; index++) client.feed(client.headers(2 * index + 1, getRequest));
  const waiting = client.take();
  assert.equal(waiting.filter(({ type }) => type === frameHeaders).length, 0);
  assert.equal(waiting.filter(({ type }) => type === frameRstStream).length, 40);
  client.codec.onBelowWriteLowWatermark();
  assert.equal(client.take().filter(({ type }) => type === frameHeaders).length, 10);
  assert.equal(client.codec.activeStreamCount, 0);
});

test('PRIORITY flood', () => {
  const client = new ScriptedClient();
  const frame = buildFrame(framePriority, 0, 1, '\0\0\0\0\x10');
  client.feed(...Array.from({ length: 100 }, () => frame));
  assert.deepEqual(client.errors, []);
  client.feed(frame);
  assertEnded(client, 'inbound_priority_frames_flood');
});

test('WINDOW_UPDATE flood, on the connection, on a stream and on one that is closed', () => {
  for (const streamId of [0, 1]) {
    const client = new ScriptedClient();
    client.feed(client.headers(1, getRequest));
    const frame = buildFrame(frameWindowUpdate, 0, streamId, uint32(1));
    client.feed(...Array.from({ length: 7 }, () => frame));
    assert.deepEqual(client.errors, []);
    if (streamId === 1) client.feed(buildFrame(frameRstStream, 0, 1, uint32(cancel)));
    client.feed(frame);
    assertEnded(client, 'inbound_window_update_frames_flood');
  }
});

test('empty frames: DATA, padded DATA and CONTINUATION without content', () => {
  const empty = [
    buildFrame(frameData, 0, 1),
    buildFrame(frameData, flagPadded, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)])),
  ];
  for (const frame of empty) {
    const client = new ScriptedClient();
    client.feed(client.headers(1, postRequest, false), frame);
    client.feed(buildFrame(frameData, 0, 1, 'x'), frame);
    assert.deepEqual(client.errors, []);
    client.feed(frame);
    assertEnded(client, 'inbound_empty_frames_flood');
  }
  const client = new ScriptedClient();
  client.feed(buildFrame(frameHeaders, flagEndStream, 1));
  assert.deepEqual(client.errors, []);
  client.feed(buildFrame(frameContinuation, 0, 1));
  assertEnded(client, 'inbound_empty_frames_flood');
});

test('CONTINUATION flood: a block ends at twice the list that is allowed', () => {
  const client = new ScriptedClient();
  client.frame(frameHeaders, flagEndStream, 1, 'x');
  assert.equal(client.headPendingCount, 1);
  let sentBytes = 1;
  for (; client.errors.length === 0 && sentBytes < 10 ** 7; sentBytes += 100) {
    client.frame(frameContinuation, 0, 1, 'x'.repeat(100));
  }
  assert.ok(sentBytes <= 2 * client.options.maxHeaderListBytes + 100, `${sentBytes} bytes`);
  assert.deepEqual(client.takeErrors(), calm);
});

test('HPACK bomb: fields that one byte repeats are counted, not kept', () => {
  const client = new ScriptedClient();
  client.feed(client.headers(1, [...getRequest, ['x-bomb', 'b'.repeat(2000)]]));
  const bomb = Buffer.alloc(16_000, 0x80 | 62);
  client.feed(buildFrame(frameHeaders, flagEndHeaders | flagEndStream, 3, bomb));
  const [answer] = client.take();
  assert.ok(answer !== undefined);
  assert.equal(client.fieldsOf(answer)[':status'], '431');
  assert.equal(client.requests.length, 1);
  assert.deepEqual(client.counters, ['header_overflow']);
  client.feed(client.headers(5, getRequest));
  assert.equal(client.requests.length, 2);
});

test('a list of too many or too large fields is answered 431, in either state of the request', () => {
  const many: Fields = [
    ...getRequest,
    ...Array.from({ length: 97 }, (_, index) => [`x-${index}`, '1'] as const),
  ];
  const large: Fields = [...getRequest, ['x-large', '~'.repeat(15_000)], ['y-large', '~'.repeat(47_000)]];
  for (const fields of [many, large]) {
    for (const endStream of [true, false]) {
      const client = new ScriptedClient();
      const block = client.block(fields);
      client.frame(frameHeaders, endStream ? flagEndStream : 0, 1, block.subarray(0, 10));
      for (let at = 10; at < block.length; at += 16_000) {
        const isLast = at + 16_000 >= block.length;
        client.frame(frameContinuation, isLast ? flagEndHeaders : 0, 1, block.subarray(at, at + 16_000));
      }
      if (!endStream) client.frame(frameData, 0, 1, 'on its way');
      const [answer, reset, ...others] = client.take();
      assert.ok(answer !== undefined);
      assert.equal(client.fieldsOf(answer)[':status'], '431');
      assert.equal(reset?.type, endStream ? undefined : frameRstStream);
      assert.deepEqual([others, client.requests, client.errors, client.ends], [[], [], [], []]);
    }
  }
});

test('100 streams that ask for 10 MB and open no window cost about the buffer limit', () => {
  const limitBytes = 1024 * 1024;
  const client = new ScriptedClient({}, setting(settingInitialWindowSize, 0).toString('latin1'), limitBytes);
  for (let index = 0; index < 100; index++) client.feed(client.headers(2 * index + 1, getRequest));
  const piece = Buffer.alloc(16 * 1024, 'x');
  // Whoever answers writes until it is told to stop.
  for (let round = 0; round < 640; round++) {
    for (const request of client.requests) {
      if (round === 0) request.encoder.encodeHeaders(HeaderMap.of({ ':status': '200' }), false);
      if (!request.marks.endsWith('a')) request.encoder.encodeData(piece, false);
    }
  }
  const queuedBytes = client.gauges.get('pending_send_bytes') ?? 0;
  // Each stream may keep 16 KiB, and the piece that told it.
  assert.ok(queuedBytes <= limitBytes + 100 * 32 * 1024, `${queuedBytes} bytes wait`);
  assert.ok(client.requests.every(({ marks }) => marks === 'a'));
  // One of them opens its window: it alone goes on, and what all keep sinks with it.
  client.feed(buildFrame(frameWindowUpdate, 0, 1, uint32(1_000_000)));
  assert.equal(client.requests[0]?.marks, 'ab');
  assert.equal(client.requests[1]?.marks, 'a');
  client.codec.onClose('gone');
  assert.equal(client.gauges.get('pending_send_bytes'), 0);
});

test('50 stalled streams of a server connection do not stop the 51st', () => {
  const server = new ScriptedServer();
  const responses = Array.from({ length: 51 }, () => {
    const response = new RecordedResponse();
    const encoder = server.codec.newStream(response);
    encoder.setCallbacks(response);
    encoder.encodeHeaders(HeaderMap.of(Object.fromEntries(getRequest)), true);
    return { response, encoder };
  });
  const piece = 'x'.repeat(16_000);
  responses.forEach(({ encoder }, index) => {
    const id = 2 * index + 1;
    server.feed(server.headers(id, [[':status', '200']], false));
    if (index === 50) return;
    encoder.readDisable(true);
    for (let sent = 0; sent + piece.length <= firstWindowBytes; sent += piece.length) {
      server.frame(frameData, 0, id, piece);
    }
  });
  const isStreamGranted = (streamId: number): boolean =>
    server.take().some((frame) => frame.type === frameWindowUpdate && frame.streamId === streamId);
  assert.equal(isStreamGranted(1), false);
  for (let round = 0; round < 45; round++) {
    server.frame(frameData, 0, 101, piece);
    // Half a window is given back at a time, and this one opens wide.
    if (round % 9 === 1) assert.ok(isStreamGranted(101));
  }
  assert.equal(responses[50]?.response.body.length, 45 * piece.length);
  assert.deepEqual(server.errors, []);
  responses[0]?.encoder.readDisable(false);
  assert.ok(isStreamGranted(1));
});

test('tiny windows: a byte at a time goes out, in turn, and nothing is kept twice', () => {
  const client = new ScriptedClient({}, setting(settingInitialWindowSize, 1).toString('latin1'));
  client.feed(client.headers(1, getRequest));
  client.requests[0]?.answer('200', 'slowly');
  let body = '';
  for (let round = 0; round < 10; round++) {
    for (const { type, payload } of client.take()) if (type === frameData) body += payload.toString('latin1');
    client.feed(buildFrame(frameWindowUpdate, 0, 1, uint32(1)));
  }
  assert.equal(body, 'slowly');
});

test('tiny windows: what one read opens byte by byte goes out in one frame', () => {
  const client = new ScriptedClient({}, setting(settingInitialWindowSize, 0).toString('latin1'));
  client.onRequest = (request) => request.answer('200', 'slowly');
  client.feed(client.headers(1, getRequest), client.headers(3, getRequest));
  client.take();
  const byte = [1, 3].map((id) => buildFrame(frameWindowUpdate, 0, id, uint32(1)));
  client.feed(...byte, ...byte, ...byte);
  const frames = client.take().map(({ streamId, payload }) => [streamId, payload.toString('latin1')]);
  assert.deepEqual(frames, [
    [1, 'slo'],
    [3, 'slo'],
  ]);
});

test('a connection window that opens a frame at a time serves its streams in turn', () => {
  const client = new ScriptedClient({}, setting(settingInitialWindowSize, 200_000).toString('latin1'));
  client.onRequest = (request) => request.answer('200', 'x'.repeat(100_000));
  for (const id of [1, 3, 5]) client.feed(client.headers(id, getRequest));
  client.take();
  const served = Array.from({ length: 6 }, () => {
    client.feed(buildFrame(frameWindowUpdate, 0, 0, uint32(16_384)));
    return client.take().map(({ streamId }) => streamId);
  });
  assert.deepEqual(served.flat().sort(), [1, 1, 3, 3, 5, 5]);
});

test('a window that overflows: of a stream it ends the stream, of the connection everything', () => {
  const client = new ScriptedClient();
  client.feed(client.headers(1, getRequest), client.headers(3, getRequest));
  client.feed(buildFrame(frameWindowUpdate, 0, 1, uint32(2 ** 31 - 1)));
  assert.deepEqual(client.takeErrors(), ['reset 1 3']);
  assert.match(client.requests[0]?.reset ?? '', /^protocol-error/);
  client.feed(buildFrame(frameWindowUpdate, 0, 0, uint32(2 ** 31 - 1)));
  assert.deepEqual(client.takeErrors(), ['goaway 3']);
  const other = new ScriptedClient();
  other.feed(other.headers(1, getRequest), buildFrame(frameWindowUpdate, 0, 1, uint32(2 ** 31 - 65_536)));
  assert.deepEqual(other.errors, []);
  other.feed(buildFrame(frameSettings, 0, 0, setting(settingInitialWindowSize, 65_536)));
  assert.deepEqual(other.takeErrors(), ['goaway 3']);
});

test('a sender that ignores our windows is cut off: its stream, then its connection', () => {
  const options = { initialStreamWindowBytes: 65_535, initialConnectionWindowBytes: 65_535 };
  const client = new ScriptedClient(options);
  client.feed(client.headers(1, postRequest, false));
  client.requests[0]?.encoder.readDisable(true);
  const piece = buildFrame(frameData, 0, 1, 'x'.repeat(16_000));
  client.feed(piece, piece, piece, piece);
  assert.deepEqual(client.errors, []);
  client.feed(piece);
  assert.deepEqual(client.takeErrors(), ['reset 1 3']);
  // What was on its way is dropped, and costs no other stream its share of the connection's window.
  for (let round = 0; round < 20; round++) client.feed(piece);
  assert.deepEqual(client.errors, []);
});

test('a server that sends 1xx without end is told to stop', () => {
  const server = new ScriptedServer();
  const response = new RecordedResponse();
  const encoder = server.codec.newStream(response);
  encoder.setCallbacks(response);
  encoder.encodeHeaders(HeaderMap.of(Object.fromEntries(getRequest)), true);
  for (let index = 0; index < 101; index++) server.feed(server.headers(1, [[':status', '103']], false));
  assert.equal(response.informational.length, 100);
  assert.match(response.reset ?? '', /^protocol-error/);
  assert.deepEqual(server.takeErrors(), [`reset 1 ${cancel}`]);
});

test('the numbers of a connection run out: its capacity sinks to nothing, and no number comes twice', () => {
  const server = new ScriptedServer({}, '', 2 ** 31 - 5);
  const ids: number[] = [];
  for (let index = 0; index < 4; index++) {
    assert.equal(server.codec.streamCapacity, Math.max(0, Math.min(1024, 3)));
    if (index === 3) break;
    const encoder = server.codec.newStream(new RecordedResponse());
    encoder.encodeHeaders(HeaderMap.of(Object.fromEntries(getRequest)), true);
    ids.push(...server.take().map(({ streamId }) => streamId));
  }
  assert.deepEqual(ids, [2 ** 31 - 5, 2 ** 31 - 3, 2 ** 31 - 1]);
  const late = new RecordedResponse();
  server.codec.newStream(late).encodeHeaders(HeaderMap.of(Object.fromEntries(getRequest)), true);
  assert.deepEqual(server.take(), []);
  for (const id of ids) server.feed(server.headers(id, [[':status', '204']]));
  assert.equal(server.codec.streamCapacity, 0);
  assert.equal(server.ends.at(-1), false);
});
