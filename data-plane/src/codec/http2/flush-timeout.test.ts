import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeClock } from '@heddle/shared/testing/fake-clock';
import { cancel, flagAck, frameSettings, frameWindowUpdate, settingInitialWindowSize } from './protocol.ts';
import { getRequest, ScriptedClient, setting, uint32 } from './testing/scripted-peer.ts';

/** A client that has asked and allows nothing yet; the answer is `body`. */
function startClosed(streamFlushTimeoutMs: number): { client: ScriptedClient; clock: FakeClock } {
  const settings = setting(settingInitialWindowSize, 0).toString('latin1');
  const client = new ScriptedClient({ streamFlushTimeoutMs }, settings);
  client.onRequest = (request) => request.answer('200', 'body');
  client.frame(frameSettings, flagAck, 0);
  client.feed(client.headers(1, getRequest));
  client.take();
  return { client, clock: client.options.clock as FakeClock };
}

test('an answer of which the client takes nothing is reset, and frees what it kept', () => {
  const { client, clock } = startClosed(1_000);
  clock.advance(999);
  assert.deepEqual(client.takeErrors(), []);
  clock.advance(1);
  assert.deepEqual(client.takeErrors(), [`reset 1 ${cancel}`]);
  assert.deepEqual(client.counters, ['tx_flush_timeout', 'tx_reset']);
  assert.deepEqual([client.gauges.get('pending_send_bytes'), client.gauges.get('streams_active')], [0, 0]);
  assert.deepEqual([client.ends, clock.pendingTimerCount], [[false], 0]);
});

test('each byte that goes out gives the client as long again; the last one ends the wait', () => {
  const { client, clock } = startClosed(1_000);
  for (const letter of 'body') {
    clock.advance(999);
    client.frame(frameWindowUpdate, 0, 1, uint32(1));
    assert.equal(client.take()[0]?.payload.toString(), letter);
    clock.advance(1);
  }
  assert.deepEqual([client.counters, client.ends, clock.pendingTimerCount], [[], [false], 0]);
});

test('without a time-out it waits as long as the connection', () => {
  const { client, clock } = startClosed(0);
  assert.equal(clock.pendingTimerCount, 0);
  clock.advance(10 ** 9);
  assert.deepEqual([client.takeErrors(), client.gauges.get('streams_active')], [[], 1]);
});
