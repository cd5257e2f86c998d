import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { SnapshotBuilder } from './build-snapshot.ts';
import { buildMesh } from './mesh-state.ts';
import { SnapshotCache } from './snapshot-cache.ts';
import type { Snapshot, SnapshotChange } from './snapshot.ts';

const api = loadApi();

function service(name: string): MeshObject {
  return { kind: 'Service', metadata: { name } };
}

function instance(serviceName: string, name: string, port: number): MeshObject {
  return { kind: 'Instance', metadata: { name, service: serviceName }, spec: { address: '10.0.0.1', port } };
}

function route(name: string, parent: string, backend: string): MeshObject {
  return {
    kind: 'HTTPRoute',
    metadata: { name },
    spec: { parentRefs: [{ name: parent }], rules: [{ backendRefs: [{ name: backend }] }] },
  };
}

const world = [service('web'), service('cart'), instance('web', 'web-1', 80), instance('cart', 'cart-1', 80)];

function createCache(check: () => readonly string[] = () => []) {
  let built = 0;
  const clock = createFakeClock();
  const cache = new SnapshotCache(
    new SnapshotBuilder(api, () => {
      built += 1;
      return check();
    }),
    clock,
    createSilentLogger(),
  );
  return { cache, clock, builtCount: () => built };
}

function showChange(change: SnapshotChange): string {
  return [...change]
    .map(
      ([typeUrl, names]) => `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)}: ${[...names].sort().join(' ')}`,
    )
    .sort()
    .join('; ');
}

test('before the first publication there is no snapshot, then everybody is told', () => {
  const { cache } = createCache();
  const told: Snapshot[] = [];
  const watch = cache.watch({ id: 'n' }, (snapshot) => told.push(snapshot));
  assert.equal(watch.current(), undefined);
  assert.equal(cache.status.isReady, false);
  cache.publish(buildMesh([]), 1);
  assert.equal(told.length, 1);
  assert.equal(watch.current(), told[0]);
  assert.equal(cache.status.isReady, true);
});

test('one endpoint change builds one resource and tells one name', () => {
  const { cache, builtCount } = createCache();
  cache.publish(buildMesh(world), 1);
  const changes: string[] = [];
  for (const id of ['a', 'b']) cache.watch({ id }, (_snapshot, change) => changes.push(showChange(change)));
  const mesh = buildMesh(world);
  cache.publish(mesh, 1);
  const before = builtCount();
  const instances = new Map([...mesh.instances, ...buildMesh([instance('cart', 'c', 81)]).instances]);
  cache.publish({ ...mesh, instances }, 2);
  assert.equal(builtCount() - before, 1);
  assert.deepEqual(changes, ['ClusterLoadAssignment: cart', 'ClusterLoadAssignment: cart']);
});

test('equal content causes no push and keeps its versions, in whatever order the objects came', () => {
  const { cache } = createCache();
  cache.publish(buildMesh(world), 1);
  const watch = cache.watch({ id: 'n' }, () => assert.fail('nothing changed'));
  const before = watch.current();
  cache.publish(buildMesh([...world].reverse()), 1);
  assert.equal(watch.current(), before);
  const other = createCache().cache;
  other.publish(buildMesh([...world].reverse()), 1);
  const twin = other.watch({ id: 'n' }, () => undefined).current();
  for (const typeUrl of Object.values(typeUrls))
    assert.equal(twin?.version(typeUrl), before?.version(typeUrl));
});

test('a node gets the services that it declares, and what their routes need', () => {
  const { cache } = createCache();
  cache.publish(buildMesh([...world, service('ledger'), route('r', 'web', 'cart')]), 1);
  const clustersOf = (upstreams?: string[]): string[] => {
    const metadata = { heddle: upstreams === undefined ? {} : { upstreams } };
    return [
      ...(cache
        .watch({ id: 'n', metadata }, () => undefined)
        .current()
        ?.names(typeUrls.cluster) ?? []),
    ].sort();
  };
  assert.deepEqual(clustersOf(), ['cart', 'ledger', 'web']);
  assert.deepEqual(clustersOf(['cart']), ['cart']);
  assert.deepEqual(clustersOf(['web']), ['cart', 'web']);
  assert.deepEqual(clustersOf(['later']), []);
});

