import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findAddressConflicts, type NamedAddress } from './address-conflicts.ts';

const at = (listeners: Readonly<Record<string, number>>): NamedAddress[] =>
  Object.entries(listeners).map(([name, port]) => ({ name, address: { address: '127.0.0.1', port } }));

function conflicts(current: Readonly<Record<string, number>>, wanted: Readonly<Record<string, number>>) {
  return Object.fromEntries(findAddressConflicts(at(current), at(wanted)));
}

test('an address that another listener has or gets is a conflict', () => {
  assert.deepEqual(conflicts({ a: 1 }, { b: 1 }), { b: 'a' });
  assert.deepEqual(conflicts({}, { a: 1, b: 1 }), { b: 'a' });
  assert.deepEqual(conflicts({ a: 1, b: 2 }, { b: 2 }), {});
  assert.deepEqual(conflicts({ a: 1 }, { a: 2, b: 1 }), {}, 'it leaves in the same update');
});

test('two that exchange their addresses are none, nor is a round of three', () => {
  assert.deepEqual(conflicts({ a: 1, b: 2 }, { a: 2, b: 1 }), {});
  assert.deepEqual(conflicts({ a: 1, b: 2, c: 3 }, { a: 2, b: 3, c: 1 }), {});
});

test('one that is refused keeps its address, which refuses others', () => {
  assert.deepEqual(conflicts({ a: 1, b: 2, c: 3 }, { a: 2, b: 3 }), { b: 'c', a: 'b' });
});

test('any port is free, and addresses are told apart by both parts', () => {
  assert.deepEqual(conflicts({ a: 0 }, { b: 0 }), {});
  const other = [{ name: 'b', address: { address: '127.0.0.2', port: 1 } }];
  assert.equal(findAddressConflicts(at({ a: 1 }), other).size, 0);
});
