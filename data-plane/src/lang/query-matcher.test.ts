import { test } from 'node:test';
import assert from 'node:assert/strict';
import { findDecodedParameter, findQueryParameter } from './query-matcher.ts';

test('parameters are found as they were sent, the first one wins', () => {
  const rows: [path: string, name: string, value: string | undefined][] = [
    ['/a', 'p', undefined],
    ['/a?p', 'p', ''],
    ['/a?p=', 'p', ''],
    ['/a?p=1&p=2', 'p', '1'],
    ['/a?pp=1&p=2', 'p', '2'],
    ['/a?q=p=3', 'p', undefined],
    ['/a?q=1;p=2', 'p', undefined],
    ['/a?p=a%20b', 'p', 'a%20b'],
    ['/a?%70=1', 'p', undefined],
    ['/a?p=x?y', 'p', 'x?y'],
    ['/a?&&p=1', 'p', '1'],
  ];
  for (const [path, name, value] of rows) assert.equal(findQueryParameter(path, name), value, path);
});

test('logs show parameters decoded', () => {
  assert.equal(findDecodedParameter('/a?%61=%20b', 'a'), ' b');
  assert.equal(findDecodedParameter('/a?b&a', 'a'), '');
  assert.equal(findDecodedParameter('/a', 'a'), undefined);
});
