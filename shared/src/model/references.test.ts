import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MeshObject } from './mesh-object.ts';
import { collectionOf, keyOf } from './object-key.ts';
import { parseMeshObject } from './parse-object.ts';
import { checkReferences, type MeshChange, type MeshView } from './references.ts';

const service = (name: string, port?: number): MeshObject =>
  parseMeshObject({ kind: 'Service', metadata: { name }, spec: port === undefined ? {} : { port } });
const instance = (name: string, serviceName: string): MeshObject =>
  parseMeshObject({
    kind: 'Instance',
    metadata: { name, service: serviceName },
    spec: { address: '::1', port: 1 },
  });
const policy = (name: string, target: string, spec: object = { timeouts: { idle: '1s' } }): MeshObject =>
  parseMeshObject({ kind: 'Policy', metadata: { name }, spec: { targetRef: { name: target }, ...spec } });
const route = (
  name: string,
  parents: string[],
  backend: string,
  matches: object[] = [],
  hostnames: string[] = [],
): MeshObject =>
  parseMeshObject({
    kind: 'HTTPRoute',
    metadata: { name },
    spec: {
      parentRefs: parents.map((parent) => ({ name: parent })),
      hostnames,
      rules: [{ matches, backendRefs: [{ name: backend }] }],
    },
  });

function viewOf(...objects: MeshObject[]): MeshView {
  const byKey = new Map(objects.map((object) => [keyOf(object), object]));
  return {
    get: (key) => byKey.get(key),
    list: (collection) => objects.filter((object) => collectionOf(keyOf(object)) === collection),
  };
}

const put = (object: MeshObject): MeshChange => ({ kind: 'put', object });
const remove = (key: string): MeshChange => ({ kind: 'delete', key });

function check(changes: MeshChange[], view: MeshView): string[] {
  return checkReferences(changes, view).map(
    ({ changeIndex, kind, path, message }) => `${changeIndex} ${kind} ${path}: ${message}`,
  );
}

describe('references between mesh objects', () => {
  it('finds every reference to a service that does not exist', () => {
    const changes = [put(route('r', ['a', 'b'], 'c')), put(instance('1', 'd')), put(policy('p', 'e'))];
    assert.deepEqual(check(changes, viewOf(service('a'))), [
      '0 missing /spec/parentRefs/1/name: there is no service "b"',
      '0 missing /spec/rules/0/backendRefs/0/name: there is no service "c"',
      '1 missing /metadata/service: there is no service "d"',
      '2 missing /spec/targetRef/name: there is no service "e"',
    ]);
  });

  it('looks at the mesh as it would be after all changes', () => {
    assert.deepEqual(check([put(instance('1', 'a')), put(service('a'))], viewOf()), []);
    assert.deepEqual(check([put(instance('1', 'a')), remove('service/a')], viewOf(service('a'))), [
      '0 missing /metadata/service: there is no service "a"',
      '1 conflict : Service "a" is still referred to by Instance "a/1"',
    ]);
    const view = viewOf(service('a'), instance('1', 'a'));
    assert.deepEqual(check([remove('service/a'), remove('instance/a/1')], view), []);
  });

  it('names everybody who refers to a service that is deleted', () => {
    const instances = Array.from({ length: 12 }, (_, index) => instance(`i${index}`, 'a'));
    const view = viewOf(
      service('a'),
      service('b'),
      route('parent', ['a'], 'b'),
      route('backend', ['b'], 'a'),
      policy('p', 'a'),
      ...instances,
    );
    assert.deepEqual(check([remove('service/a')], view), [
      '0 conflict : Service "a" is still referred to by HTTPRoute "parent", HTTPRoute "backend", Policy "p", ' +
        'Instance "a/i0", Instance "a/i1", Instance "a/i2", Instance "a/i3", Instance "a/i4", Instance "a/i5", Instance "a/i6" and 5 more',
    ]);
    assert.deepEqual(check([remove('route/parent')], view), []);
  });

  it('two routes that take the same requests of a host are a conflict, however their matches are written', () => {
    const explicit = [{ path: { type: 'PathPrefix', value: '/' } }];
    const view = viewOf(service('a'), service('b'), route('first', ['a'], 'b'));
    const conflict = (host: string) =>
      `0 conflict /spec/rules/0: HTTPRoute "first" already takes the same requests for host "${host}"`;
    assert.deepEqual(check([put(route('second', ['a'], 'b', explicit))], view), [conflict('a')]);
    assert.deepEqual(check([put(route('second', ['b'], 'b', [{}], ['x', 'a']))], view), [conflict('a')]);
    assert.deepEqual(check([put(route('second', ['a'], 'b', [{ path: { value: '/x' } }]))], view), []);
    assert.deepEqual(check([put(route('second', ['b'], 'b'))], view), []);
    assert.deepEqual(
      check([put(route('second', ['a'], 'b', [], ['a.example']))], view),
      [],
      'host names replace the own name',
    );
    assert.deepEqual(check([put(route('first', ['a'], 'a'))], view), [], 'a route is no conflict of itself');
    assert.deepEqual(check([remove('route/first'), put(route('second', ['a'], 'b'))], view), []);

    const first = [
      {
        path: { value: '/x/' },
        headers: [
          { name: 'A', value: '1' },
          { name: 'b', value: '2' },
        ],
      },
    ];
    const second = [
      {
        headers: [
          { name: 'B', value: '2' },
          { type: 'Exact', name: 'a', value: '1' },
        ],
        path: { value: '/x' },
      },
    ];
    const others = viewOf(service('a'), route('first', ['a'], 'a', first));
    assert.deepEqual(check([put(route('second', ['a'], 'a', second))], others), [conflict('a')]);
    assert.equal(
      check([put(route('x', ['a'], 'a')), put(route('y', ['a'], 'a'))], viewOf(service('a'))).length,
      2,
    );
  });

  it('two policies that set the same part, and two services on one port, are a conflict', () => {
    const view = viewOf(service('a', 7001), service('b'), policy('first', 'a'));
    assert.deepEqual(check([put(policy('second', 'a'))], view), [
      '0 conflict /spec/timeouts: Policy "first" sets timeouts of the same service',
    ]);
    assert.deepEqual(check([put(policy('second', 'b'))], view), []);
    assert.deepEqual(check([put(policy('second', 'a', { loadBalancer: { policy: 'random' } }))], view), []);
    assert.deepEqual(check([put(service('b', 7001))], view), [
      '0 conflict /spec/port: Service "a" has port 7001',
    ]);
    assert.deepEqual(check([put(service('a', 7001)), put(service('b', 7002))], view), []);
  });

  it('a route of requests and a service of bytes are a conflict, whichever comes second', () => {
    const bytes = parseMeshObject({ kind: 'Service', metadata: { name: 'a' }, spec: { protocol: 'tcp' } });
    assert.deepEqual(check([put(route('r', ['b'], 'a'))], viewOf(bytes, service('b'))), [
      '0 conflict /spec/rules/0/backendRefs/0/name: service "a" speaks tcp, which has no requests to route',
    ]);
    assert.deepEqual(check([put(bytes)], viewOf(service('a'), service('b'), route('r', ['a'], 'b'))), [
      '0 conflict /spec/protocol: tcp has no requests to route, as HTTPRoute "r" would',
    ]);
    assert.deepEqual(check([put(bytes)], viewOf(service('a'), service('b'), route('r', ['b'], 'b'))), []);
  });
});
