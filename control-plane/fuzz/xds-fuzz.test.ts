import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@heddle/shared/time/clock';
import { fuzzStreams } from './fuzz-streams.ts';
import { runCase } from './run-case.ts';

const environment = process.env;
/** Half a minute in CI, the client has the other half,, or as long as HEDDLE_FUZZ_SECONDS says. */
const durationMs =
  Number(environment['HEDDLE_FUZZ_SECONDS'] ?? (environment['CI'] === 'true' ? 30 : 8)) * 1000;

test('whatever happens, clients end up with what they want, and nothing breaks on the way', (t) => {
  const seed = Math.floor(systemClock.now() / 86_400_000) * 10_000_000;
  const { played, violations } = fuzzStreams({ seed, durationMs, caseCount: Infinity, clock: systemClock });
  t.diagnostic(`${played} cases from seed ${seed}`);
  assert.deepEqual(violations, []);
});

test('a client that names clusters is not kept others that went while it was away', () =>
  runCase(2, 'sotw', 'free'));

test('what was asked for under the wildcard goes with it', () => {
  runCase(89, 'delta', 'free');
  runCase(116, 'sotw', 'free');
});

test('a resource that was on its way when it was given up is told to be gone later', () =>
  runCase(93, 'delta', 'free'));

test('a route waits for clusters that lost their stream while they waited for endpoints', () =>
  runCase(15, 'delta', 'envoy'));

test('a route waits for a cluster that went and came back while the client was away', () =>
  runCase(5_045_138, 'sotw', 'envoy'));
