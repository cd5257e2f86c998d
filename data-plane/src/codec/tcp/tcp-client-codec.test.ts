import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CodecError } from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { MemoryConnection } from '../testing/memory-connection.ts';
import { RecordedResponse } from '../testing/recording-client.ts';
import { createTcpClientCodec } from './tcp-client-codec.ts';

const connect = HeaderMap.of({ ':method': 'CONNECT', ':authority': 'a:1' });

function createCodec() {
  const connection = new MemoryConnection();
  const ends: boolean[] = [];
  const errors: CodecError[] = [];
  const codec = createTcpClientCodec(connection, {
    onStreamEnd: (isReusable) => ends.push(isReusable),
    onProtocolError: (error) => errors.push(error),
    onGoAway: () => undefined,
  });
  return { connection, ends, errors, codec };
}

function openStream() {
  const parts = createCodec();
  const response = new RecordedResponse();
  const encoder = parts.codec.newStream(response);
  encoder.setCallbacks(response);
  encoder.encodeHeaders(connect, false);
  return { ...parts, response, encoder };
}

test('nothing of the head is written, and the answer is 200 at once', () => {
  const { connection, codec, response, encoder } = openStream();
  assert.deepEqual([connection.takeWritten(), response.status, codec.activeStreamCount], ['', '200', 1]);
  encoder.encodeData(Buffer.from('to'), false);
  codec.dispatch(Buffer.from('from'));
  assert.deepEqual([connection.takeWritten(), response.body, encoder.bytesWritten], ['to', 'from', 2]);
});

test('each direction ends on its own; after both the connection is of no further use', () => {
  for (const isRemoteFirst of [false, true]) {
    const { connection, codec, response, encoder, ends } = openStream();
    const steps = [() => encoder.encodeData(Buffer.from('x'), true), () => codec.onEnd()];
    if (isRemoteFirst) steps.reverse();
    steps[0]?.();
    assert.deepEqual([connection.isWriteShut, response.isComplete], [!isRemoteFirst, isRemoteFirst]);
    assert.deepEqual([ends, codec.activeStreamCount], [[], 1]);
    steps[1]?.();
    assert.deepEqual([connection.isWriteShut, response.isComplete, response.reset], [true, true, undefined]);
    assert.deepEqual([ends, codec.activeStreamCount, connection.closeKind], [[false], 0, undefined]);
    codec.onClose('later');
    assert.deepEqual([ends, response.reset], [[false], undefined]);
  }
});

test('a lost connection resets the stream; a reset stream is silent, and reads on', () => {
  const lost = openStream();
  lost.codec.onClose('Connection reset by peer');
  assert.deepEqual(
    [lost.response.reset, lost.ends],
    ['connection-termination: Connection reset by peer', [false]],
  );
  const given = openStream();
  given.encoder.readDisable(true);
  given.encoder.resetStream();
  given.codec.onClose('closed');
  assert.deepEqual(
    [given.response.reset, given.ends, given.connection.readDisableCount],
    [undefined, [false], 0],
  );
});

test('watermarks reach the stream, also those from before it', () => {
  const { codec } = createCodec();
  codec.onAboveWriteHighWatermark();
  const response = new RecordedResponse();
  codec.newStream(response).setCallbacks(response);
  codec.onBelowWriteLowWatermark();
  assert.equal(response.marks, 'ab');
});

test('a server that speaks while nobody uses the connection is refused', () => {
  const { codec, errors } = createCodec();
  codec.dispatch(Buffer.from('banner'));
  assert.deepEqual(
    errors.map(({ details }) => details),
    ['tcp.unsolicited_bytes'],
  );
});

test('what the server has not taken when both directions end still goes to it', () => {
  const { connection, codec, encoder, response, ends } = openStream();
  connection.writeBufferedBytes = 5;
  codec.onEnd();
  encoder.encodeData(Buffer.from('x'), true);
  assert.deepEqual([ends, codec.activeStreamCount, response.isComplete], [[], 1, true]);
  codec.onClose('closed');
  assert.deepEqual([ends, response.reset], [[false], undefined]);
});
