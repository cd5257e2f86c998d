import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ackOf, nodeNamed, refusal, type SotwClient } from './ads-client.ts';
import { CDS, EDS, LDS, RDS, show, withXds } from './xds-harness.ts';

const node = nodeNamed('n1');

/** Sends nothing new but makes the server answer: whatever it had to say before has arrived with the answer. */
async function roundTrip(client: SotwClient): Promise<void> {
  const probe = `probe-${client.responses.length}-${Math.random()}`;
  client.send({ node, typeUrl: EDS, resourceNames: [probe], responseNonce: lastNonce(client, EDS) });
  const response = await client.next(EDS);
  client.send(ackOf(response, [probe]));
}

function lastNonce(client: SotwClient, typeUrl: string): string {
  return client.responses.findLast((response) => response.typeUrl === typeUrl)?.nonce ?? '';
}

test('nothing is sent before the registry was read; then every type that was asked for is answered', async () => {
  await withXds(async ({ snapshots, sotw, nodes }) => {
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    client.send({ typeUrl: LDS });
    client.send({ typeUrl: EDS, resourceNames: ['a'] });
    await client.until(() => nodes.get('n1') !== undefined, 'connection');
    assert.equal(client.responses.length, 0);
    snapshots.set({
      clusters: { a: '1' },
      endpoints: { a: 'x' },
      listeners: { l: 'r' },
      routes: { r: ['a'] },
    });
    assert.equal(show((await client.next(CDS)).resources), 'a=1');
    assert.equal(show((await client.next(EDS)).resources), 'a=x');
    assert.equal(show((await client.next(LDS)).resources), 'l=r');
  });
});

test('an empty world is answered, so that no client waits for its time-out', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({});
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    const response = await client.next(CDS);
    assert.deepEqual(response.resources, []);
    assert.notEqual(response.versionInfo, '');
    assert.equal(response.controlPlane?.identifier, 'test');
  });
});

test('endpoints of a cluster without any, or of an unknown name, are an empty assignment at once', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({});
    const client = sotw();
    client.send({ node, typeUrl: EDS, resourceNames: ['unknown'] });
    const response = await client.next(EDS);
    assert.equal(show(response.resources), 'unknown=');
    client.send(ackOf(response, ['unknown']));
    snapshots.set({ endpoints: { unknown: 'x' } });
    assert.equal(show((await client.next(EDS)).resources), 'unknown=x');
  });
});

test('a client that comes back keeps the endpoints of clusters that are gone until its routes have left them', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({
      clusters: { b: '1' },
      endpoints: { b: 'x', emptied: '' },
      listeners: { l: 'r' },
      routes: { r: ['b'] },
    });
    const client = sotw();
    // It still routes to two clusters that it heard of on an earlier stream.
    const names = ['gone', 'emptied'];
    client.send({ node, typeUrl: CDS, versionInfo: 'earlier' });
    client.send(ackOf(await client.next(CDS)));
    client.send({ typeUrl: EDS, versionInfo: 'earlier', resourceNames: names });
    client.send({ typeUrl: EDS, versionInfo: 'earlier', resourceNames: [...names, 'b'] });
    const endpoints = await client.next(EDS);
    assert.equal(show(endpoints.resources), 'b=x');
    client.send(ackOf(endpoints, [...names, 'b']));
    client.send({ typeUrl: LDS, versionInfo: 'earlier' });
    client.send(ackOf(await client.next(LDS)));
    client.send({ typeUrl: RDS, versionInfo: 'earlier', resourceNames: ['r'] });
    const routes = await client.next(RDS);
    assert.equal(show(routes.resources), 'r=b');
    assert.equal(client.hasNext(EDS), false);
    client.send(ackOf(routes, ['r']));
    const seen = new Set<string>();
    while (seen.size < 2) {
      const response = await client.next(EDS);
      for (const each of show(response.resources).split(' ')) seen.add(each);
      client.send(ackOf(response, [...names, 'b']));
    }
    assert.deepEqual([...seen].sort(), ['emptied=', 'gone=']);
  });
});

test('one endpoint change re-sends one resource', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    const clusters = { a: '1', b: '1' };
    snapshots.set({ clusters, endpoints: { a: 'x', b: 'x' } });
    const client = sotw();
    client.send({ node, typeUrl: EDS, resourceNames: ['a', 'b'] });
    const first = await client.next(EDS);
    assert.equal(show(first.resources), 'a=x b=x');
    client.send(ackOf(first, ['a', 'b']));
    snapshots.set({ clusters, endpoints: { a: 'x', b: 'y' } });
    assert.equal(show((await client.next(EDS)).resources), 'b=y');
  });
});

