import assert from 'node:assert/strict';
import { createSeededRng } from '@heddle/shared/random/rng';
import { createFakeClock, type FakeClock } from '@heddle/shared/testing/fake-clock';
import { test } from 'node:test';
import { ChunkPool } from './send-queue.ts';
import { FieldNameTable } from '../http1/field-name.ts';
import { Liveness } from './liveness.ts';
import type { Http2Keepalive } from '../../config/model/http2-protocol-options.ts';
import { createHttp2Options } from './options.ts';
import { flagAck, framePing, frameSettings, settingsTimeout } from './protocol.ts';
import { ScriptedClient, ScriptedServer } from './testing/scripted-peer.ts';

const keepalive: Http2Keepalive = {
  intervalMs: 10_000,
  timeoutMs: 2_000,
  intervalJitterRatio: 0,
  idleIntervalMs: 0,
};

function watch(given: Partial<Http2Keepalive> | undefined) {
  const clock = createFakeClock();
  const options = createHttp2Options(
    { names: new FieldNameTable(), chunks: new ChunkPool(), clock, rng: createSeededRng(1) },
    { keepalive: given === undefined ? undefined : { ...keepalive, ...given } },
  );
  const events: string[] = [];
  const liveness = new Liveness(options, {
    sendPing: (opaque) => void events.push(opaque),
    onSettingsTimeout: () => void events.push('settings timeout'),
    onPingTimeout: () => void events.push('ping timeout'),
  });
  liveness.start();
  return { clock, liveness, events };
}

test('SETTINGS are acknowledged within 30 s', () => {
  const late = watch(undefined);
  late.clock.advance(29_999);
  assert.deepEqual(late.events, []);
  late.clock.advance(1);
  assert.deepEqual(late.events, ['settings timeout']);
  const early = watch(undefined);
  early.liveness.onSettingsAck();
  early.clock.advance(10 ** 6);
  assert.deepEqual([early.events, early.clock.pendingTimerCount], [[], 0]);
});

test('a PING goes out at each interval, and its acknowledgement starts the next', () => {
  const { clock, liveness, events } = watch({});
  liveness.onSettingsAck();
  for (let round = 1; round <= 3; round++) {
    clock.advance(10_000);
    assert.equal(events.length, round);
    assert.match(events.at(-1) ?? '', /^\d{8}$/);
    clock.advance(1_999);
    liveness.onPingAck('otherone');
    liveness.onPingAck(events.at(-1) ?? '');
  }
  clock.advance(11_999);
  assert.equal(events.length, 4);
  clock.advance(1);
  assert.equal(events.at(-1), 'ping timeout');
  liveness.stop();
  assert.equal(clock.pendingTimerCount, 0);
});

test('whatever is read while an acknowledgement is awaited gives the peer more time', () => {
  const { clock, liveness, events } = watch({});
  liveness.onSettingsAck();
  clock.advance(11_000);
  liveness.onRead();
  clock.advance(1_999);
  assert.deepEqual(events.slice(1), []);
  clock.advance(1);
  assert.deepEqual(events.slice(1), ['ping timeout']);
});

test('a stream after a long silence has a PING go ahead', () => {
  const { clock, liveness, events } = watch({ intervalMs: 0, idleIntervalMs: 5_000 });
  liveness.onSettingsAck();
  clock.advance(4_999);
  liveness.onNewStream();
  assert.deepEqual(events, []);
  clock.advance(1);
  liveness.onNewStream();
  liveness.onNewStream();
  assert.equal(events.length, 1);
});

test('jitter lengthens intervals, and never shortens them', () => {
  const { clock, events } = watch({ intervalJitterRatio: 0.5, timeoutMs: 10 ** 9 });
  clock.advance(10_000);
  assert.equal(events.length, 0);
  clock.advance(5_000);
  assert.equal(events.length, 1);
});

test('a connection whose SETTINGS are not acknowledged ends with SETTINGS_TIMEOUT; an unanswered PING cuts it off', () => {
  const silent = new ScriptedClient();
  (silent.options.clock as FakeClock).advance(30_000);
  assert.deepEqual(silent.takeErrors(), [`goaway ${settingsTimeout}`]);
  assert.equal(silent.errors.length, 1);
  const gone = new ScriptedServer({ keepalive });
  gone.frame(frameSettings, flagAck, 0);
  const clock = gone.options.clock as FakeClock;
  clock.advance(10_000);
  const [ping] = gone.take();
  assert.deepEqual([ping?.type, ping?.flags], [framePing, 0]);
  gone.frame(framePing, flagAck, 0, ping?.payload);
  clock.advance(11_999);
  assert.equal(gone.connection.closeKind, undefined);
  clock.advance(1);
  assert.equal(gone.connection.closeKind, 'abort');
  assert.deepEqual(gone.counters, ['keepalive_timeout']);
  gone.codec.onClose('aborted');
  assert.equal(clock.pendingTimerCount, 0);
});
