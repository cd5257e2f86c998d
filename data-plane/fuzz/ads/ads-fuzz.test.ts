import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@heddle/shared/time/clock';
import { readFuzzSettings } from '../settings.ts';
import { fuzzAds } from './fuzz-ads.ts';
import { runAdsCase } from './run-case.ts';

const { seed, durationMs } = readFuzzSettings(systemClock.now());

test('whatever a server does, watchers end up with what it has, and it knows what is watched', async (t) => {
  const options = { seed: seed * 1_000_000, durationMs: durationMs / 2, clock: systemClock };
  const { played, violations } = await fuzzAds(options);
  t.diagnostic(`${played} cases from seed ${options.seed}`);
  assert.deepEqual(violations, []);
});

test('no answer goes over a stream that did not bring the response', async () => {
  await runAdsCase(3, 'sotw');
  await runAdsCase(3, 'delta');
});

test('the first answer of a watch has what is held, too', async () => {
  await runAdsCase(11, 'sotw');
  await runAdsCase(17, 'delta');
});

test('what was kept while nobody watched it is told to the next server', () => runAdsCase(374, 'delta'));

test('a response that the next stream has overtaken is dropped', () => runAdsCase(756, 'delta'));
