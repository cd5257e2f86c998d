import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { decodeDeltaResponse, encodeDeltaRequest } from './delta-messages.ts';
import { GrpcFrames } from './grpc-frames.ts';

/** `field` with these bytes, as protoc writes it; shorter than 128 bytes. */
const field = (number: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value]);
const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));

test('a first request names its node, the type and what it subscribes to', () => {
  const long = 'x'.repeat(300);
  const frame = encodeDeltaRequest({ nodeId: 'n', typeUrl: 't', subscribe: ['a', long], nonce: '7' });
  const expected = Buffer.concat([
    field(1, text(1, 'n')),
    text(2, 't'),
    text(3, 'a'),
    Buffer.from([(3 << 3) | 2, 0xac, 0x02]),
    Buffer.from(long),
    text(6, '7'),
  ]);
  assert.equal(frame[0], 0);
  assert.equal(frame.readUInt32BE(1), expected.length);
  assert.deepEqual(frame.subarray(5), expected);
});

test('a response is read past everything that nobody asks for', () => {
  const resource = (name: string): Buffer =>
    field(2, Buffer.concat([text(1, 'v1'), field(2, Buffer.from([1, 2, 3])), text(3, name)]));
  const response = Buffer.concat([
    text(1, 'system version'),
    resource('cart'),
    resource('web'),
    text(4, typeUrls.cluster),
    text(5, 'nonce'),
    text(6, 'removed'),
    Buffer.from([(9 << 3) | 0, 0x80, 0x01]),
  ]);
  assert.deepEqual(decodeDeltaResponse(response), {
    typeUrl: typeUrls.cluster,
    nonce: 'nonce',
    resourceNames: ['cart', 'web'],
  });
});

test('frames are cut wherever chunks end', () => {
  const stream = Buffer.concat([
    encodeDeltaRequest({ typeUrl: 'one' }),
    encodeDeltaRequest({ typeUrl: '' }),
    encodeDeltaRequest({ typeUrl: 'three' }),
  ]);
  for (let size = 1; size <= stream.length; size++) {
    const frames = new GrpcFrames();
    const lengths: number[] = [];
    for (let start = 0; start < stream.length; start += size) {
      lengths.push(...frames.read(stream.subarray(start, start + size)).map(({ length }) => length));
    }
    assert.deepEqual(lengths, [5, 2, 7], `chunks of ${size}`);
  }
});
