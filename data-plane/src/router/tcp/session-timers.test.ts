import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rng } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { SessionTimers } from './session-timers.ts';

const off = {
  idleTimeoutMs: 0,
  maxConnectionDurationMs: 0,
  maxConnectionDurationJitterRatio: 0,
  logIntervalMs: 0,
};

function start(times: Partial<ConstructorParameters<typeof SessionTimers>[0]>, drawn = 0.5) {
  const clock = createFakeClock();
  const heard: string[] = [];
  const owner = {
    unsentBytes: 0,
    onIdleTimeout: () => heard.push('idle'),
    onMaxDuration: () => heard.push('old'),
    onRetryDue: () => heard.push('retry'),
    onLogDue: () => heard.push('log'),
  };
  const rng: Rng = { next: () => drawn };
  const timers = new SessionTimers({ ...off, ...times }, { wheel: new TimerWheel(clock), rng }, owner);
  /** What rings within so many milliseconds from now. */
  const within = (ms: number): string[] => {
    clock.advance(ms);
    return heard.splice(0);
  };
  return { timers, owner, within, clock };
}

test('idle is who neither moves a byte nor takes one', () => {
  const { timers, owner, within } = start({ idleTimeoutMs: 1000 });
  timers.onRelaying();
  assert.deepEqual(within(900), []);
  timers.touch();
  assert.deepEqual(within(900), []);
  owner.unsentBytes = 500;
  timers.touch();
  assert.deepEqual(within(1050), ['idle']);

  const slow = start({ idleTimeoutMs: 1000 });
  slow.owner.unsentBytes = 500;
  slow.timers.onRelaying();
  slow.timers.touch();
  assert.deepEqual(slow.within(500), []);
  slow.timers.touch();
  assert.deepEqual(slow.within(550), []);
  // A reader took something since the last look.
  slow.owner.unsentBytes = 400;
  assert.deepEqual(slow.within(500), []);
  assert.deepEqual(slow.within(900), []);
  assert.deepEqual(slow.within(200), ['idle']);
});

test('the age at which a connection ends has a part that is drawn', () => {
  const jitter = { maxConnectionDurationMs: 1000, maxConnectionDurationJitterRatio: 0.5 };
  for (const [drawn, ms] of [
    [0, 1000],
    [0.5, 1250],
    [0.99, 1490],
  ] as const) {
    const { timers, within } = start(jitter, drawn);
    timers.onNewConnection();
    assert.deepEqual(within(ms - 10), []);
    assert.deepEqual(within(20), ['old']);
  }
});

test('attempts are apart by twice as much each time, up to a limit', () => {
  const { timers, within } = start({ connectBackOff: { baseMs: 100, maxMs: 350 } });
  for (const [attemptCount, ms] of [
    [1, 50],
    [2, 100],
    [3, 170],
    [40, 170],
  ] as const) {
    assert.equal(timers.waitForRetry(attemptCount), true);
    assert.deepEqual(within(ms - 10), []);
    assert.deepEqual(within(20), ['retry']);
  }
  assert.equal(start({}).timers.waitForRetry(1), false);
});

test('lines come again and again until the session is over', () => {
  const { timers, within, clock } = start({ logIntervalMs: 100 });
  timers.onNewConnection();
  assert.deepEqual(within(350), ['log', 'log', 'log']);
  timers.cancel();
  assert.deepEqual(within(1000), []);
  assert.equal(clock.pendingTimerCount, 0);
});
