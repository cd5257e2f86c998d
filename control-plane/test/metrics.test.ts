import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { usePeer } from '@heddle/shared/testing/peers';
import { parsePrometheusText } from '@heddle/shared/testing/prometheus-text';
import { createRedisServer } from '@heddle/shared/testing/redis-server';
import { systemClock } from '@heddle/shared/time/clock';
import { createLoadStatsService } from '@heddle/shared/xds/load-stats-service';
import { Registry as MetricsRegistry } from 'prom-client';
import type { ControlPlane } from '../src/control-plane.ts';
import { describeMetrics } from '../src/describe-metrics.ts';
import { declareStateMetrics } from '../src/metrics.ts';
import { SnapshotBuilder } from '../src/snapshot/build-snapshot.ts';
import { buildMesh } from '../src/snapshot/mesh-state.ts';
import { SnapshotCache } from '../src/snapshot/snapshot-cache.ts';
import { NodeStatusBoard } from '../src/xds/node-status.ts';
import { ackOf, api, connectSotw, nodeNamed, refusal } from './ads-client.ts';
import { put, startTestControlPlane } from './mesh-harness.ts';
import { CDS } from './xds-harness.ts';

const redis = usePeer('redis-server');
const rows = describeMetrics();
const moved = new Set<string>();
const unlisted = new Set<string>();

/** Reads the text strictly, notes what is not 0, and returns the sums by name and labels' values. */
function observe(text: string): (name: string, label?: string) => number {
  const families = parsePrometheusText(text);
  for (const { name, type, samples } of families) {
    const row = rows.find((candidate) => candidate.name === name);
    if (row?.type !== type) unlisted.add(`${name} ${type}`);
    if (samples.some(({ value }) => value !== 0)) moved.add(name);
  }
  return (name, label) =>
    families
      .flatMap(({ samples }) => samples)
      .filter(
        (sample) =>
          sample.name === name && (label === undefined || [...sample.labels.values()].includes(label)),
      )
      .reduce((sum, { value }) => sum + value, 0);
}

async function scrape(controlPlane: ControlPlane) {
  const answer = await fetch(`http://127.0.0.1:${controlPlane.restPort}/metrics`, {
    headers: { connection: 'close' },
  });
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  return observe(await answer.text());
}

async function untilScraped(
  controlPlane: ControlPlane,
  isReached: (read: Awaited<ReturnType<typeof scrape>>) => boolean,
): Promise<void> {
  const options = { clock: systemClock, deadlineMs: 30_000, intervalMs: 20 };
  await waitUntil(String(isReached), async () => isReached(await scrape(controlPlane)), options);
}

const service = (name: string): MeshObject => ({ kind: 'Service', metadata: { name } });

function instance(name: string): MeshObject {
  return {
    kind: 'Instance',
    metadata: { name, service: 'web' },
    spec: { address: '127.0.0.1', port: 1, lease: { ttlSeconds: 1 } },
  };
}

/** A proxy that had 20 answers; it ends its stream once it was asked. */
function reportLoad(xdsPort: number): Promise<void> {
  const client = new Client(`127.0.0.1:${xdsPort}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = createLoadStatsService(api).StreamLoadStats;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const report = { clusterName: 'web', upstreamLocalityStats: [{ totalSuccessfulRequests: 20 }] };
  const messageOf = (clusterStats: (typeof report)[]) =>
    api.create('envoy.service.load_stats.v3.LoadStatsRequest', { node: { id: 'n1' }, clusterStats });
  return new Promise((resolve, reject) => {
    stream.once('data', () => {
      stream.write(messageOf([report]));
      stream.end();
    });
    stream.once('end', () => {
      client.close();
      resolve();
    });
    stream.once('error', reject);
    stream.write(messageOf([]));
  });
}

test(
  'metrics of streams, answers, requests and the registry, in good and in bad times',
  { skip: redis.skip },
  async () => {
    const server = await createRedisServer(redis.path);
    await server.start();
    const controlPlane = await startTestControlPlane({ registry: { kind: 'redis', url: server.url } });
    const client = connectSotw(controlPlane.xdsPort);
    try {
      client.send({ node: nodeNamed('n1'), typeUrl: CDS });
      const first = await client.next(CDS);
      let read = await scrape(controlPlane);
      assert.equal(read('heddle_xds_proxies', 'stale'), 1);
      assert.equal(read('heddle_xds_streams', 'sotw'), 1);
      await untilScraped(controlPlane, (now) => now('heddle_xds_convergence_lag_seconds') > 0);
      client.send(ackOf(first));
      await untilScraped(controlPlane, (now) => now('heddle_xds_proxies', 'synced') === 1);
      read = await scrape(controlPlane);
      assert.equal(read('heddle_xds_convergence_lag_seconds'), 0);
      assert.equal(read('heddle_xds_answer_duration_seconds_count', 'Cluster'), 1);

      await reportLoad(controlPlane.xdsPort);
      await untilScraped(controlPlane, (now) => now('heddle_load_requests_total', 'success') === 20);
      await put(controlPlane, service('web'));
      const second = await client.next(CDS);
      client.send({ ...ackOf(second), versionInfo: first.versionInfo, errorDetail: refusal });
      await untilScraped(controlPlane, (now) => now('heddle_xds_proxies', 'refused') === 1);
      assert.equal((await fetch(`http://127.0.0.1:${controlPlane.restPort}/v1/services/none`)).status, 404);

      for (const name of ['1', '2', '3', '4']) await put(controlPlane, instance(name));
      await untilScraped(controlPlane, (now) => now('heddle_registry_held_instances') === 4);

      await server.lose();
      await untilScraped(controlPlane, (now) => now('heddle_registry_available') === 0);
      await server.start();
      await untilScraped(controlPlane, (now) => now('heddle_registry_refills_total') === 1);
      await untilScraped(controlPlane, (now) => now('heddle_registry_available') === 1);
    } finally {
      client[Symbol.dispose]();
      await controlPlane.stop();
      await server.remove();
    }
  },
);

test('a candidate that breaks the rules of the API is counted', async () => {
  // What the API would refuse is refused by REST already, so the rule here is the test's.
  const builder = new SnapshotBuilder(api, () => ['broken']);
  const snapshots = new SnapshotCache(builder, systemClock, createSilentLogger());
  const metrics = new MetricsRegistry();
  const status = () => ({ kind: 'available', revision: 1 }) as const;
  const nodes = new NodeStatusBoard(systemClock, 1);
  declareStateMetrics(metrics, { registry: { status, held: () => [] }, snapshots, nodes });
  snapshots.watch({ id: 'n' }, () => undefined);
  snapshots.publish(buildMesh([service('web')]), 1);
  assert.equal(observe(await metrics.metrics())('heddle_snapshot_rejected_total'), 1);
});

test('every metric of the page moved, and there is none that it does not list', { skip: redis.skip }, () => {
  assert.deepEqual([...unlisted], []);
  assert.deepEqual(
    rows.map(({ name }) => name).filter((name) => !moved.has(name)),
    [],
  );
});
