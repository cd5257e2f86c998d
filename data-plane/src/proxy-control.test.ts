import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { createCountingStats } from './downstream/testing/counting-stats.ts';
import { createProxyControl } from './proxy-control.ts';
import { createServerStatus } from './server-state.ts';
import { parseSettings } from './settings.ts';

function createHarness() {
  const clock = createFakeClock();
  const events: string[] = [];
  const parsed = parseSettings(['-c', 'bootstrap.yaml', '--shutdown-time-s', '10'], '0');
  assert.ok(parsed.kind === 'settings');
  const control = createProxyControl({
    settings: parsed.settings,
    server: createServerStatus({ clock, stats: createCountingStats(), concurrency: 2, version: '0.1.0' }),
    clock,
    logger: createSilentLogger(),
    workers: {
      count: 2,
      send: (worker, { kind }) => void events.push(`${kind} ${worker}`),
      sendToAll: ({ kind }) => void events.push(kind),
      stop: () => Promise.resolve(),
    },
    listeners: { stopAdding: () => undefined },
    reopenLog: () => void events.push('reopen-log'),
    stop: () => void events.push('stop'),
  });
  return { clock, control, events };
}

test('the process ends when no worker has a connection and none listens any more', () => {
  const { control, events } = createHarness();
  control.shutDown();
  control.onDrained(0, true);
  assert.deepEqual(events, ['drain']);
  control.onDrained(1, true);
  assert.deepEqual(events, ['drain', 'stop-listening']);
  // Said before the worker was told; it may have had connections since.
  control.onDrained(0, true);
  control.onDrained(1, false);
  assert.deepEqual(events, ['drain', 'stop-listening']);
  control.onDrained(0, false);
  assert.deepEqual(events, ['drain', 'stop-listening', 'stop']);
});

test('clients that always come back leave half of the time to the last requests', () => {
  const { clock, control, events } = createHarness();
  control.shutDown();
  control.onDrained(0, true);
  clock.advance(5_000);
  assert.deepEqual(events, ['drain', 'stop-listening']);
  clock.advance(4_999);
  assert.deepEqual(events, ['drain', 'stop-listening']);
  clock.advance(1);
  assert.deepEqual(events, ['drain', 'stop-listening', 'stop']);
});

test('what drained before the signal says nothing about now', () => {
  const { control, events } = createHarness();
  control.drainListeners({ isGraceful: true, inboundOnly: false, skipExit: true });
  control.onDrained(0, true);
  control.onDrained(1, true);
  control.shutDown();
  control.onDrained(0, true);
  assert.deepEqual(events, ['drain', 'drain']);
});

test('a second signal ends the process at once', () => {
  const { control, events } = createHarness();
  control.shutDown();
  control.shutDown();
  assert.deepEqual(events, ['drain', 'stop']);
});

test('a worker that is started again hears what the others were told', () => {
  const { control, events } = createHarness();
  control.onWorkerReady(0);
  assert.deepEqual(events, []);
  control.failHealthCheck(true);
  control.setLogLevel('error');
  control.reopenLogs();
  control.drainListeners({ isGraceful: true, inboundOnly: false, skipExit: true });
  events.length = 0;
  control.onWorkerReady(1);
  assert.deepEqual(events, ['health-fail 1', 'log-level 1', 'drain 1']);
  control.shutDown();
  control.onDrained(0, true);
  control.onDrained(1, true);
  events.length = 0;
  control.onWorkerReady(1);
  assert.deepEqual(events, ['health-fail 1', 'log-level 1', 'drain 1', 'stop-listening 1']);
});
