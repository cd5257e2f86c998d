import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeltaDiscoveryResponse } from '@heddle/shared/xds/api';
import { deltaAckOf, nodeNamed, refusal, type DeltaClient } from './ads-client.ts';
import { CDS, EDS, LDS, RDS, show, withXds } from './xds-harness.ts';

const node = nodeNamed('n1');

/** `name=content …`, then ` - ` and the removed names. */
function showAll(response: DeltaDiscoveryResponse): string {
  const resources = show(response.resources.flatMap((resource) => resource.resource ?? []));
  const removed = [...response.removedResources].sort().join(' ');
  return removed === '' ? resources : `${resources} - ${removed}`.trim();
}

/** Whatever the server had to say before has arrived when this resolves. */
async function roundTrip(client: DeltaClient): Promise<void> {
  client.send({ node, typeUrl: 'probe', resourceNamesSubscribe: [`p${client.responses.length}`] });
  client.send(deltaAckOf(await client.next('probe')));
}

test('a wildcard gets everything, then only what changed', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ clusters: { a: '1', b: '1' } });
    const client = delta();
    client.send({ node, typeUrl: CDS });
    const first = await client.next(CDS);
    assert.equal(showAll(first), 'a=1 b=1');
    client.send(deltaAckOf(first));
    snapshots.set({ clusters: { b: '2', c: '1' } });
    const second = await client.next(CDS);
    assert.equal(showAll(second), 'b=2 c=1');
    client.send(deltaAckOf(second));
    assert.equal(showAll(await client.next(CDS)), '- a');
    for (const { name, version, resource } of second.resources) {
      assert.match(version, /^[0-9a-f]{16}$/, name);
      assert.equal(resource?.typeUrl, CDS);
    }
  });
});

test('an empty world is answered, so that no client waits for its time-out', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({});
    const client = delta();
    client.send({ node, typeUrl: CDS });
    client.send({ typeUrl: LDS, resourceNamesSubscribe: ['*'] });
    assert.equal(showAll(await client.next(CDS)), '');
    assert.equal(showAll(await client.next(LDS)), '');
  });
});

test('an unknown name is reported as removed at once and sent when it appears', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({});
    const client = delta();
    client.send({ node, typeUrl: EDS, resourceNamesSubscribe: ['a'] });
    const first = await client.next(EDS);
    assert.equal(showAll(first), '- a');
    client.send(deltaAckOf(first));
    snapshots.set({ endpoints: { a: 'x', other: 'x' } });
    assert.equal(showAll(await client.next(EDS)), 'a=x');
  });
});

test('every name that is subscribed is answered, a known one too; superfluous removals are ignored', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ endpoints: { a: 'x' } });
    const client = delta();
    for (const unsubscribe of [[], ['nobody']]) {
      client.send({
        node,
        typeUrl: EDS,
        resourceNamesSubscribe: ['a'],
        resourceNamesUnsubscribe: unsubscribe,
      });
      const response = await client.next(EDS);
      assert.equal(showAll(response), 'a=x');
      client.send(deltaAckOf(response));
    }
    client.send({ typeUrl: EDS, resourceNamesUnsubscribe: ['a', 'nobody'] });
    await roundTrip(client);
    snapshots.set({ endpoints: { a: 'y' } });
    await roundTrip(client);
    assert.equal(client.hasNext(EDS), false);
  });
});

test('a client that comes back is told what changed and what is gone, and nothing else', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({
      clusters: { kept: '1', changed: '1', gone: '1' },
      listeners: { l: 'r' },
      routes: { r: [] },
    });
    const before = delta();
    before.send({ node, typeUrl: CDS });
    const { resources } = await before.next(CDS);
    const initialResourceVersions = Object.fromEntries(resources.map(({ name, version }) => [name, version]));
    before[Symbol.dispose]();

    snapshots.set({ clusters: { kept: '1', changed: '2' }, listeners: { l: 'r' }, routes: { r: [] } });
    const client = delta();
    client.send({ node, typeUrl: CDS, initialResourceVersions });
    const upserts = await client.next(CDS);
    assert.equal(showAll(upserts), 'changed=2');
    client.send(deltaAckOf(upserts));
    await roundTrip(client);
    assert.equal(client.hasNext(CDS), false, 'the routes that the client has may still name it');
    client.send({ typeUrl: LDS });
    client.send(deltaAckOf(await client.next(LDS)));
    client.send({ typeUrl: RDS, resourceNamesSubscribe: ['r'] });
    client.send(deltaAckOf(await client.next(RDS)));
    assert.equal(showAll(await client.next(CDS)), '- gone');
  });
});

test('a client that comes back to an unchanged world is told so, once', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ clusters: { a: '1' } });
    const before = delta();
    before.send({ node, typeUrl: CDS });
    const [resource] = (await before.next(CDS)).resources;
    const client = delta();
    client.send({ node, typeUrl: CDS, initialResourceVersions: { a: resource?.version ?? '' } });
    const response = await client.next(CDS);
    assert.equal(showAll(response), '');
    client.send(deltaAckOf(response));
    await roundTrip(client);
    assert.equal(client.hasNext(CDS), false);
  });
});

