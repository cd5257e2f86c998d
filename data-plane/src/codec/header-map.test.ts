import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap } from './header-map.ts';

test('fields keep their order, and one sent twice is two entries', () => {
  const headers = HeaderMap.of({ ':path': '/', a: '1' });
  headers.add('b', '2');
  headers.add('a', '3');
  assert.deepEqual(
    [...headers],
    [
      [':path', '/'],
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ],
  );
  assert.equal(headers.get('a'), '1');
  assert.deepEqual(headers.getAll('a'), ['1', '3']);
  assert.equal(headers.get('c'), undefined);
});

test('set replaces the first field and removes its others', () => {
  const headers = HeaderMap.of({ a: '1', b: '2' });
  headers.add('a', '3');
  headers.set('a', '4');
  headers.set('c', '5');
  assert.deepEqual(
    [...headers],
    [
      ['a', '4'],
      ['b', '2'],
      ['c', '5'],
    ],
  );
});

test('remove takes every field of the name, clone is independent', () => {
  const headers = HeaderMap.of({ a: '1', b: '2' });
  headers.add('a', '3');
  const copy = headers.clone();
  assert.equal(headers.remove('a'), true);
  assert.equal(headers.remove('a'), false);
  assert.equal(headers.size, 1);
  assert.equal(copy.size, 3);
});

test('RFC 9110 5.5: a value that would end its line or is not latin1 cannot be put in', () => {
  const headers = HeaderMap.of({ a: '1' });
  for (const value of ['a\r\nb: c', 'a\nb', 'a\0', 'a\u{10a}b', '\u{7f}']) {
    assert.throws(() => headers.add('x', value), /control character/);
    assert.throws(() => headers.set('a', value), /control character/);
    assert.throws(() => headers.setValueAt(0, value), /control character/);
  }
  headers.set('a', 'tab\tand \u{e9}');
  assert.equal(headers.size, 1);
});
