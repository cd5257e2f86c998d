import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionDeadlines, type ConnectionTimeouts } from './connection-deadlines.ts';

function create(timeouts: Partial<ConnectionTimeouts>): ConnectionDeadlines {
  const none = {
    streamIdleTimeoutMs: 0,
    requestTimeoutMs: 0,
    maxStreamDurationMs: 0,
    requestHeadersTimeoutMs: 0,
    idleTimeoutMs: 0,
    maxConnectionDurationMs: 0,
  };
  return new ConnectionDeadlines({ ...none, drainTimeoutMs: 50, ...timeouts }, 1000);
}

test('a connection that never said anything is closed when it was idle for long enough', () => {
  const deadlines = create({ idleTimeoutMs: 100 });
  assert.equal(deadlines.next(false), 1100);
  assert.equal(deadlines.expired(1099, false), undefined);
  assert.deepEqual(deadlines.expired(1100, false), { kind: 'drain', counter: 'cxIdleTimeout' });
  assert.equal(deadlines.next(false), 1100);
  assert.deepEqual(deadlines.expired(1100, false), { kind: 'close' });
});

test('one that carried a request waits drain_timeout for another that may be on its way', () => {
  const deadlines = create({ idleTimeoutMs: 100 });
  deadlines.onHeadEnded();
  assert.equal(deadlines.next(true), Infinity);
  assert.equal(deadlines.expired(9000, true), undefined);
  deadlines.onIdle(2000);
  assert.equal(deadlines.next(false), 2100);
  assert.equal(deadlines.isDraining, false);
  assert.equal(deadlines.expired(2100, false)?.kind, 'drain');
  assert.equal(deadlines.isDraining, true);
  assert.equal(deadlines.next(false), 2150);
  assert.equal(deadlines.expired(2149, false), undefined);
  // It came: the answer says close, and nothing else ends the connection meanwhile.
  deadlines.onHeadEnded();
  assert.equal(deadlines.expired(2150, true), undefined);
  deadlines.onIdle(2160);
  assert.deepEqual(deadlines.expired(2160, false), { kind: 'close' });
});

test('a connection that is old drains with a request under way too, once', () => {
  const deadlines = create({ maxConnectionDurationMs: 100 });
  deadlines.onHeadEnded();
  assert.equal(deadlines.next(true), 1100);
  assert.deepEqual(deadlines.expired(1100, true), { kind: 'drain', counter: 'cxMaxDurationReached' });
  assert.equal(deadlines.next(true), Infinity);
  assert.equal(deadlines.expired(9000, true), undefined);
});

test('a head that begins is no idle connection, and every time-out of a stream counts from its first byte', () => {
  for (const [field, counter, body, flag] of [
    ['requestHeadersTimeoutMs', 'rqHeaderTimeout', 'request header timeout', undefined],
    ['requestTimeoutMs', 'rqTimeout', 'request timeout', undefined],
    ['streamIdleTimeoutMs', 'rqIdleTimeout', 'stream timeout', 'SI'],
    ['maxStreamDurationMs', 'rqMaxDurationReached', 'downstream duration timeout', undefined],
  ] as const) {
    const deadlines = create({ idleTimeoutMs: 100, [field]: 300 });
    deadlines.onHeadPending(1090);
    deadlines.onHeadPending(1200);
    assert.equal(deadlines.next(false), 1390, field);
    assert.equal(deadlines.expired(1389, false), undefined, field);
    const expiry = deadlines.expired(1390, false);
    assert.ok(expiry?.kind === 'refuse', field);
    assert.deepEqual([expiry.counter, expiry.body, expiry.flag], [counter, body, flag]);
    deadlines.onHeadEnded();
    assert.equal(deadlines.headStartedMs, undefined);
  }
});