test('resources are one object for all nodes that have them', () => {
  const { cache } = createCache();
  cache.publish(buildMesh(world), 1);
  const get = (upstreams: string[]) =>
    cache
      .watch({ id: 'n', metadata: { heddle: { upstreams } } }, () => undefined)
      .current()
      ?.get(typeUrls.clusterLoadAssignment, 'web');
  assert.equal(get(['web']), get(['web', 'cart']));
});

test('a candidate with a dangling reference is dropped, and the last good one serves', () => {
  const { cache } = createCache();
  cache.publish(buildMesh(world), 1);
  const watch = cache.watch({ id: 'n' }, () => assert.fail('the candidate must not be served'));
  const before = watch.current();
  cache.publish(buildMesh([...world, route('r', 'web', 'nowhere')]), 1);
  assert.equal(watch.current(), before);
  assert.equal(cache.status.rejectedCount, 1);
});

test('a resource that breaks the rules of the API is not served', () => {
  let problems: string[] = [];
  const { cache } = createCache(() => problems);
  cache.publish(buildMesh(world), 1);
  const watch = cache.watch({ id: 'n' }, () => assert.fail('the candidate must not be served'));
  const before = watch.current();
  problems = ['name: must not be empty'];
  cache.publish(buildMesh([...world, service('other')]), 1);
  assert.equal(watch.current(), before);
});

test('the inbound part follows the node and its instance; others do not hear of it', () => {
  const { cache } = createCache();
  cache.publish(buildMesh([service('cart')]), 1);
  const metadata = { heddle: { service: 'cart', upstreams: [] } };
  const changes: string[] = [];
  const watch = cache.watch({ id: 'cart-1', metadata }, (_snapshot, change) =>
    changes.push(showChange(change)),
  );
  cache.watch({ id: 'x', metadata: { heddle: { upstreams: [] } } }, () =>
    assert.fail('nothing of this is for x'),
  );
  assert.deepEqual([...(watch.current()?.names(typeUrls.listener) ?? [])], ['outbound']);
  cache.publish(buildMesh([service('cart'), instance('cart', 'cart-1', 8080)]), 1);
  assert.deepEqual(changes, ['Cluster: inbound|8080; Listener: inbound; RouteConfiguration: inbound']);
});

test('unclear metadata is refused with every problem', () => {
  const { cache } = createCache();
  const metadata = { heddle: { upstream: ['a'], outboundPort: 0 } };
  assert.throws(
    () => cache.watch({ id: 'n', metadata }, () => undefined),
    /node\.metadata\.heddle\.upstream: .*upstreams.*node\.metadata\.heddle\.outboundPort|outboundPort.*upstream/s,
  );
});

test('a closed watch hears nothing', () => {
  const { cache } = createCache();
  cache.publish(buildMesh([]), 1);
  const watch = cache.watch({ id: 'n' }, () => assert.fail('closed'));
  watch.close();
  watch.close();
  cache.publish(buildMesh(world), 1);
});

test('a cluster that went is remembered for a while, also when no node was there to see it', () => {
  const { cache, clock } = createCache();
  cache.publish(buildMesh(world), 1);
  const first = cache.watch({ id: 'n' }, () => undefined);
  assert.deepEqual(first.retiredClusters(), []);
  first.close();
  cache.publish(buildMesh([service('web'), instance('web', 'web-1', 80)]), 2);
  const second = cache.watch({ id: 'n' }, () => undefined);
  const names = (): string[] => second.retiredClusters().map(({ name }) => name);
  assert.deepEqual(names(), ['cart']);
  assert.equal(second.current()?.get(typeUrls.cluster, 'cart'), undefined);
  cache.publish(buildMesh(world), 3);
  assert.deepEqual(names(), [], 'it is back');
  cache.publish(buildMesh([service('web'), instance('web', 'web-1', 80)]), 4);
  assert.deepEqual(names(), ['cart']);
  clock.advance(10 * 60_000 + 1);
  assert.deepEqual(names(), []);
});

test('a node hears of the first write to a registry, whether it is changed by it or not', () => {
  const { cache } = createCache();
  let toldCount = 0;
  cache.publish(buildMesh([]), 0);
  const metadata = { heddle: { upstreams: ['web'] } };
  const watch = cache.watch({ id: 'n', metadata }, () => (toldCount += 1));
  assert.equal(watch.isUnwritten(), true);
  cache.publish(buildMesh([service('other')]), 1);
  assert.deepEqual([watch.isUnwritten(), toldCount], [false, 1]);
  cache.publish(buildMesh([service('another')]), 2);
  assert.equal(toldCount, 1);
});
