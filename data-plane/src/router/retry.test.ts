import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createSeededRng } from '@heddle/shared/random/rng';
import { HeaderMap } from '../codec/header-map.ts';
import type { StreamResetReason } from '../codec/codec.ts';
import type { RetryCondition, RetryPolicy } from '../config/model/route.ts';
import { expectedTimeoutMs, takeRequestTimeouts } from './request-timeouts.ts';
import { CompiledRetryPolicy } from './retry-policy.ts';
import { RetryState } from './retry.ts';
import { buildRetryPolicy } from './testing/route-fixtures.ts';

function stateOf(fields: Partial<RetryPolicy>, headers: Record<string, string> = {}): RetryState | undefined {
  return RetryState.create(new CompiledRetryPolicy(buildRetryPolicy(fields)), HeaderMap.of(headers));
}

function wantsAnswer(retryOn: RetryCondition, status: number, headers: Record<string, string> = {}): boolean {
  const state = stateOf({
    retryOn: [retryOn],
    retriableStatusCodes: [418],
    retriableHeaders: [
      {
        name: 'x-again',
        test: { kind: 'present', isPresent: true },
        invertMatch: false,
        treatMissingAsEmpty: false,
      },
    ],
  });
  return state?.wantsRetryOfAnswer(HeaderMap.of(headers), status) === true;
}

function wantsReset(retryOn: RetryCondition, reason: StreamResetReason, isRequestSent = true): boolean {
  return stateOf({ retryOn: [retryOn] })?.wantsRetryOfReset({ reason, isRequestSent }) === true;
}

test('which answers are retried', () => {
  assert.ok(wantsAnswer('5xx', 500));
  assert.ok(!wantsAnswer('5xx', 499));
  assert.ok(!wantsAnswer('5xx', 500, { 'x-envoy-ratelimited': 'true' }));
  assert.ok(wantsAnswer('envoy-ratelimited', 429, { 'x-envoy-ratelimited': 'true' }));
  assert.ok(wantsAnswer('gateway-error', 502));
  assert.ok(!wantsAnswer('gateway-error', 500));
  assert.ok(wantsAnswer('retriable-4xx', 409));
  assert.ok(!wantsAnswer('retriable-4xx', 404));
  assert.ok(wantsAnswer('retriable-status-codes', 418));
  assert.ok(!wantsAnswer('retriable-status-codes', 500));
  assert.ok(wantsAnswer('retriable-headers', 200, { 'x-again': '' }));
  assert.ok(!wantsAnswer('reset', 503));
});

test('calls are retried by their status, where it stands in the head', () => {
  const statuses = {
    cancelled: '1',
    'deadline-exceeded': '4',
    'resource-exhausted': '8',
    internal: '13',
    unavailable: '14',
  } as const;
  for (const [condition, wanted] of Object.entries(statuses) as [RetryCondition, string][]) {
    for (let status = 0; status <= 17; status++) {
      const wants = wantsAnswer(condition, 200, { 'grpc-status': String(status) });
      assert.equal(wants, String(status) === wanted, `${condition} ${status}`);
    }
    assert.ok(!wantsAnswer(condition, 503));
  }
});

test('a client names the conditions of calls and those of HTTP in headers of their own', () => {
  const policy = { retryOn: [] };
  const answer = HeaderMap.of({ 'grpc-status': '14' });
  const state = stateOf(policy, { 'x-envoy-retry-grpc-on': 'cancelled, unavailable, 5xx' });
  assert.ok(state?.wantsRetryOfAnswer(answer, 200));
  assert.equal(state?.wantsRetryOfAnswer(new HeaderMap(), 500), false);
  assert.equal(stateOf(policy, { 'x-envoy-retry-on': 'unavailable' }), undefined);
  assert.ok(stateOf(policy, { 'x-envoy-retry-on': '5xx' })?.wantsRetryOfAnswer(answer, 500));
});

test('which resets are retried', () => {
  for (const condition of ['5xx', 'gateway-error', 'reset'] as const) {
    assert.ok(wantsReset(condition, 'connection-termination'));
    assert.ok(wantsReset(condition, 'remote-connection-failure'));
    assert.ok(!wantsReset(condition, 'overflow'));
  }
  assert.ok(wantsReset('connect-failure', 'remote-connection-failure'));
  assert.ok(wantsReset('connect-failure', 'connection-timeout'));
  assert.ok(!wantsReset('connect-failure', 'local-reset'));
  assert.ok(wantsReset('refused-stream', 'remote-refused-stream'));
  assert.ok(!wantsReset('refused-stream', 'remote-reset'));
  assert.ok(wantsReset('reset-before-request', 'connection-termination', false));
  assert.ok(!wantsReset('reset-before-request', 'connection-termination', true));
  assert.ok(!wantsReset('retriable-4xx', 'remote-reset'));
});

test('retries are spent, and the circuit breaker is asked last', () => {
  const state = stateOf({ numRetries: 2 });
  assert.equal(
    state?.decide(false, () => true),
    'no',
  );
  assert.equal(
    state.decide(true, () => true),
    'retry',
  );
  assert.equal(
    state.decide(true, () => false),
    'overflow',
  );
  assert.equal(
    state.decide(true, () => assert.fail('asked')),
    'limit-exceeded',
  );
  assert.equal(
    stateOf({ numRetries: 0 })?.decide(true, () => true),
    'limit-exceeded',
  );
});