test('a changed cluster brings its endpoints again, unchanged ones too', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    const endpoints = { a: 'x', b: 'x' };
    snapshots.set({ clusters: { a: '1', b: '1' }, endpoints });
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    const clusters = await client.next(CDS);
    client.send(ackOf(clusters));
    client.send({ typeUrl: EDS, resourceNames: ['a', 'b'] });
    client.send(ackOf(await client.next(EDS), ['a', 'b']));
    snapshots.set({ clusters: { a: '2', b: '1' }, endpoints });
    assert.equal(show((await client.next(CDS)).resources), 'a=2 b=1');
    // Before the clusters are acknowledged: Envoy acknowledges them only once they are warm.
    assert.equal(show((await client.next(EDS)).resources), 'a=x');
  });
});

test('a name that was dropped and comes back is sent again', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({ endpoints: { a: 'x', b: 'x' } });
    const client = sotw();
    client.send({ node, typeUrl: EDS, resourceNames: ['a', 'b'] });
    const first = await client.next(EDS);
    client.send(ackOf(first, ['a', 'b']));
    client.send(ackOf(first, ['a']));
    client.send(ackOf(first, ['a', 'b']));
    assert.equal(show((await client.next(EDS)).resources), 'b=x');
  });
});

test('two clusters that share one assignment both get it', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    const endpointsOf = { a: 'shared', b: 'shared' };
    snapshots.set({ clusters: { a: '1', b: '1' }, endpointsOf, endpoints: { shared: 'x' } });
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    client.send(ackOf(await client.next(CDS)));
    client.send({ typeUrl: EDS, resourceNames: ['shared'] });
    client.send(ackOf(await client.next(EDS), ['shared']));
    for (const clusters of [
      { a: '2', b: '1' },
      { a: '2', b: '2' },
    ]) {
      snapshots.set({ clusters, endpointsOf, endpoints: { shared: 'x' } });
      client.send(ackOf(await client.next(CDS)));
      const endpoints = await client.next(EDS);
      assert.equal(show(endpoints.resources), 'shared=x');
      client.send(ackOf(endpoints, ['shared']));
    }
  });
});

test('a refused set is not sent again; the next change sends the full set', async () => {
  await withXds(async ({ snapshots, sotw, nodes }) => {
    snapshots.set({ clusters: { a: '1' } });
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    const first = await client.next(CDS);
    client.send(ackOf(first));
    snapshots.set({ clusters: { a: '1', b: 'bad' } });
    const second = await client.next(CDS);
    // The version is the current one: only error_detail tells a NACK.
    client.send({ ...ackOf(second), errorDetail: refusal });
    await roundTrip(client);
    assert.equal(client.hasNext(CDS), false);
    const status = nodes.get('n1')?.types.find((type) => type.typeUrl === CDS);
    assert.equal(status?.state, 'refused');
    assert.equal(status.acknowledgedVersion, first.versionInfo);
    assert.equal(status.lastNack?.message, refusal.message);
    assert.equal(status.lastNack.version, second.versionInfo);
    assert.deepEqual(status.lastNack.resourceNames, ['b']);
    snapshots.set({ clusters: { a: '1', b: 'good' } });
    assert.equal(show((await client.next(CDS)).resources), 'a=1 b=good');
  });
});

test('changes while a response is unanswered are merged into one', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({ clusters: { a: '1' } });
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    const first = await client.next(CDS);
    for (const content of ['2', '3', '4']) snapshots.set({ clusters: { a: content } });
    await roundTrip(client);
    assert.equal(client.hasNext(CDS), false);
    client.send(ackOf(first));
    const second = await client.next(CDS);
    assert.equal(show(second.resources), 'a=4');
    client.send(ackOf(second));
    await roundTrip(client);
    assert.equal(client.hasNext(CDS), false);
  });
});

test('a change that is taken back before it was sent sends nothing; equal content has equal versions', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({ clusters: { a: '1' } });
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    const first = await client.next(CDS);
    snapshots.set({ clusters: { a: '2' } });
    snapshots.set({ clusters: { a: '1' } });
    client.send(ackOf(first));
    await roundTrip(client);
    assert.equal(client.hasNext(CDS), false);
    const other = sotw();
    other.send({ node: nodeNamed('n2'), typeUrl: CDS });
    assert.equal((await other.next(CDS)).versionInfo, first.versionInfo);
  });
});

test('names in a request with an old nonce count, but it is no answer', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({ endpoints: { a: 'x', b: 'x' } });
    const client = sotw();
    client.send({ node, typeUrl: EDS, resourceNames: ['a'] });
    const first = await client.next(EDS);
    client.send({ typeUrl: EDS, resourceNames: ['a', 'b'], responseNonce: 'old' });
    client.send({ typeUrl: LDS });
    await client.next(LDS);
    assert.equal(client.hasNext(EDS), false, 'the first response is still unanswered');
    client.send(ackOf(first, ['a', 'b']));
    assert.equal(show((await client.next(EDS)).resources), 'b=x');
  });
});

