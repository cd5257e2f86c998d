import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionCache, type KeptSession } from './session-cache.ts';

function build(text: string): KeptSession {
  return { session: Buffer.from(text), peer: undefined };
}

const textOf = (kept: KeptSession | undefined): string | undefined => kept?.session.toString();

test('the newest session of the same question is taken', () => {
  const cache = new SessionCache(4);
  cache.put('a', build('1'));
  cache.put('b', build('2'));
  cache.put('a', build('3'));
  assert.equal(textOf(cache.take('a')), '3');
  assert.equal(textOf(cache.take('a')), '3');
  assert.equal(textOf(cache.take('b')), '2');
  assert.equal(cache.take('c'), undefined);
});

test('only so many are kept, and the oldest goes first', () => {
  const cache = new SessionCache(2);
  for (const text of ['1', '2', '3']) cache.put(text, build(text));
  assert.equal(cache.size, 2);
  assert.equal(cache.take('1'), undefined);
  assert.equal(textOf(cache.take('2')), '2');
  const none = new SessionCache(0);
  none.put('a', build('1'));
  assert.equal(none.take('a'), undefined);
});
