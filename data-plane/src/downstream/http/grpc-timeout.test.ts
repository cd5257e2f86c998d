import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap } from '../../codec/header-map.ts';
import type { ForwardAction } from '../../config/model/route.ts';
import { parseGrpcTimeout, setGrpcTimeout } from './grpc-timeout.ts';
import { StreamDeadlines } from './stream-deadlines.ts';

test('time-outs are whole milliseconds, rounded up', () => {
  const rows: readonly (readonly [string, number | undefined])[] = [
    ['0m', 0],
    ['5m', 5],
    ['7S', 7_000],
    ['2M', 120_000],
    ['1H', 3_600_000],
    ['1u', 1],
    ['1001u', 2],
    ['1n', 1],
    ['99999999n', 100],
    ['99999999H', 359_999_996_400_000],
    ['0000000005S', 5_000],
  ];
  for (const [text, expected] of rows) {
    assert.equal(parseGrpcTimeout(HeaderMap.of({ 'grpc-timeout': text })), expected, text);
  }
  for (const text of ['', '5', 'S', '-1S', '5s', '5 S', '123456789S', '5SS', '1.5S']) {
    assert.equal(parseGrpcTimeout(HeaderMap.of({ 'grpc-timeout': text })), undefined, text);
  }
  assert.equal(parseGrpcTimeout(new HeaderMap()), undefined);
});

test('what is passed on has eight digits at most', () => {
  const rows: readonly (readonly [number, string])[] = [
    [0, '0m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [100_000_000_000, '1666666M'],
    [Number.MAX_SAFE_INTEGER, '99999999H'],
  ];
  for (const [timeoutMs, expected] of rows) {
    const headers = new HeaderMap();
    setGrpcTimeout(headers, timeoutMs);
    assert.equal(headers.get('grpc-timeout'), expected);
  }
});

const managerMs = 60_000;

/** Moment at which a stream that began at 1000 ends, relative to that, and the `grpc-timeout` that is passed on. */
function apply(
  fields: Partial<ForwardAction>,
  grpcTimeout?: string,
  { type = 'application/grpc', maxStreamDurationMs = managerMs } = {},
): readonly [number, string | undefined] {
  const config = { streamIdleTimeoutMs: 0, requestTimeoutMs: 0, maxStreamDurationMs };
  const deadlines = new StreamDeadlines(config, 1_000);
  const headers = HeaderMap.of({ 'content-type': type });
  if (grpcTimeout !== undefined) headers.set('grpc-timeout', grpcTimeout);
  deadlines.applyRoute({ kind: 'forward', ...fields } as ForwardAction, headers);
  return [deadlines.next() - 1_000, headers.get('grpc-timeout')];
}

test('the duration of a call: its own up to the limit, less the offset; else that of the route, else the manager', () => {
  const max = { isTimeoutIgnored: true, maxStreamDurationMs: 20_000 } as const;
  const capped = { ...max, grpcTimeoutHeaderMaxMs: 10_000 };
  const offset = { ...capped, grpcTimeoutHeaderOffsetMs: 500 };
  const unlimited = { isTimeoutIgnored: true, grpcTimeoutHeaderMaxMs: 0 } as const;
  assert.deepEqual(apply({}, '5S'), [managerMs, '5S']);
  assert.deepEqual(apply(max, '5S'), [20_000, '20000m']);
  assert.deepEqual(apply(capped, '5S'), [5_000, '5000m']);
  assert.deepEqual(apply(capped, '15S'), [10_000, '10000m']);
  assert.deepEqual(apply(capped, 'bad'), [20_000, '20000m']);
  assert.deepEqual(apply(capped), [20_000, '20000m']);
  assert.deepEqual(apply(offset, '5S'), [4_500, '4500m']);
  assert.deepEqual(apply(offset, '100m'), [0, '0m']);
  assert.deepEqual(apply(unlimited, '15S'), [15_000, '15000m']);
  assert.deepEqual(apply(unlimited, '0m'), [0, '0m']);
  assert.deepEqual(apply(unlimited), [managerMs, '60000m']);
  // Whatever the type: the client said how long it waits. Only calls take it with them.
  assert.deepEqual(apply(capped, '5S', { type: 'text/plain' }), [5_000, '5S']);
});

test('no duration at all: a time-out that the manager had no longer holds', () => {
  const none = { isTimeoutIgnored: true, maxStreamDurationMs: 0 } as const;
  assert.deepEqual(apply(none, '5S'), [Infinity, undefined]);
  assert.deepEqual(apply(none, '5S', { maxStreamDurationMs: 0 }), [Infinity, '5S']);
});
