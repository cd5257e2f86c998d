import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { systemClock } from '@heddle/shared/time/clock';
import { startWorkerPool } from './worker-pool.ts';

function createHarness(count: number) {
  const events: string[] = [];
  const waiters: { text: string; times: number; resolve: () => void }[] = [];
  function record(event: string): void {
    events.push(event);
    for (const waiter of [...waiters]) {
      if (events.filter((text) => text === waiter.text).length >= waiter.times) waiter.resolve();
    }
  }
  const pool = startWorkerPool({
    count,
    url: new URL('../test/fixtures/fragile-worker.ts', import.meta.url),
    workerData: (worker) => ({ worker }),
    clock: systemClock,
    logger: createSilentLogger(),
    handlers: {
      onMessage: (worker, message) => record(`${message.kind} ${worker}`),
      onGone: (worker) => record(`gone ${worker}`),
      onHopeless: () => record('hopeless'),
    },
  });
  return {
    pool,
    events,
    seen: (text: string, times = 1) =>
      new Promise<void>((resolve) => {
        waiters.push({ text, times, resolve });
        if (events.filter((event) => event === text).length >= times) resolve();
      }),
  };
}

test('a worker that dies is started again; the others go on', async () => {
  const { pool, seen, events } = createHarness(2);
  await Promise.all([seen('ready 0'), seen('ready 1')]);
  pool.send(0, { kind: 'reopen-logs' });
  await seen('ready 0', 2);
  assert.equal(events.filter((event) => event.startsWith('gone')).length, 1);
  await pool.stop(5000);
  assert.equal(events.filter((event) => event === 'gone 1').length, 1);
});

test('three deaths within a minute are hopeless', async () => {
  const { pool, seen } = createHarness(1);
  for (let death = 1; death <= 3; death++) {
    await seen('ready 0', death);
    pool.send(0, { kind: 'reopen-logs' });
    await seen('gone 0', death);
  }
  await seen('hopeless');
  await pool.stop(1000);
});

test('a worker that hangs is ended by force at the deadline', async () => {
  const { pool, seen } = createHarness(1);
  await seen('ready 0');
  pool.send(0, { kind: 'drain', strategy: 'immediate', drainTimeMs: 0, inboundOnly: false });
  await pool.stop(100);
});
