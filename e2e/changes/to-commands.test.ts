import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { instance, service } from '../harness/objects.ts';
import { toCommands } from './to-commands.ts';

test('a run is printed as commands that a shell takes', () => {
  const changed = instance('cart', 'cart-1', 9000, { metadata: { note: "it's" } });
  const text = toCommands(
    [service('cart')],
    [
      {
        index: 3,
        kind: 'instance-metadata',
        summary: 'a note',
        steps: [
          { kind: 'put', object: changed },
          { kind: 'renew', key: 'instance/cart/cart-1' },
          { kind: 'delete', key: 'instance/cart/cart-1' },
          { kind: 'apply', objects: [service('a'), service('b')] },
        ],
      },
    ],
  );
  // Functions in place of the programs print what they were given, one argument a line.
  const script = `heddle() { cat; echo; }; curl() { printf '%s\\n' "$@"; }; HEDDLE_SERVER=http://h\n${text}`;
  assert.deepEqual(execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim().split('\n'), [
    JSON.stringify(service('cart')),
    ...['-sS', '--fail-with-body', '-X', 'PUT', 'http://h/v1/services/cart/instances/cart-1'],
    ...['-H', 'content-type: application/json', '-d', JSON.stringify(changed)],
    ...['-sS', '--fail-with-body', '-X', 'POST', 'http://h/v1/services/cart/instances/cart-1/renew'],
    ...['-sS', '--fail-with-body', '-X', 'DELETE', 'http://h/v1/services/cart/instances/cart-1'],
    ...['-sS', '--fail-with-body', '-X', 'POST', 'http://h/v1/apply'],
    ...['-H', 'content-type: application/yaml', '-d'],
    ...[JSON.stringify(service('a')), '---', JSON.stringify(service('b'))],
  ]);
  assert.match(text, /^# 3 instance-metadata: a note$/m);
});
