import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instance, service } from '../harness/objects.ts';
import { modelOf } from './mesh-model.ts';
import { differences } from './registry-content.ts';

test('equal contents have no differences, in whatever order fields were written', () => {
  const cart = instance('cart', 'cart-1', 9000, { weight: 2, version: 'v1' });
  const other = instance('cart', 'cart-1', 9000, { version: 'v1', weight: 2 });
  assert.deepEqual(differences(modelOf([service('cart'), cart]), modelOf([other, service('cart')])), []);
});

test('what is missing, what is too much, and what is another', () => {
  const expected = modelOf([service('a'), instance('a', '1', 9000)]);
  const actual = modelOf([instance('a', '1', 9001), service('b')]);
  assert.deepEqual(
    differences(expected, actual).map((line) => line.replaceAll(/\{.*?\}{2,}/g, 'X')),
    [
      'instance/a/1: expected X, found X',
      'service/a: expected {"kind":"Service","metadata":{"name":"a"}}, found nothing'.replaceAll(
        /\{.*?\}{2,}/g,
        'X',
      ),
      'service/b: expected nothing, found X',
    ],
  );
});
