import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalRange, ipBytesOf } from './ip-bytes.ts';

test('bytes of addresses; IPv4 within IPv6 is IPv4', () => {
  assert.deepEqual(ipBytesOf('10.1.2.3'), [10, 1, 2, 3]);
  assert.deepEqual(ipBytesOf('::ffff:10.1.2.3'), [10, 1, 2, 3]);
  assert.deepEqual(ipBytesOf('2001:db8::1'), [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  assert.equal(ipBytesOf('a.test'), undefined);
});

test('ranges that hold the same addresses have one text', () => {
  assert.equal(canonicalRange('10.1.2.3', 9), canonicalRange('10.0.0.0', 9));
  assert.notEqual(canonicalRange('10.1.2.3', 9), canonicalRange('10.128.0.0', 9));
  assert.equal(canonicalRange('2001:DB8::1', 64), canonicalRange('2001:db8:0::', 64));
});
