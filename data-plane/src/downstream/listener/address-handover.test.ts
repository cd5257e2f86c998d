import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findBlocked, type ChangingListener } from './address-handover.ts';

const address = (port: number | undefined) =>
  port === undefined ? undefined : { address: '127.0.0.1', port };

function changing(
  name: string,
  from: number | undefined,
  to: number | undefined,
  isReady = true,
): ChangingListener {
  return { name, bound: address(from), wanted: address(to), isReady };
}

const blocked = (...listeners: ChangingListener[]): string[] => [...findBlocked(listeners)].sort();

test('what is ready and in nobody’s way goes on', () => {
  assert.deepEqual(
    blocked(changing('new', undefined, 1), changing('gone', 2, undefined), changing('a', 3, 4)),
    [],
  );
  assert.deepEqual(blocked(changing('new', undefined, 1, false), changing('gone', 2, undefined)), ['new']);
});

test('a listener stays while the next owner of its address is not ready', () => {
  assert.deepEqual(blocked(changing('heir', undefined, 1, false), changing('gone', 1, undefined)), [
    'gone',
    'heir',
  ]);
  assert.deepEqual(blocked(changing('heir', undefined, 1, false), changing('mover', 1, 2)), [
    'heir',
    'mover',
  ]);
  assert.deepEqual(blocked(changing('heir', undefined, 1), changing('gone', 1, undefined)), []);
});

test('through any number of owners', () => {
  const chain = [changing('c', 1, undefined), changing('b', 2, 1), changing('a', 3, 2)];
  assert.deepEqual(blocked(...chain, changing('heir', undefined, 3, false)), ['a', 'b', 'c', 'heir']);
  assert.deepEqual(blocked(...chain, changing('heir', undefined, 3)), []);
});

test('an exchange waits for both', () => {
  assert.deepEqual(blocked(changing('a', 1, 2), changing('b', 2, 1)), []);
  assert.deepEqual(blocked(changing('a', 1, 2, false), changing('b', 2, 1)), ['a', 'b']);
});

test('a change in place, and any port, are in nobody’s way', () => {
  assert.deepEqual(blocked(changing('a', 1, 1), changing('b', undefined, 1, false)), ['b']);
  assert.deepEqual(blocked(changing('a', 5, undefined), changing('b', undefined, 0, false)), ['b']);
});
