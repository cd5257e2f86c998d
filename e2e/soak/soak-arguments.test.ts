import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSoakArguments } from './soak-arguments.ts';

test('flags and what they are without them', () => {
  assert.deepEqual(parseSoakArguments([]), {
    kind: 'run',
    minutes: 10,
    seed: 1,
    sampleSeconds: 5,
    registry: undefined,
    breakage: undefined,
    isJson: false,
  });
  const flags = '--minutes 0.5 --seed 9 --sample-seconds 1 --registry embedded --break leak-timers --json';
  assert.deepEqual(parseSoakArguments(flags.split(' ')), {
    kind: 'run',
    minutes: 0.5,
    seed: 9,
    sampleSeconds: 1,
    registry: 'embedded',
    breakage: 'leak-timers',
    isJson: true,
  });
});

test('all that is wrong is told at once', () => {
  const parsed = parseSoakArguments(
    '--minutes x --seed=-1 --sample-seconds 0 --registry etcd --break it'.split(' '),
  );
  assert.ok(parsed.kind === 'exit' && parsed.code === 2);
  for (const flag of ['minutes', 'seed', 'sample-seconds', 'registry', 'break'])
    assert.match(parsed.text, new RegExp(`^--${flag}: `, 'm'));
  const unknown = parseSoakArguments(['--hours', '1']);
  assert.ok(unknown.kind === 'exit' && unknown.code === 2);
  const help = parseSoakArguments(['--help']);
  assert.ok(help.kind === 'exit' && help.code === 0 && help.text.startsWith('usage:'));
});
