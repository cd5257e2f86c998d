import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status as grpcStatus, type ServiceError } from '@grpc/grpc-js';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { DiscoveryFetch } from '../src/xds/discovery-fetch.ts';
import { buildEmptyAssignment } from '../src/xds/empty-assignment.ts';
import { NodeStatusBoard } from '../src/xds/node-status.ts';
import {
  ackOf,
  api,
  clusterService,
  deltaAckOf,
  deltaClusters,
  fetchOnce,
  nodeNamed,
  refusal,
  streamClusters,
  streamEndpoints,
} from './ads-client.ts';
import { TestSnapshots } from './test-snapshots.ts';
import { CDS, EDS, LDS, RDS, show, withXds } from './xds-harness.ts';

const node = nodeNamed('n1');

test('a service of one type serves it, whether the client names it or not', async () => {
  await withXds(async ({ snapshots, sotw, delta }) => {
    snapshots.set({ clusters: { a: '1' } });
    const named = sotw(streamClusters);
    named.send({ node, typeUrl: CDS });
    assert.equal(show((await named.next(CDS)).resources), 'a=1');
    const silent = delta(deltaClusters);
    silent.send({ node });
    const response = await silent.next(CDS);
    assert.deepEqual(
      response.resources.map(({ name }) => name),
      ['a'],
    );
    silent.send(deltaAckOf(response));
    snapshots.set({ clusters: { a: '2' } });
    assert.equal((await silent.next(CDS)).resources.length, 1);
  });
});

test('a service of one type refuses the others', async () => {
  await withXds(async ({ snapshots, sotw }) => {
    snapshots.set({ clusters: { a: '1' } });
    const client = sotw(streamClusters);
    client.send({ node, typeUrl: LDS });
    await client.until(() => client.error !== undefined, 'error');
    assert.equal(client.error?.code, grpcStatus.INVALID_ARGUMENT);
    assert.match(client.error.details, /Listener, but this service serves .*Cluster only/);
  });
});

test('what goes on streams of one type goes late, what comes comes at once', async () => {
  await withXds(async ({ snapshots, sotw, delta }) => {
    snapshots.set({ clusters: { a: '1', b: '1' }, endpoints: { a: 'x' } });
    const full = sotw(streamClusters);
    full.send({ node, typeUrl: CDS });
    full.send(ackOf(await full.next(CDS)));
    const incremental = delta(deltaClusters);
    incremental.send({ node });
    incremental.send(deltaAckOf(await incremental.next(CDS)));
    const endpoints = sotw(streamEndpoints);
    endpoints.send({ node, typeUrl: EDS, resourceNames: ['a'] });
    endpoints.send(ackOf(await endpoints.next(EDS), ['a']));

    const changedAtMs = performance.now();
    snapshots.set({ clusters: { b: '1', c: '1' }, endpoints: { a: '' } });
    const added = await full.next(CDS);
    assert.equal(show(added.resources), 'a=1 b=1 c=1');
    full.send(ackOf(added));
    const addedToo = await incremental.next(CDS);
    assert.deepEqual(addedToo.removedResources, []);
    incremental.send(deltaAckOf(addedToo));

    assert.equal(show((await full.next(CDS)).resources), 'b=1 c=1');
    assert.deepEqual((await incremental.next(CDS)).removedResources, ['a']);
    assert.equal(show((await endpoints.next(EDS)).resources), 'a=');
    assert.ok(performance.now() - changedAtMs >= 990);
  });
});

test('a name that goes, comes back and goes again has its time anew', async () => {
  await withXds(async ({ snapshots, delta }) => {
    snapshots.set({ clusters: { a: '1' } });
    const client = delta(deltaClusters);
    client.send({ node });
    client.send(deltaAckOf(await client.next(CDS)));
    for (let round = 0; round < 2; round++) {
      const goneAtMs = performance.now();
      snapshots.set({});
      const gone = await client.next(CDS);
      assert.deepEqual(gone.removedResources, ['a']);
      assert.ok(performance.now() - goneAtMs >= 990, `round ${round}`);
      client.send(deltaAckOf(gone));
      snapshots.set({ clusters: { a: '1' } });
      client.send(deltaAckOf(await client.next(CDS)));
    }
  });
});