test('a route moves only after its new cluster was acknowledged, and the old cluster goes last', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    const listeners = { l: 'r' };
    snapshots.set({ clusters: { a: '1' }, endpoints: { a: 'x' }, listeners, routes: { r: ['a'] } });
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    client.send(ackOf(await client.next(CDS)));
    client.send({ typeUrl: EDS, resourceNames: ['a'] });
    client.send(ackOf(await client.next(EDS), ['a']));
    client.send({ typeUrl: LDS });
    client.send(ackOf(await client.next(LDS)));
    client.send({ typeUrl: RDS, resourceNames: ['r'] });
    client.send(ackOf(await client.next(RDS), ['r']));

    snapshots.set({ clusters: { b: '1' }, endpoints: { b: 'x' }, listeners, routes: { r: ['b'] } });
    const union = await client.next(CDS);
    assert.equal(show(union.resources), 'a=1 b=1');
    client.send({ typeUrl: EDS, resourceNames: ['a', 'b'], responseNonce: lastNonce(client, EDS) });
    const endpoints = await client.next(EDS);
    assert.equal(show(endpoints.resources), 'b=x');
    client.send(ackOf(union));
    client.send({ typeUrl: LDS, resourceNames: ['*', 'unknown'], responseNonce: lastNonce(client, LDS) });
    client.send(ackOf(await client.next(LDS), ['*', 'unknown']));
    assert.equal(client.hasNext(RDS), false, 'the endpoints are not acknowledged yet');
    client.send(ackOf(endpoints, ['a', 'b']));
    const routes = await client.next(RDS);
    assert.equal(show(routes.resources), 'r=b');
    assert.equal(client.hasNext(CDS), false, 'the routes are not acknowledged yet');
    client.send(ackOf(routes, ['r']));
    assert.equal(show((await client.next(CDS)).resources), 'b=1');
  });
});

test('a refused cluster does not keep its route table back, and is sent again when it changed', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({ clusters: { a: '1' }, routes: { r: ['a'] } });
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    client.send(ackOf(await client.next(CDS)));
    client.send({ typeUrl: RDS, resourceNames: ['r'] });
    client.send(ackOf(await client.next(RDS), ['r']));
    snapshots.set({ clusters: { b: 'bad' }, routes: { r: ['b'] } });
    client.send({ ...ackOf(await client.next(CDS)), errorDetail: refusal });
    const table = await client.next(RDS);
    assert.equal(show(table.resources), 'r=b');
    client.send(ackOf(table, ['r']));
    snapshots.set({ clusters: { b: 'good' }, routes: { r: ['b'] } });
    assert.match(show((await client.next(CDS)).resources), /b=good/);
  }, 50);
});

test('a client that never acknowledges clusters gets its routes after the time-out', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({ clusters: { a: '1' }, routes: { r: ['a'] } });
    const client = sotw();
    client.send({ node, typeUrl: CDS });
    client.send({ typeUrl: RDS, resourceNames: ['r'] });
    await client.next(CDS);
    assert.equal(show((await client.next(RDS)).resources), 'r=a');
  }, 100);
});

test('without node.id, and without type_url, the stream ends with a reason', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({});
    const nameless = sotw();
    nameless.send({ typeUrl: CDS });
    await nameless.until(() => nameless.error !== undefined, 'error');
    assert.match(nameless.error?.details ?? '', /node\.id is required/);
    const typeless = sotw();
    typeless.send({ node });
    await typeless.until(() => typeless.error !== undefined, 'error');
    assert.match(typeless.error?.details ?? '', /type_url is required/);
  });
});

test('of two streams of one node the newest counts, and it stays known when it left', async () => {
  await withXds(async ({ snapshots, sotw, nodes }) => {
    snapshots.set({ clusters: { a: '1' } });
    const old = sotw();
    old.send({ node, typeUrl: CDS });
    const oldResponse = await old.next(CDS);
    const fresh = sotw();
    fresh.send({ node, typeUrl: CDS });
    const response = await fresh.next(CDS);
    assert.equal(nodes.get('n1')?.state, 'stale');
    old.send({ ...ackOf(oldResponse), errorDetail: refusal });
    fresh.send(ackOf(response));
    await fresh.until(() => nodes.get('n1')?.state === 'synced', 'synced state');
    old[Symbol.dispose]();
    nodes.reportLive('n1', { [CDS]: 'v7' });
    assert.equal(nodes.get('n1')?.isConnected, true);
    fresh[Symbol.dispose]();
    await fresh.until(() => nodes.get('n1')?.isConnected === false, 'end of the connection');
    const [status] = nodes.get('n1')?.types ?? [];
    assert.deepEqual([status?.liveVersion, status?.acknowledgedVersion], ['v7', response.versionInfo]);
  });
});
