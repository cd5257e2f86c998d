import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ackOf, deltaAckOf, nodeNamed, refusal } from './ads-client.ts';
import { CDS, EDS, show, withXds } from './xds-harness.ts';

const node = nodeNamed('n1');
const names = ['a', 'b', 'bad', 'c', 'd'];
const endpoints = Object.fromEntries(names.map((name) => [name, 'x']));

/** As an Envoy: it refuses a response as a whole. */
const isBad = (shown: string): boolean => shown.includes('bad=x');

test('state of the world: what was refused together goes again apart, until the bad one is alone', async () => {
  await withXds(async ({ snapshots, sotw, nodes }) => {
    snapshots.set({ endpoints });
    const client = sotw();
    client.send({ node, typeUrl: EDS, resourceNames: names });
    const accepted = new Set<string>();
    let version = '';
    const seen: string[] = [];
    while (accepted.size < names.length - 1 || !seen.includes('bad=x')) {
      const response = await client.next(EDS);
      const shown = show(response.resources);
      seen.push(shown);
      if (isBad(shown)) {
        client.send({ ...ackOf(response, names), versionInfo: version, errorDetail: refusal });
        continue;
      }
      version = response.versionInfo;
      for (const part of shown.split(' ')) accepted.add(part);
      client.send(ackOf(response, names));
    }
    assert.deepEqual(seen, ['a=x b=x bad=x c=x d=x', 'a=x b=x bad=x', 'a=x b=x', 'bad=x', 'c=x d=x']);
    const status = () => nodes.get('n1')?.types.find(({ typeUrl }) => typeUrl === EDS);
    await client.until(() => status()?.state === 'refused', 'refused state after the last acknowledgement');
    assert.deepEqual(status()?.lastNack?.resourceNames, ['bad']);
    snapshots.set({ endpoints: { ...endpoints, bad: 'y', c: 'y' } });
    const repaired = await client.next(EDS);
    assert.equal(show(repaired.resources), 'bad=y c=y');
    client.send(ackOf(repaired, names));
    await client.until(() => status()?.state === 'synced', 'synced state');
  });
});

test('delta: the same, and what changes meanwhile goes with the others', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ endpoints: { a: 'x', bad: 'x' } });
    const client = delta();
    client.send({ node, typeUrl: EDS, resourceNamesSubscribe: ['a', 'bad'] });
    const seen: string[] = [];
    const take = async (): Promise<void> => {
      const response = await client.next(EDS);
      const shown = show(response.resources.flatMap(({ resource }) => resource ?? []));
      seen.push(shown);
      client.send({ ...deltaAckOf(response), ...(isBad(shown) ? { errorDetail: refusal } : {}) });
    };
    await take();
    const again = await client.next(EDS);
    snapshots.set({ endpoints: { a: 'x', bad: 'y' } });
    client.send(deltaAckOf(again));
    await take();
    assert.deepEqual(seen, ['a=x bad=x', 'bad=y']);
  });
});

test('clusters are taken one by one by every client, and do not go again', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ clusters: { a: 'x', bad: 'x' } });
    const client = delta();
    client.send({ node, typeUrl: CDS });
    client.send({ ...deltaAckOf(await client.next(CDS)), errorDetail: refusal });
    snapshots.set({ clusters: { a: 'x', bad: 'x', c: 'x' } });
    assert.equal(show((await client.next(CDS)).resources.flatMap(({ resource }) => resource ?? [])), 'c=x');
  });
});
