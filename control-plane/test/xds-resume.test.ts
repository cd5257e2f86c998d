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

test('state of the world: a cluster that went while its client was away stays until the routes have left it', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({ ...before, endpoints: { old: 'x' } });
    const gone = sotw();
    gone.send({ node, typeUrl: CDS });
    const held = await gone.next(CDS);
    gone[Symbol.dispose]();
    snapshots.set({
      clusters: { fresh: '1' },
      endpoints: { fresh: 'y' },
      listeners: { l: 'r' },
      routes: { r: ['fresh'] },
    });

    const client = sotw();
    const versionInfo = 'of the last stream';
    const take = async (typeUrl: string, names: readonly string[] = []): Promise<string> => {
      const response = await client.next(typeUrl);
      client.send(ackOf(response, names));
      return show(response.resources);
    };
    // In the order in which a real Envoy asks again.
    client.send({ node, typeUrl: CDS, versionInfo: held.versionInfo });
    client.send({ typeUrl: EDS, resourceNames: ['old'], versionInfo });
    client.send({ typeUrl: LDS, versionInfo });
    client.send({ typeUrl: RDS, resourceNames: ['r'], versionInfo });
    assert.equal(await take(CDS), 'fresh=1 old=1');
    assert.equal(await take(LDS), 'l=r');
    client.send({ typeUrl: EDS, resourceNames: ['old', 'fresh'] });
    assert.equal(await take(EDS, ['old', 'fresh']), 'fresh=y');
    assert.equal(client.hasNext(CDS), false);
    assert.equal(await take(RDS, ['r']), 'r=fresh');
    assert.equal(await take(CDS), 'fresh=1', 'now nobody routes to it');
    assert.equal(await take(EDS, ['old', 'fresh']), 'old=');
  });
});

test('state of the world: a client that comes back with the present clusters gets none of the past', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({ clusters: { old: '1', kept: '1' } });
    snapshots.set({ clusters: { kept: '1' } });
    const first = sotw();
    first.send({ node, typeUrl: CDS });
    const { versionInfo, resources } = await first.next(CDS);
    assert.equal(show(resources), 'kept=1');
    const client = sotw();
    client.send({ node, typeUrl: CDS, versionInfo });
    assert.equal(show((await client.next(CDS)).resources), 'kept=1');
  });
});

for (const variant of ['sotw', 'delta'] as const) {
  test(`${variant}: a registry that nobody ever wrote to takes nothing from a client that comes back`, async () => {
    await withXds(async ({ snapshots, sotw, delta }) => {
      snapshots.isUnwritten = true;
      snapshots.set({});
      const [oldSotw, oldDelta] = [sotw(), delta()];
      if (variant === 'sotw') oldSotw.send({ node, typeUrl: CDS, versionInfo: 'of another control plane' });
      else oldDelta.send({ node, typeUrl: CDS, initialResourceVersions: { cart: 'of another' } });
      const newcomer = sotw();
      newcomer.send({ node: nodeNamed('n2'), typeUrl: CDS });
      assert.deepEqual(
        (await newcomer.next(CDS)).resources,
        [],
        'who has nothing learns that there is nothing',
      );
      assert.deepEqual([...oldSotw.responses, ...oldDelta.responses], []);

      snapshots.isUnwritten = false;
      snapshots.set({ clusters: { fresh: '1' } });
      if (variant === 'sotw') assert.equal(show((await oldSotw.next(CDS)).resources), 'fresh=1');
      else {
        const { resources } = await oldDelta.next(CDS);
        assert.equal(show(resources.flatMap(({ resource }) => resource ?? [])), 'fresh=1');
        oldDelta.send(deltaAckOf(oldDelta.responses[0]!));
        assert.deepEqual((await oldDelta.next(CDS)).removedResources, ['cart']);
      }
    }, 200);
  });
}

test('endpoints that are asked for before their cluster are answered, and again when the cluster was sent', async () => {
  await withXds(async ({ snapshots, sotw, delta }) => {
    snapshots.set({ clusters: { a: '1' }, endpoints: { a: 'x' } });
    const one = sotw();
    one.send({ node, typeUrl: EDS, resourceNames: ['a'] });
    const early = await one.next(EDS);
    assert.equal(show(early.resources), 'a=x');
    one.send(ackOf(early, ['a']));
    one.send({ typeUrl: CDS });
    one.send(ackOf(await one.next(CDS)));
    assert.equal(show((await one.next(EDS)).resources), 'a=x');

    const two = delta();
    two.send({ node: nodeNamed('n2'), typeUrl: EDS, resourceNamesSubscribe: ['a'] });
    const first = await two.next(EDS);
    assert.equal(first.resources.length, 1);
    two.send(deltaAckOf(first));
    two.send({ typeUrl: CDS });
    two.send(deltaAckOf(await two.next(CDS)));
    assert.equal((await two.next(EDS)).resources.length, 1);
  });
});

test('state of the world: a cluster that was removed and added again brings its endpoints again', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    const both = { clusters: { a: '1', b: '1' }, endpoints: { a: 'x', b: 'y' } };
    snapshots.set(both);
    const client = sotw();
    const take = async (typeUrl: string, names: readonly string[] = []): Promise<string> => {
      const response = await client.next(typeUrl);
      client.send(ackOf(response, names));
      return show(response.resources);
    };
    client.send({ node, typeUrl: CDS });
    assert.equal(await take(CDS), 'a=1 b=1');
    client.send({ typeUrl: EDS, resourceNames: ['a', 'b'] });
    assert.equal(await take(EDS, ['a', 'b']), 'a=x b=y');
    snapshots.set({ clusters: { b: '1' }, endpoints: { b: 'y' } });
    assert.equal(await take(CDS), 'b=1');
    // A client that gives the name up later than the server takes it back, or never.
    snapshots.set(both);
    assert.equal(await take(CDS), 'a=1 b=1');
    let last = '';
    while (!last.includes('a=x')) last = await take(EDS, ['a', 'b']);
  });
});
