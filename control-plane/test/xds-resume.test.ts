import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ackOf, deltaAckOf, nodeNamed } from './ads-client.ts';
import { CDS, EDS, LDS, RDS, show, withXds } from './xds-harness.ts';

const node = nodeNamed('n1');

// While the client was away its route moved from `old`, which lost its endpoints, to `fresh`. It asks for its types in
// any order: a real Envoy may come with endpoints first and clusters last.
const before = {
  clusters: { old: '1' },
  endpoints: { old: 'x' },
  listeners: { l: 'r' },
  routes: { r: ['old'] },
};
const after = {
  clusters: { old: '1', fresh: '1' },
  endpoints: { old: '', fresh: 'y' },
  listeners: { l: 'r' },
  routes: { r: ['fresh'] },
};

test('delta: a client that comes back keeps its endpoints until its routes moved, and gets no route before its cluster', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set(before);
    const gone = delta();
    gone.send({ node, typeUrl: EDS, resourceNamesSubscribe: ['old'] });
    const held = (await gone.next(EDS)).resources;
    gone[Symbol.dispose]();
    snapshots.set(after);

    const client = delta();
    const roundTrip = async (): Promise<void> => {
      client.send({ node, typeUrl: 'probe', resourceNamesSubscribe: [`p${client.responses.length}`] });
      client.send(deltaAckOf(await client.next('probe')));
    };
    const take = async (typeUrl: string): Promise<string> => {
      const response = await client.next(typeUrl);
      client.send(deltaAckOf(response));
      return show(response.resources.flatMap(({ resource }) => resource ?? []));
    };
    client.send({
      node,
      typeUrl: EDS,
      resourceNamesSubscribe: ['old'],
      initialResourceVersions: Object.fromEntries(held.map(({ name, version }) => [name, version])),
    });
    client.send({ typeUrl: LDS });
    assert.equal(await take(LDS), 'l=r');
    client.send({ typeUrl: RDS, resourceNamesSubscribe: ['r'] });
    await roundTrip();
    assert.deepEqual([client.hasNext(EDS), client.hasNext(RDS)], [false, false]);
    client.send({ typeUrl: CDS, initialResourceVersions: { old: 'as before' } });
    assert.match(await take(CDS), /fresh=1/);
    client.send({ typeUrl: EDS, resourceNamesSubscribe: ['fresh'] });
    assert.equal(await take(EDS), 'fresh=y');
    assert.equal(await take(RDS), 'r=fresh');
    assert.equal(await take(EDS), 'old=');
  });
});

test('state of the world: the same', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set(after);
    const client = sotw();
    const take = async (typeUrl: string, names: readonly string[] = []): Promise<string> => {
      const response = await client.next(typeUrl);
      client.send(ackOf(response, names));
      return show(response.resources);
    };
    client.send({ node, typeUrl: EDS, resourceNames: ['old'], versionInfo: 'of the last stream' });
    client.send({ typeUrl: LDS, versionInfo: 'of the last stream' });
    assert.equal(await take(LDS), 'l=r');
    client.send({ typeUrl: RDS, resourceNames: ['r'], versionInfo: 'of the last stream' });
    client.send({ typeUrl: CDS, versionInfo: 'of the last stream' });
    assert.equal(await take(CDS), 'fresh=1 old=1');
    assert.deepEqual([client.hasNext(EDS), client.hasNext(RDS)], [false, false]);
    client.send({ typeUrl: EDS, resourceNames: ['old', 'fresh'] });
    assert.equal(await take(EDS, ['old', 'fresh']), 'fresh=y');
    assert.equal(await take(RDS, ['r']), 'r=fresh');
    assert.equal(await take(EDS, ['old', 'fresh']), 'old=');
  });
});

test('state of the world: routes do not wait for endpoints that wait for them', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({
      clusters: { old: '1' },
      endpoints: { old: '' },
      listeners: { l: 'r' },
      routes: { r: ['old'] },
    });
    const client = sotw();
    const versionInfo = 'of the last stream';
    client.send({ node, typeUrl: CDS, versionInfo });
    client.send(ackOf(await client.next(CDS)));
    client.send({ typeUrl: EDS, resourceNames: ['old'], versionInfo });
    client.send({ typeUrl: LDS, versionInfo });
    client.send(ackOf(await client.next(LDS)));
    client.send({ typeUrl: RDS, resourceNames: ['r'], versionInfo });
    client.send(ackOf(await client.next(RDS), ['r']));
    assert.equal(show((await client.next(EDS)).resources), 'old=');
  }, 60_000);
});
