import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap } from '../codec/header-map.ts';
import { scopeKeyText, type ScopeKeyFragment } from '../config/model/scoped-routes.ts';
import type { RouteSelector } from '../downstream/http/route-selector.ts';
import { ScopedRouteSelector } from './scoped-routes.ts';

/** The key of the table that a request gets; undefined: it has no scope. */
function choose(
  keyBuilder: readonly ScopeKeyFragment[],
  keys: readonly (readonly string[])[],
  headers: readonly (readonly [string, string])[],
): string | undefined {
  const texts = keys.map((fragments) => scopeKeyText(fragments));
  const selector = new ScopedRouteSelector(
    { keyBuilder, tableKeys: Object.fromEntries(texts.map((text) => [text, `table ${text}`])) },
    (key) => ({
      current: {
        internalOnlyHeaders: () => [key],
        select: () => undefined,
      } satisfies RouteSelector,
    }),
  );
  const map = new HeaderMap();
  for (const [name, value] of headers) map.add(name, value);
  const [chosen] = selector.internalOnlyHeaders(map);
  return chosen;
}

const whole: ScopeKeyFragment = { header: 'x-a', elementSeparator: '', pick: { kind: 'index', index: 0 } };
const second: ScopeKeyFragment = { header: 'x-a', elementSeparator: ';', pick: { kind: 'index', index: 1 } };
const tenant: ScopeKeyFragment = {
  header: 'x-a',
  elementSeparator: ';',
  pick: { kind: 'element', separator: '=', key: 'tenant' },
};

test('a whole value, the first of two headers, none', () => {
  assert.equal(choose([whole], [['1']], [['x-a', '1']]), 'table 1');
  assert.equal(choose([whole], [['1;2']], [['x-a', '1;2']]), 'table 1;2');
  assert.equal(
    choose(
      [whole],
      [['1'], ['2']],
      [
        ['x-a', '2'],
        ['x-a', '1'],
      ],
    ),
    'table 2',
  );
  assert.equal(choose([whole], [['1']], [['x-a', '2']]), undefined);
  assert.equal(choose([whole], [['']], []), undefined);
});

test('an element by its place, by its key', () => {
  assert.equal(choose([second], [['b']], [['x-a', 'a;b;c']]), 'table b');
  assert.equal(choose([second], [['']], [['x-a', 'a;']]), 'table ');
  assert.equal(choose([second], [['']], [['x-a', 'a']]), undefined);
  assert.equal(choose([tenant], [['t=1']], [['x-a', 'v=1;tenant=t=1;tenant=u']]), 'table t=1');
  assert.equal(choose([tenant], [['']], [['x-a', 'tenant']]), 'table ');
  assert.equal(choose([tenant], [['1']], [['x-a', 'tenants=1']]), undefined);
});

test('several fragments must all be there', () => {
  const both = [whole, { ...whole, header: 'x-b' }];
  const headers = [
    ['x-a', '1'],
    ['x-b', '2'],
  ] as const;
  assert.equal(choose(both, [['1', '2']], headers), `table ${scopeKeyText(['1', '2'])}`);
  assert.equal(choose(both, [['1', '2']], headers.slice(0, 1)), undefined);
});
