import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBenchArguments } from './bench-arguments.ts';
import type { Scenario } from './scenario.ts';

const scenario = (name: string): Scenario => ({
  name,
  summary: `about ${name}`,
  run: () => Promise.resolve([]),
});
const scenarios = [scenario('a'), scenario('b'), scenario('c')];

test('everything runs unless some are named, and those in their own order', () => {
  const all = parseBenchArguments([], scenarios);
  assert.ok(all.kind === 'run');
  assert.deepEqual(all.chosen, scenarios);
  const some = parseBenchArguments(
    ['--only', 'c,a', '--seconds', '2', '--rounds', '5', '--json', '--sources'],
    scenarios,
  );
  assert.ok(some.kind === 'run');
  assert.deepEqual(
    { ...some, chosen: some.chosen.map(({ name }) => name) },
    {
      kind: 'run',
      chosen: ['a', 'c'],
      seconds: 2,
      rounds: 5,
      isJson: true,
      isCompiled: false,
      profileFolder: undefined,
    },
  );
});

test('the first part of a name means all that begin with it', () => {
  const parsed = parseBenchArguments(['--only', 'a-b'], ['a-b-x', 'a', 'a-b', 'a-bc'].map(scenario));
  assert.ok(parsed.kind === 'run');
  assert.deepEqual(
    parsed.chosen.map(({ name }) => name),
    ['a-b-x', 'a-b'],
  );
});

test('all that is wrong is said at once', () => {
  const parsed = parseBenchArguments(['--only', 'a,x', '--seconds', '0', '--rounds', '1.5'], scenarios);
  assert.ok(parsed.kind === 'exit');
  assert.equal(parsed.code, 2);
  assert.match(parsed.text, /no scenario is called "x"[^]*--seconds[^]*--rounds/);
  const unknown = parseBenchArguments(['--fast'], scenarios);
  assert.ok(unknown.kind === 'exit');
  assert.match(unknown.text, /--fast[^]*usage/);
});

test('help lists the scenarios', () => {
  const parsed = parseBenchArguments(['--help'], scenarios);
  assert.ok(parsed.kind === 'exit');
  assert.equal(parsed.code, 0);
  assert.match(parsed.text, /b +about b/);
});