test('the streams of one node add up to its status, the worst of each type first', async () => {
  await withXds(async ({ snapshots, nodes, sotw }) => {
    snapshots.set({ clusters: { a: '1' }, endpoints: { a: 'x', b: 'y' } });
    const clusters = sotw(streamClusters);
    clusters.send({ node, typeUrl: CDS });
    clusters.send(ackOf(await clusters.next(CDS)));
    const first = sotw(streamEndpoints);
    first.send({ node, typeUrl: EDS, resourceNames: ['a'] });
    const refused = await first.next(EDS);
    first.send({ ...ackOf(refused, ['a']), versionInfo: '', errorDetail: refusal });
    const second = sotw(streamEndpoints);
    second.send({ node, typeUrl: EDS, resourceNames: ['b'] });
    second.send(ackOf(await second.next(EDS), ['b']));
    const statusIs = (expected: string) => (): boolean => {
      const status = nodes.get('n1');
      const types = status?.types.map(({ typeUrl, state }) => `${typeUrl === CDS ? 'CDS' : 'EDS'} ${state}`);
      return [status?.isConnected, ...(types ?? [])].join() === expected;
    };
    await clusters.until(statusIs('true,CDS synced,EDS refused'), 'one refusal');
    assert.equal(nodes.get('n1')?.types[1]?.lastNack?.message, refusal.message);
    first[Symbol.dispose]();
    await clusters.until(statusIs('true,CDS synced,EDS synced'), 'the stream that refused is gone');
    second[Symbol.dispose]();
    await clusters.until(statusIs('true,CDS synced'), 'endpoints are gone');
    clusters[Symbol.dispose]();
    await clusters.until(statusIs('false,CDS synced'), 'the node is gone');
  });
});

test('one request, one response: Fetch over gRPC', async () => {
  await withXds(async ({ snapshots, port }) => {
    const fetchClusters = (typeUrl: string) =>
      fetchOnce(port, clusterService, 'FetchClusters', { node, typeUrl });
    await assert.rejects(fetchClusters(CDS), ({ code }: ServiceError) => code === grpcStatus.UNAVAILABLE);
    snapshots.set({ clusters: { a: '1' } });
    assert.equal(show((await fetchClusters('')).resources), 'a=1');
    await assert.rejects(
      fetchClusters(EDS),
      ({ code }: ServiceError) => code === grpcStatus.INVALID_ARGUMENT,
    );
    await assert.rejects(
      fetchOnce(port, clusterService, 'FetchClusters', { typeUrl: CDS }),
      /node\.id: is required/,
    );
  });
});

test('a client that polls is answered when something is new to it, and shown with what it said', () => {
  const clock = createFakeClock();
  const snapshots = new TestSnapshots();
  const nodes = new NodeStatusBoard(clock, 60_000);
  const emptyAssignment = (name: string) => buildEmptyAssignment(api, name);
  const fetch = new DiscoveryFetch({ snapshots, nodes, emptyAssignment, clock, controlPlaneId: 'test' });
  const poll = (versionInfo: string, error?: string) =>
    fetch.answer(
      CDS,
      api.create('envoy.service.discovery.v3.DiscoveryRequest', {
        node,
        versionInfo,
        ...(error === undefined ? {} : { errorDetail: { code: 13, message: error } }),
      }),
    );
  const stateOf = () => nodes.get('n1')?.types[0]?.state;

  assert.throws(() => poll(''), HeddleError);
  snapshots.set({ clusters: { a: '1' } });
  const first = poll('');
  assert.equal(first.isNews, true);
  assert.equal(stateOf(), 'stale');
  const version = first.response.versionInfo ?? '';
  assert.equal(poll(version).isNews, false);
  assert.equal(stateOf(), 'synced');

  snapshots.set({ clusters: { a: '2' } });
  assert.equal(poll(version).isNews, true);
  assert.equal(poll(version, 'bad').isNews, false);
  assert.equal(stateOf(), 'refused');
  assert.equal(nodes.get('n1')?.types[0]?.lastNack?.message, 'bad');
  assert.equal(poll(version, 'still bad').isNews, false, 'what it refused is not sent again');
  snapshots.set({ clusters: { a: '3' } });
  assert.equal(poll(version, 'still bad').isNews, true);

  assert.equal(nodes.get('n1')?.isConnected, true);
  clock.advance(5 * 60_000);
  assert.equal(nodes.get('n1')?.isConnected, false);
});

test('names that are asked for by polling: those that exist, and endpoints that there are none of', () => {
  const clock = createFakeClock();
  const snapshots = new TestSnapshots();
  snapshots.set({ endpoints: { a: 'x' }, clusters: { a: '1' }, routes: { r: ['a'] } });
  const fetch = new DiscoveryFetch({
    snapshots,
    nodes: new NodeStatusBoard(clock, 60_000),
    emptyAssignment: (name) => buildEmptyAssignment(api, name),
    clock,
    controlPlaneId: 'test',
  });
  const ask = (typeUrl: string, resourceNames: string[]): string => {
    const request = api.create('envoy.service.discovery.v3.DiscoveryRequest', { node, resourceNames });
    return show(fetch.answer(typeUrl, request).response.resources as Parameters<typeof show>[0]);
  };
  assert.equal(ask(EDS, ['a', 'b', 'a']), 'a=x b=');
  assert.equal(ask(RDS, ['r', 'other']), 'r=a');
  assert.equal(ask(RDS, []), '');
  assert.equal(ask(CDS, ['*']), 'a=1');
  assert.equal(ask(CDS, ['none']), '');
  fetch.stop();
  assert.equal(clock.pendingTimerCount, 0);
});
