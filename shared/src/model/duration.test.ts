import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationMs, parseDurationMs } from './duration.ts';

test('durations of the Gateway API become milliseconds', () => {
  const cases = {
    '10s': 10_000,
    '1m30s': 90_000,
    '100ms': 100,
    '1h': 3_600_000,
    '0s': 0,
    '1s500ms': 1_500,
    '99999h': 359_996_400_000,
  };
  for (const [text, expectedMs] of Object.entries(cases))
    assert.equal(parseDurationMs(text), expectedMs, text);
});

test('anything else is not a duration', () => {
  for (const text of [
    '',
    '10',
    's',
    '1.5s',
    '-1s',
    ' 1s',
    '1 s',
    '1d',
    '100000s',
    '1h1m1s1ms1s',
    '1S',
    '10s\n',
  ]) {
    assert.equal(parseDurationMs(text), undefined, JSON.stringify(text));
    assert.throws(() => durationMs(text), RangeError);
  }
});
