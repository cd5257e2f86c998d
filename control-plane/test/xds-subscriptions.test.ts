import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeltaDiscoveryResponse } from '@heddle/shared/xds/api';
import { ackOf, deltaAckOf, nodeNamed, type DeltaClient, type SotwClient } from './ads-client.ts';
import { CDS, EDS, LDS, RDS, show, withXds } from './xds-harness.ts';

const node = nodeNamed('n1');

/** `name=content …`, then ` - ` and the removed names. */
function showAll(response: DeltaDiscoveryResponse): string {
  const removed = [...response.removedResources].sort().join(' ');
  const resources = show(response.resources.flatMap((resource) => resource.resource ?? []));
  return removed === '' ? resources : `${resources} - ${removed}`.trim();
}

let probeCount = 0;

/** Whatever the server had to say before has arrived when this resolves. */
async function roundTrip(client: DeltaClient): Promise<void> {
  client.send({ typeUrl: 'probe', resourceNamesSubscribe: [`p${probeCount++}`] });
  client.send(deltaAckOf(await client.next('probe')));
}

async function sotwRoundTrip(client: SotwClient): Promise<void> {
  const name = `p${probeCount++}`;
  client.send({ typeUrl: EDS, resourceNames: [name], responseNonce: client.lastNonceOf(EDS) });
  client.send(ackOf(await client.next(EDS), [name]));
}

test('state of the world: a list that becomes empty wants nothing, and [""] is empty', async () => {
  for (const nothing of [[], ['']]) {
    await withXds(async ({ snapshots, sotw }) => {
      snapshots.set({ clusters: { a: '1', b: '1' } });
      const client = sotw();
      client.send({ node, typeUrl: CDS, resourceNames: ['a'] });
      const first = await client.next(CDS);
      assert.equal(show(first.resources), 'a=1');
      client.send(ackOf(first, nothing));
      snapshots.set({ clusters: { a: '2', b: '2' } });
      await sotwRoundTrip(client);
      assert.equal(client.hasNext(CDS), false);
      client.send(ackOf(first, ['b']));
      assert.equal(show((await client.next(CDS)).resources), 'b=2');
    });
  }
});

test('state of the world: * beside names, then names alone, then * alone', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({ listeners: { a: 'r', b: 'r' } });
    const client = sotw();
    client.send({ node, typeUrl: LDS, resourceNames: ['*', 'a', 'ghost'] });
    const first = await client.next(LDS);
    assert.equal(show(first.resources), 'a=r b=r');
    client.send(ackOf(first, ['a']));
    snapshots.set({ listeners: { a: 'r', b: 's' } });
    await sotwRoundTrip(client);
    assert.equal(client.hasNext(LDS), false);
    client.send(ackOf(first, ['*']));
    const last = await client.next(LDS);
    assert.equal(show(last.resources), 'a=r b=s');
    client.send(ackOf(last, ['*']));
    snapshots.set({ listeners: { a: 'r', b: 's', ghost: 'r' } });
    assert.equal(show((await client.next(LDS)).resources), 'a=r b=s ghost=r');
  });
});

test('delta: * is given up, names stay, and * comes back', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ clusters: { a: '1', b: '1' } });
    const client = delta();
    client.send({ node, typeUrl: CDS });
    client.send(deltaAckOf(await client.next(CDS)));
    client.send({ typeUrl: CDS, resourceNamesSubscribe: ['a'] });
    client.send(deltaAckOf(await client.next(CDS)));
    client.send({ typeUrl: CDS, resourceNamesUnsubscribe: ['*'] });
    await roundTrip(client);
    snapshots.set({ clusters: { a: '2', b: '2' } });
    const second = await client.next(CDS);
    assert.equal(showAll(second), 'a=2');
    client.send(deltaAckOf(second));
    client.send({ typeUrl: CDS, resourceNamesSubscribe: ['*'] });
    assert.equal(showAll(await client.next(CDS)), 'b=2');
  });
});

test('delta: a name that was given up is answered when it is asked for again', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ endpoints: { a: 'x', b: 'x' } });
    const client = delta();
    client.send({ node, typeUrl: EDS, resourceNamesSubscribe: ['a', 'b'] });
    client.send({ ...deltaAckOf(await client.next(EDS)), resourceNamesUnsubscribe: ['a'] });
    snapshots.set({ endpoints: { a: 'y', b: 'x' } });
    await roundTrip(client);
    assert.equal(client.hasNext(EDS), false);
    client.send({ typeUrl: EDS, resourceNamesSubscribe: ['a'], resourceNamesUnsubscribe: ['a'] });
    assert.equal(showAll(await client.next(EDS)), 'a=y');
  });
});