test('a refused resource is parked until it changes; others go on', async () => {
  await withXds(async ({ snapshots, delta, nodes }) => {
    snapshots.set({ clusters: { a: '1' } });
    const client = delta();
    client.send({ node, typeUrl: CDS });
    client.send(deltaAckOf(await client.next(CDS)));
    snapshots.set({ clusters: { a: '1', b: 'bad' } });
    client.send({ ...deltaAckOf(await client.next(CDS)), errorDetail: refusal });
    await roundTrip(client);
    assert.equal(client.hasNext(CDS), false);
    assert.equal(nodes.get('n1')?.state, 'refused');
    snapshots.set({ clusters: { a: '2', b: 'bad' } });
    const third = await client.next(CDS);
    assert.equal(showAll(third), 'a=2');
    client.send(deltaAckOf(third));
    snapshots.set({ clusters: { a: '2', b: 'good' } });
    assert.equal(showAll(await client.next(CDS)), 'b=good');
  });
});

test('a cluster that was removed and added again brings its endpoints again', async () => {
  await withXds(async ({ snapshots, delta }) => {
    const full = { clusters: { a: '1' }, endpoints: { a: 'x' } };
    snapshots.set(full);
    const client = delta();
    client.send({ node, typeUrl: CDS });
    client.send(deltaAckOf(await client.next(CDS)));
    client.send({ typeUrl: EDS, resourceNamesSubscribe: ['a'] });
    client.send(deltaAckOf(await client.next(EDS)));
    snapshots.set({ endpoints: { a: 'x' } });
    const removal = await client.next(CDS);
    assert.equal(showAll(removal), '- a');
    client.send(deltaAckOf(removal));
    // The client never gave the endpoints' name up, so no request of it will tell.
    snapshots.set(full);
    assert.equal(showAll(await client.next(CDS)), 'a=1');
    assert.equal(showAll(await client.next(EDS)), 'a=x');
  });
});

test('clusters first, then routes, then what is gone: clusters, at last their endpoints', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ clusters: { a: '1' }, endpoints: { a: 'x' }, routes: { r: ['a'] } });
    const client = delta();
    client.send({ node, typeUrl: CDS });
    client.send(deltaAckOf(await client.next(CDS)));
    client.send({ typeUrl: EDS, resourceNamesSubscribe: ['a'] });
    client.send(deltaAckOf(await client.next(EDS)));
    client.send({ typeUrl: RDS, resourceNamesSubscribe: ['r'] });
    client.send(deltaAckOf(await client.next(RDS)));

    snapshots.set({ clusters: { b: '1' }, endpoints: { b: 'x' }, routes: { r: ['b'] } });
    const added = await client.next(CDS);
    assert.equal(showAll(added), 'b=1');
    client.send({ typeUrl: EDS, resourceNamesSubscribe: ['b'] });
    const endpoints = await client.next(EDS);
    assert.equal(showAll(endpoints), 'b=x');
    client.send(deltaAckOf(added));
    await roundTrip(client);
    assert.equal(client.hasNext(RDS), false);
    client.send(deltaAckOf(endpoints));
    const routes = await client.next(RDS);
    assert.equal(showAll(routes), 'r=b');
    await roundTrip(client);
    assert.deepEqual([client.hasNext(CDS), client.hasNext(EDS)], [false, false]);
    client.send(deltaAckOf(routes));
    const removedCluster = await client.next(CDS);
    assert.equal(showAll(removedCluster), '- a');
    await roundTrip(client);
    assert.equal(client.hasNext(EDS), false);
    client.send(deltaAckOf(removedCluster));
    assert.equal(showAll(await client.next(EDS)), '- a');
  });
});

test('a listener goes together with the one that takes its place', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ listeners: { old: 'r' }, routes: { r: [] } });
    const client = delta();
    client.send({ node, typeUrl: LDS });
    client.send(deltaAckOf(await client.next(LDS)));
    snapshots.set({ listeners: { fresh: 'r' }, routes: { r: [] } });
    assert.equal(showAll(await client.next(LDS)), 'fresh=r - old');
  });
});

test('a name given up under the wildcard is answered by what the wildcard holds', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ clusters: { a: '1' } });
    const client = delta();
    client.send({ node, typeUrl: CDS, resourceNamesSubscribe: ['*', 'a', 'x'] });
    const first = await client.next(CDS);
    assert.equal(showAll(first), 'a=1 - x');
    client.send({ ...deltaAckOf(first), resourceNamesUnsubscribe: ['a', 'x'] });
    assert.equal(showAll(await client.next(CDS)), 'a=1 - x');
  });
});

test('an old nonce answers nothing, but its names count', async () => {
  await withXds(async ({ snapshots, delta, nodes }) => {
    snapshots.set({ endpoints: { a: 'x', b: 'x' } });
    const client = delta();
    client.send({ node, typeUrl: EDS, resourceNamesSubscribe: ['a'] });
    const first = await client.next(EDS);
    client.send({ typeUrl: EDS, responseNonce: 'old', errorDetail: refusal, resourceNamesSubscribe: ['b'] });
    await roundTrip(client);
    assert.equal(nodes.get('n1')?.types.find(({ typeUrl }) => typeUrl === EDS)?.state, 'stale');
    client.send(deltaAckOf(first));
    assert.equal(showAll(await client.next(EDS)), 'b=x');
  });
});

test('a large first answer is cut into pieces that every client takes', async () => {
  await withXds(async ({ snapshots, delta }) => {
    const content = 'x'.repeat(1024 * 1024);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    snapshots.set({ clusters: Object.fromEntries(names.map((name) => [name, content])) });
    const client = delta();
    client.send({ node, typeUrl: CDS });
    const seen: string[] = [];
    while (seen.length < names.length) {
      const response = await client.next(CDS);
      seen.push(...response.resources.map(({ name }) => name));
      client.send(deltaAckOf(response));
    }
    assert.deepEqual(seen, names);
    assert.ok(client.responses.length > 1);
  });
});
