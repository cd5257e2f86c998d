import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { keyOf } from '@heddle/shared/model/object-key';
import type { Change } from '../registry/registry.ts';
import { applyChanges, buildMesh } from './mesh-state.ts';

const web: MeshObject = { kind: 'Service', metadata: { name: 'web' } };
const cart: MeshObject = { kind: 'Service', metadata: { name: 'cart' } };

function instance(service: string, name: string, port = 80): MeshObject {
  return { kind: 'Instance', metadata: { name, service }, spec: { address: '10.0.0.1', port } };
}

function policy(name: string, target: string): MeshObject {
  return {
    kind: 'Policy',
    metadata: { name },
    spec: { targetRef: { name: target }, loadBalancer: { policy: 'random' } },
  };
}

function puts(...objects: MeshObject[]): Change[] {
  return objects.map((value) => {
    const key = keyOf(value);
    return { kind: 'put', key, object: { key, value, createRevision: 1, modifyRevision: 1 } };
  });
}

function deletes(...objects: MeshObject[]): Change[] {
  return objects.map((object) => ({ kind: 'delete', key: keyOf(object), reason: 'deleted' }));
}

test('changes one by one give the mesh that reading everything gives', () => {
  const objects = [
    web,
    cart,
    instance('web', 'a'),
    instance('cart', 'b'),
    policy('p2', 'web'),
    policy('p1', 'web'),
  ];
  const gone = [instance('web', 'z'), policy('p3', 'cart')];
  const changed = applyChanges(buildMesh([]), [...puts(...gone, ...objects), ...deletes(...gone)]);
  assert.deepEqual(changed, buildMesh(objects));
});

test('a policy that moves to another service leaves the old one', () => {
  const mesh = applyChanges(buildMesh([policy('p', 'web')]), puts(policy('p', 'cart')));
  assert.deepEqual([...mesh.policies], [['cart', [policy('p', 'cart')]]]);
});

test('what did not change stays the same value', () => {
  const before = buildMesh([web, cart, instance('web', 'a'), instance('cart', 'b')]);
  const after = applyChanges(before, puts(instance('cart', 'c')));
  assert.equal(after.services, before.services);
  assert.equal(after.routes, before.routes);
  assert.equal(after.policies, before.policies);
  assert.equal(after.instances.get('web'), before.instances.get('web'));
  assert.equal(after.instances.get('cart')?.size, 2);
  assert.equal(before.instances.get('cart')?.size, 1);
});
