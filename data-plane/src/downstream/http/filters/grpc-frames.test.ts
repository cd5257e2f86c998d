import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { frame } from '../../testing/filter-run.ts';
import { buildFrame, GrpcFrames } from './grpc-frames.ts';

const body = Buffer.from(frame('') + frame('a') + frame('x'.repeat(70_000), 1) + frame('last'), 'latin1');

test('messages are counted when they begin, wherever the chunks are cut', () => {
  const rng = createSeededRng(7);
  for (let round = 0; round < 50; round++) {
    const frames = new GrpcFrames();
    for (let at = 0; at < body.length;) {
      const end = at + 1 + Math.floor(rng.next() ** 6 * 40_000);
      const count = frames.count(body.subarray(at, end));
      assert.ok(count >= 0);
      at = end;
    }
    assert.equal(frames.startedCount, 4);
    assert.ok(frames.isBetween);
  }
});

test('advance stops at the end of each message', () => {
  const frames = new GrpcFrames();
  const ends: number[] = [];
  for (let at = 0; at < body.length;) {
    at = frames.advance(body, at);
    if (frames.isBetween) ends.push(at);
  }
  assert.deepEqual(ends, [5, 11, 70_016, body.length]);
});

test('an incomplete message is one, and the length is unsigned', () => {
  const frames = new GrpcFrames();
  assert.equal(frames.count(Buffer.from([0])), 1);
  assert.equal(frames.count(Buffer.from([0xff, 0xff, 0xff, 0xff])), 0);
  assert.equal(frames.count(Buffer.alloc(100_000)), 0);
  assert.ok(!frames.isBetween);
});

test('buildFrame', () => {
  assert.equal(buildFrame(0x80, Buffer.from('abc')).toString('latin1'), '\x80\0\0\0\x03abc');
});
