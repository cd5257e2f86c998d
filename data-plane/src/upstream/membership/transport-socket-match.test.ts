import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchTransportSocket } from './transport-socket-match.ts';

test('the first match counts whose values are all in the metadata of the endpoint, or in that of its locality', () => {
  const matches = [
    { name: 'two', match: { tls: true, zone: 'a' } },
    { name: 'one', match: { tls: true } },
    { name: 'nested', match: { list: [1, { a: 'b' }] } },
  ];
  const all = [...matches, { name: 'rest', match: {} }];
  assert.equal(matchTransportSocket(matches, []), -1);
  assert.equal(matchTransportSocket(all, []), 3);
  assert.equal(matchTransportSocket(matches, [{ tls: true }]), 1);
  assert.equal(matchTransportSocket(matches, [{ tls: true, zone: 'a', more: 1 }]), 0);
  // The values of both are not put together.
  assert.equal(matchTransportSocket(matches, [{ tls: true }, { zone: 'a' }]), 1);
  assert.equal(matchTransportSocket(matches, [{}, { tls: true, zone: 'a' }]), 0);
  assert.equal(matchTransportSocket(matches, [{ tls: 'true' }]), -1);
  assert.equal(matchTransportSocket(matches, [{ list: [1, { a: 'b' }] }]), 2);
  assert.equal(matchTransportSocket([], [{ tls: true }]), -1);
});
