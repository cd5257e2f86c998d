import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { Clock } from '@heddle/shared/time/clock';
import { hostFlag } from '../../config/model/cluster-update.ts';
import type { HealthCheck } from '../../config/model/health-check.ts';
import { buildHealthCheck } from '../testing/model-fixtures.ts';
import { HealthCheckSession } from './health-check-session.ts';
import type { HealthProbe } from './health-probe.ts';
import type { CheckResult } from './health-state.ts';

const success: CheckResult = { kind: 'success', isDegraded: false };

class ScriptedProbe implements HealthProbe {
  checkCount = 0;
  abortCount = 0;
  onResult: ((result: CheckResult) => void) | undefined;
  check(_target: unknown, onResult: (result: CheckResult) => void): void {
    this.checkCount++;
    this.onResult = onResult;
  }
  abort(): void {
    this.abortCount++;
    this.onResult = undefined;
  }
}

function setUp(fields: Partial<HealthCheck> = {}) {
  const fake = createFakeClock();
  let stallMs = 0;
  /** As after the event loop was busy: timers run late, and see it. */
  const clock: Clock = { ...fake, monotonicMs: () => fake.monotonicMs() + stallMs };
  const probe = new ScriptedProbe();
  const results: CheckResult[] = [];
  let flags: number = hostFlag.failedActiveHealthCheck;
  const session = new HealthCheckSession({
    settings: buildHealthCheck({ timeoutMs: 1_000, intervalMs: 5_000, ...fields }),
    probe,
    clock,
    rng: createSeededRng(1),
    target: () => ({
      host: { address: { address: '127.0.0.1', port: 1 }, hostname: '', transportSocket: -1 },
      checkHostname: '',
    }),
    flags: () => flags,
    hasHadTraffic: () => true,
    onAttempt: () => undefined,
    onStep: (step, result) => {
      flags = step.flags;
      results.push(result);
    },
  });
  return { fake, probe, session, results, stall: (ms: number) => void (stallMs += ms) };
}

test('a check follows the end of the one before, by the interval', () => {
  const { fake, probe, session } = setUp();
  session.start();
  fake.advance(900);
  probe.onResult?.(success);
  fake.advance(4_999);
  assert.equal(probe.checkCount, 1);
  fake.advance(1);
  assert.equal(probe.checkCount, 2);
  session.stop();
  assert.equal(fake.pendingTimerCount, 0);
});

test('no answer in time is a time-out', () => {
  const { fake, probe, session, results } = setUp();
  session.start();
  fake.advance(1_000);
  assert.deepEqual(results, [
    { kind: 'failure', type: 'network-timeout', isRetriable: false, isExcluding: false },
  ]);
  assert.equal(probe.abortCount, 1);
  session.stop();
});

test('a time-out that fires late, because this thread was busy, gives the host the time back', () => {
  const { fake, probe, session, results, stall } = setUp();
  session.start();
  stall(400);
  fake.advance(1_000);
  assert.deepEqual(results, []);
  fake.advance(399);
  probe.onResult?.(success);
  assert.deepEqual(results, [success]);
  session.stop();

  const silent = setUp();
  silent.session.start();
  silent.stall(400);
  silent.fake.advance(1_400);
  assert.equal(silent.results.length, 1);
  silent.session.stop();
});

test('initial jitter delays the first check only', () => {
  const { fake, probe, session } = setUp({ initialJitterMs: 2_000 });
  session.start();
  assert.equal(probe.checkCount, 0);
  fake.advance(2_000);
  assert.equal(probe.checkCount, 1);
  session.stop();
});

test('a result after the end is nobody’s', () => {
  const { probe, session, results } = setUp();
  session.start();
  const late = probe.onResult;
  session.stop();
  late?.(success);
  assert.deepEqual(results, []);
});
