import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRoute } from '@heddle/shared/model/http-route';
import type { Instance, InstanceHealth } from '@heddle/shared/model/instance';
import { emptyMesh, type Mesh } from './mesh.ts';
import { emptyBackendsOf, weightsOfSplit } from './split-fallback.ts';

const instance = (version: string, health?: InstanceHealth): Instance => ({
  kind: 'Instance',
  metadata: { name: version, service: 'cart' },
  spec: { address: '10.0.0.1', port: 80, version, ...(health === undefined ? {} : { health }) },
});
const split = (v1: number, v2: number) => [
  { name: 'cart', version: 'v1', weight: v1 },
  { name: 'cart', version: 'v2', weight: v2 },
];
const meshOf = (...instances: readonly Instance[]): Mesh => ({
  ...emptyMesh,
  instances: new Map([['cart', new Map(instances.map((each) => [each.metadata.name, each]))]]),
});
const weights = (v1: number, v2: number, ...instances: readonly Instance[]): readonly number[] =>
  weightsOfSplit(meshOf(...instances), split(v1, v2));

test('a canary without a serving instance falls back to the rest of the split', () => {
  assert.deepEqual(weights(90, 10, instance('v1'), instance('v2')), [90, 10]);
  assert.deepEqual(weights(90, 10, instance('v1')), [90, 0]);
  for (const health of ['unhealthy', 'draining', 'timeout'] as const)
    assert.deepEqual(weights(90, 10, instance('v1'), instance('v2', health)), [90, 0], health);
  assert.deepEqual(weights(90, 10, instance('v1'), instance('v2', 'degraded')), [90, 10]);
});

test('a share that nobody else was given is not given to others', () => {
  assert.deepEqual(weights(0, 100, instance('v1')), [0, 100]);
  assert.deepEqual(weights(90, 10), [90, 10]);
});

test('what splits leave out is known by name, whatever else happens to instances', () => {
  const route: HttpRoute = {
    kind: 'HTTPRoute',
    metadata: { name: 'cart' },
    spec: { parentRefs: [{ name: 'cart' }], rules: [{ backendRefs: split(90, 10) }] },
  };
  const emptyOf = (...instances: readonly Instance[]): string =>
    emptyBackendsOf({ ...meshOf(...instances), routes: new Map([['cart', route]]) });
  assert.equal(emptyOf(instance('v1'), instance('v2')), '');
  assert.equal(emptyOf(instance('v1')), 'cart|version=v2');
  assert.equal(emptyOf(), 'cart|version=v1,cart|version=v2');
});
