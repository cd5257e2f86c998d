import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRouteRule } from '@heddle/shared/model/http-route';
import { instance, route, service } from '../harness/objects.ts';
import { modelOf } from './mesh-model.ts';
import { brokenPromise, movedPrefix } from './promises.ts';

const base = [service('cart'), instance('cart', 'cart-1', 9000, { version: 'v1' })];

function promiseUnder(rules: HttpRouteRule[], hostnames?: string[]): string | undefined {
  const plain = route('cart');
  const spec = { ...plain.spec, rules, ...(hostnames === undefined ? {} : { hostnames }) };
  return brokenPromise(modelOf([...base, { ...plain, spec }]), ['cart']);
}

const redirect = {
  filters: [{ type: 'RequestRedirect' as const, requestRedirect: { hostname: 'a.example' } }],
};

test('a service without a route is kept by its serving instances', () => {
  assert.equal(brokenPromise(modelOf(base), ['cart']), undefined);
  assert.equal(brokenPromise(modelOf([service('cart')]), ['cart']), 'cart: it has no serving instance');
  const away = instance('cart', 'cart-1', 9000, { health: 'draining' });
  assert.equal(brokenPromise(modelOf([service('cart'), away]), ['cart']), 'cart: it has no serving instance');
  assert.equal(brokenPromise(modelOf(base), ['cart', 'web']), 'web: there is no such service');
});

test('every rule of its route must lead to a serving instance', () => {
  assert.equal(promiseUnder([{ backendRefs: [{ name: 'cart', version: 'v1' }] }]), undefined);
  assert.equal(
    promiseUnder([{ backendRefs: [{ name: 'cart' }, { name: 'cart', version: 'v2' }] }]),
    'cart: nothing serves cart@v2',
  );
  const withoutWeight = [{ name: 'cart' }, { name: 'cart', version: 'v2', weight: 0 }];
  assert.equal(promiseUnder([{ backendRefs: withoutWeight }]), undefined);
});

test('a route must take everything, and must not redirect what the load sends', () => {
  const onlyShop = { matches: [{ path: { value: '/shop' } }], backendRefs: [{ name: 'cart' }] };
  const all = { backendRefs: [{ name: 'cart' }] };
  assert.equal(promiseUnder([onlyShop]), 'cart: its route does not take everything');
  assert.equal(promiseUnder([onlyShop, all]), undefined);
  const moved = { ...redirect, matches: [{ path: { type: 'PathPrefix' as const, value: movedPrefix } }] };
  assert.equal(promiseUnder([moved, all]), undefined);
  assert.equal(promiseUnder([redirect, all]), 'cart: a redirect takes requests of the load');
});

test('a route for other host names does not count', () => {
  const onlyShop = { matches: [{ path: { value: '/shop' } }], backendRefs: [{ name: 'cart' }] };
  assert.equal(promiseUnder([onlyShop], ['cart.example']), undefined);
});
