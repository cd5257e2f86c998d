import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRouteRule } from '@heddle/shared/model/http-route';
import { instance, route, service } from '../harness/objects.ts';
import { modelOf } from './mesh-model.ts';
import { brokenPromise, movedPrefix } from './promises.ts';
import type { Surroundings } from './surroundings.ts';

const keeping = (...keptServices: string[]): Surroundings => ({
  keptServices,
  extraServices: [],
  backendPorts: [],
  ownPorts: [],
});

const base = [service('cart'), instance('cart', 'cart-1', 9000, { version: 'v1' })];

function promiseUnder(rules: HttpRouteRule[], hostnames?: string[]): string | undefined {
  const plain = route('cart');
  const spec = { ...plain.spec, rules, ...(hostnames === undefined ? {} : { hostnames }) };
  return brokenPromise(modelOf([...base, { ...plain, spec }]), keeping('cart'));
}

const redirect = {
  filters: [{ type: 'RequestRedirect' as const, requestRedirect: { hostname: 'a.example' } }],
};

test('a service without a route is kept by its serving instances', () => {
  assert.equal(brokenPromise(modelOf(base), keeping('cart')), undefined);
  assert.equal(
    brokenPromise(modelOf([service('cart')]), keeping('cart')),
    'cart: it has no serving instance',
  );
  const away = instance('cart', 'cart-1', 9000, { health: 'draining' });
  assert.equal(
    brokenPromise(modelOf([service('cart'), away]), keeping('cart')),
    'cart: it has no serving instance',
  );
  assert.equal(brokenPromise(modelOf(base), keeping('cart', 'web')), 'web: there is no such service');
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

test('a port under load belongs to a kept service', () => {
  const surroundings = { ...keeping('cart', 'web'), ownPorts: [1, 2] };
  const withPort = (name: string, port: number) => ({ ...service(name), spec: { port } });
  const instances = [instance('cart', '1', 9000), instance('web', '1', 9001)];
  const promiseWith = (...services: ReturnType<typeof service>[]) =>
    brokenPromise(modelOf([...services, ...instances]), surroundings);
  assert.equal(promiseWith(withPort('cart', 1), withPort('web', 2)), undefined);
  assert.equal(promiseWith(withPort('cart', 1), withPort('web', 3)), 'nobody has port 2');
  assert.equal(promiseWith(withPort('cart', 1), service('web'), withPort('other', 2)), 'nobody has port 2');
});