test('delta: a parent that is sent again brings its children, unchanged ones too', async () => {
  await withXds(async ({ snapshots, delta }) => {
    const world = { endpoints: { a: 'x', b: 'x' }, routes: { r: [], s: [] } };
    snapshots.set({ ...world, clusters: { a: '1', b: '1' }, listeners: { l: 'r', m: 's' } });
    const client = delta();
    client.send({ node, typeUrl: CDS });
    client.send({ typeUrl: EDS, resourceNamesSubscribe: ['a', 'b'] });
    client.send({ typeUrl: LDS });
    client.send({ typeUrl: RDS, resourceNamesSubscribe: ['r', 's'] });
    for (const type of [CDS, EDS, LDS, RDS]) client.send(deltaAckOf(await client.next(type)));
    snapshots.set({ ...world, clusters: { a: '2', b: '1' }, listeners: { l: 's', m: 's' } });
    const seen: string[] = [];
    for (const type of [CDS, EDS, LDS, RDS]) {
      const response = await client.next(type);
      client.send(deltaAckOf(response));
      seen.push(showAll(response));
    }
    assert.deepEqual(seen, ['a=2', 'a=x', 'l=s', 's=']);
  });
});

test('delta: the version of the system is that of the type, and not that of a resource', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ clusters: { a: '1', b: '1' } });
    const [one, other] = [delta(), delta()];
    one.send({ node, typeUrl: CDS });
    other.send({ node, typeUrl: CDS, resourceNamesSubscribe: ['b'] });
    const [all, some] = [await one.next(CDS), await other.next(CDS)];
    assert.match(all.systemVersionInfo, /^[0-9a-f]{16}$/);
    assert.equal(some.systemVersionInfo, all.systemVersionInfo);
    assert.equal(
      all.resources.some(({ version }) => version === all.systemVersionInfo),
      false,
    );
    snapshots.set({ clusters: { a: '2', b: '1' } });
    one.send(deltaAckOf(all));
    const next = await one.next(CDS);
    assert.notEqual(next.systemVersionInfo, all.systemVersionInfo);
    snapshots.set({ clusters: { a: '1', b: '1' } });
    one.send(deltaAckOf(next));
    assert.equal((await one.next(CDS)).systemVersionInfo, all.systemVersionInfo);
  });
});

test('what later requests say of the node is not looked at; a type that nobody knows is answered and left alone', async () => {
  await withXds(async ({ snapshots, sotw, delta, nodes }) => {
    snapshots.set({ clusters: { a: '1' } });
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    client.send({ ...ackOf(await client.next(CDS)), node: nodeNamed('somebody-else') });
    client.send({ typeUrl: 'type.googleapis.com/nobody.knows.This', resourceNames: ['x'] });
    snapshots.set({ clusters: { a: '2' } });
    assert.equal(show((await client.next(CDS)).resources), 'a=2');
    assert.equal(nodes.get('somebody-else'), undefined);
    const other = delta();
    other.send({ node, typeUrl: 'type.googleapis.com/nobody.knows.This', resourceNamesSubscribe: ['x'] });
    const answer = await other.next('type.googleapis.com/nobody.knows.This');
    assert.deepEqual([answer.resources.length, answer.removedResources], [0, ['x']]);
  });
});

test('two streams of one node have subscriptions and nonces of their own', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({ endpoints: { a: 'x', b: 'x' } });
    const [one, other] = [sotw(), sotw()];
    one.send({ node, typeUrl: EDS, resourceNames: ['a'] });
    other.send({ node, typeUrl: EDS, resourceNames: ['b'] });
    const [first, second] = [await one.next(EDS), await other.next(EDS)];
    assert.deepEqual([show(first.resources), show(second.resources)], ['a=x', 'b=x']);
    one.send(ackOf(first, ['a']));
    snapshots.set({ endpoints: { a: 'y', b: 'y' } });
    assert.equal(show((await one.next(EDS)).resources), 'a=y');
    assert.equal(other.hasNext(EDS), false, 'it has not answered yet');
    other.send(ackOf(second, ['b']));
    assert.equal(show((await other.next(EDS)).resources), 'b=y');
  });
});

test('a name with an authority is answered as an unknown one, and told apart in the status', async () => {
  await withXds(async ({ snapshots, delta, nodes }) => {
    snapshots.set({ clusters: { a: '1' } });
    const name = 'xdstp://authority/envoy.config.cluster.v3.Cluster/a';
    const client = delta();
    client.send({ node, typeUrl: CDS, resourceNamesSubscribe: [name, 'a'] });
    assert.equal(showAll(await client.next(CDS)), `a=1 - ${name}`);
    const [note, ...others] = nodes.get('n1')?.leftOut ?? [];
    assert.deepEqual([note?.typeUrl, note?.name, others], [CDS, name, []]);
    assert.match(note?.reason ?? '', /plain name/);
  });
});