test('back-off has full jitter below a ceiling that doubles', () => {
  const rng = createSeededRng(11);
  const state: RetryState | undefined = stateOf({ numRetries: 10, backOffBaseMs: 25, backOffMaxMs: 250 });
  assert.ok(state !== undefined);
  for (const ceilingMs of [25, 50, 100, 200, 250, 250]) {
    state.decide(true, () => true);
    const waits: number[] = Array.from({ length: 2_000 }, () => state.backOffMs(rng.next()));
    assert.equal(Math.min(...waits), 0);
    assert.equal(Math.max(...waits), ceilingMs - 1);
  }
});

test('headers of a trusted client add to the policy and are taken out', () => {
  const headers = HeaderMap.of({
    'x-envoy-retry-on': 'retriable-status-codes, nonsense',
    'x-envoy-retriable-status-codes': '404',
    'x-envoy-max-retries': '3',
    'x-kept': '1',
  });
  const state = RetryState.create(undefined, headers);
  assert.deepEqual([...headers], [['x-kept', '1']]);
  assert.ok(state?.wantsRetryOfAnswer(new HeaderMap(), 404));
  for (let count = 0; count < 3; count++)
    assert.equal(
      state?.decide(true, () => true),
      'retry',
    );
  assert.equal(
    state?.decide(true, () => true),
    'limit-exceeded',
  );
  assert.equal(RetryState.create(undefined, HeaderMap.of({ 'x-envoy-max-retries': '3' })), undefined);
  assert.equal(stateOf({ retryOn: [] }), undefined);
});

test('requests can be kept from being retried', () => {
  const get = {
    name: ':method',
    test: { kind: 'string', matcher: { kind: 'exact', value: 'GET', ignoreCase: false } },
    invertMatch: false,
    treatMissingAsEmpty: false,
  } as const;
  assert.equal(stateOf({ retriableRequestHeaders: [get] }, { ':method': 'POST' }), undefined);
  assert.ok(stateOf({ retriableRequestHeaders: [get] }, { ':method': 'GET' }));
});

test('time-outs: headers over the route, per try below the whole, and what upstreams are told', () => {
  const route = { routeMs: 15_000, perTryMs: 0, perTryIdleMs: 0 };
  const headers = HeaderMap.of({
    'x-envoy-upstream-rq-timeout-ms': '100',
    'x-envoy-upstream-rq-per-try-timeout-ms': '20',
  });
  const timeouts = takeRequestTimeouts(headers, route);
  assert.deepEqual(timeouts, { routeMs: 100, perTryMs: 20, perTryIdleMs: 0 });
  assert.equal(headers.size, 0);
  const wish = HeaderMap.of({ 'x-envoy-upstream-rq-timeout-ms': '100' });
  assert.equal(takeRequestTimeouts(wish, { ...route, routeMs: 0, isRouteFixed: true }).routeMs, 0);
  assert.equal(wish.size, 0);
  assert.equal(takeRequestTimeouts(new HeaderMap(), { ...route, perTryMs: 15_000 }).perTryMs, 0);
  assert.equal(expectedTimeoutMs(timeouts, 0), 20);
  assert.equal(expectedTimeoutMs(timeouts, 95), 5);
  assert.equal(expectedTimeoutMs(timeouts, 200), 1);
  assert.equal(expectedTimeoutMs({ ...route, routeMs: 0 }, 0), undefined);
});

test('time-outs of calls: grpc-timeout up to the maximum, less an offset that leaves something', () => {
  const configured = { routeMs: 15_000, perTryMs: 0, perTryIdleMs: 0 };
  const of = (
    ofCalls: { maxMs: number; offsetMs: number } | undefined,
    grpcTimeout?: string,
    type = 'application/grpc',
  ) => {
    const headers = HeaderMap.of({ 'content-type': type });
    if (grpcTimeout !== undefined) headers.set('grpc-timeout', grpcTimeout);
    return takeRequestTimeouts(headers, ofCalls === undefined ? configured : { ...configured, ofCalls });
  };
  const limited = { maxMs: 10_000, offsetMs: 250 };
  assert.equal(of(limited, '5S').routeMs, 4_750);
  assert.equal(of(limited, '5S').isCall, true);
  assert.equal(of(limited, '250m').routeMs, 250);
  assert.equal(of(limited, '7H').routeMs, 10_000);
  assert.equal(of(limited, 'bad').routeMs, 10_000);
  assert.equal(of(limited).routeMs, 10_000);
  assert.equal(of({ maxMs: 0, offsetMs: 0 }, '7H').routeMs, 25_200_000);
  assert.equal(of({ maxMs: 0, offsetMs: 0 }).routeMs, 0);
  assert.equal(of(undefined, '5S').routeMs, 15_000);
  assert.deepEqual(of(limited, '5S', 'text/plain'), { ...configured, ofCalls: limited });
  const wish = HeaderMap.of({ 'content-type': 'application/grpc', 'x-envoy-upstream-rq-timeout-ms': '100' });
  assert.equal(takeRequestTimeouts(wish, { ...configured, ofCalls: limited }).routeMs, 100);
});
