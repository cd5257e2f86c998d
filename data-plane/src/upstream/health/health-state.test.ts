import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { hostFlag } from '../../config/model/cluster-update.ts';
import { buildHealthCheck } from '../testing/model-fixtures.ts';
import { nextCheckDelayMs } from './health-interval.ts';
import {
  applyCheckResult,
  initialHealthState,
  type CheckResult,
  type FailureType,
  type HealthStep,
} from './health-state.ts';

const thresholds = { healthyThreshold: 2, unhealthyThreshold: 3 };
const success: CheckResult = { kind: 'success', isDegraded: false };
const degraded: CheckResult = { kind: 'success', isDegraded: true };
const failed = hostFlag.failedActiveHealthCheck;

function failure(
  type: FailureType,
  fields: { isRetriable?: boolean; isExcluding?: boolean } = {},
): CheckResult {
  return { kind: 'failure', type, isRetriable: false, isExcluding: false, ...fields };
}

/** Runs the results one after the other; what each left behind. */
function run(flags: number, ...results: CheckResult[]): HealthStep[] {
  let state = initialHealthState;
  let current = flags;
  return results.map((result) => {
    const step = applyCheckResult(state, current, result, thresholds);
    state = step.state;
    current = step.flags;
    return step;
  });
}

const seen = (steps: HealthStep[]) => steps.map(({ flags, transition }) => [flags, transition]);

test('the first success heals at once', () => {
  assert.deepEqual(seen(run(failed, success, success)), [
    [0, 'changed'],
    [0, 'unchanged'],
  ]);
});

test('the first failure leaves the host failed, and healing then takes the threshold', () => {
  assert.deepEqual(seen(run(failed, failure('network'), success, success)), [
    [failed, 'unchanged'],
    [failed, 'pending'],
    [0, 'changed'],
  ]);
});

test('missing answers count up to the threshold, and a success begins the count anew', () => {
  const down = failure('network');
  assert.deepEqual(seen(run(failed, success, down, down, success, down, down, down)).slice(1), [
    [0, 'pending'],
    [0, 'pending'],
    [0, 'unchanged'],
    [0, 'pending'],
    [0, 'pending'],
    [failed, 'changed'],
  ]);
});

test('a bad answer fails the host whatever the threshold; a retriable one counts', () => {
  assert.deepEqual(seen(run(failed, success, failure('active'))).at(-1), [failed, 'changed']);
  assert.deepEqual(seen(run(failed, success, failure('active', { isRetriable: true }))).at(-1), [
    0,
    'pending',
  ]);
});

test('a failure between successes begins the healing anew', () => {
  const steps = run(failed, failure('active'), success, failure('active'), success, success);
  assert.deepEqual(
    steps.map((step) => step.flags),
    [failed, failed, failed, failed, 0],
  );
});

test('a time-out is marked while the host is failed, another failure takes the mark away', () => {
  const timeout = hostFlag.activeHealthCheckTimeout;
  assert.deepEqual(seen(run(failed, failure('network-timeout'), failure('network'))), [
    [failed | timeout, 'unchanged'],
    [failed, 'unchanged'],
  ]);
  assert.equal(run(failed, failure('network-timeout'), success, success).at(-1)?.flags, 0);
});

test('degraded shows at once, without a threshold, and is no change of its own while healing', () => {
  assert.deepEqual(seen(run(failed, success, degraded, success)).slice(1), [
    [hostFlag.degradedActiveHealthCheck, 'changed'],
    [0, 'changed'],
  ]);
  assert.deepEqual(seen(run(failed, failure('network'), degraded)).at(-1), [
    failed | hostFlag.degradedActiveHealthCheck,
    'pending',
  ]);
});

test('the wait for the first check ends with any result, and counts as a change', () => {
  const pending = failed | hostFlag.pendingActiveHealthCheck;
  assert.deepEqual(seen(run(pending, failure('network'))), [[failed, 'changed']]);
  assert.deepEqual(seen(run(pending, success)), [[0, 'changed']]);
});

test('an answer that asks for it excludes the host until it is healthy again', () => {
  const excluded = hostFlag.excludedViaImmediateHealthCheckFail;
  const steps = run(failed, success, failure('active', { isExcluding: true }), success, success);
  assert.deepEqual(
    steps.map((step) => step.flags),
    [0, failed | excluded, failed | excluded, 0],
  );
});

test('intervals: edge while a change is approached, their own without traffic, jitter on top', () => {
  const settings = buildHealthCheck({
    intervalMs: 1,
    healthyEdgeIntervalMs: 2,
    unhealthyIntervalMs: 3,
    unhealthyEdgeIntervalMs: 4,
    noTrafficIntervalMs: 5,
    noTrafficHealthyIntervalMs: 6,
  });
  const rng = createSeededRng(1);
  const delay = (isSuccess: boolean, transition: 'unchanged' | 'pending', hasTraffic = true) =>
    nextCheckDelayMs(settings, isSuccess, transition, hasTraffic, rng);
  assert.deepEqual(
    [delay(true, 'unchanged'), delay(true, 'pending'), delay(false, 'unchanged'), delay(false, 'pending')],
    [1, 2, 3, 4],
  );
  assert.deepEqual(
    [delay(true, 'unchanged', false), delay(true, 'pending', false), delay(false, 'unchanged', false)],
    [6, 5, 5],
  );
  const jittered = { ...settings, intervalMs: 100, intervalJitterPercent: 50, intervalJitterMs: 10 };
  for (let round = 0; round < 100; round++) {
    const delayMs = nextCheckDelayMs(jittered, true, 'unchanged', true, rng);
    assert.ok(delayMs >= 100 && delayMs < 159, String(delayMs));
  }
});
