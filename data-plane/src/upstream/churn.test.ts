import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { ClusterUpdate } from '../config/model/cluster-update.ts';
import { resourceKind, sumResource } from './circuit-breaker.ts';
import { ClusterManager } from './cluster-manager.ts';
import { EdsAssignments } from './discovery/eds-assignments.ts';
import { buildCluster, buildEndpoints, edsDiscovery, receive } from './testing/model-fixtures.ts';
import { RecordedRequest } from './testing/recorded-request.ts';
import { createRecordingStats } from './testing/recording-stats.ts';
import { ScriptedEds } from './testing/scripted-eds.ts';
import { createSocketUpstream } from './testing/socket-upstream.ts';
import { startHttpServer, until } from './testing/upstream-server.ts';
import { WorkerClusters } from './thread-local-clusters.ts';

const changeCount = 300;
const clientCount = 16;

test('no request fails while clusters and hosts change under load, and every count returns to zero', async (t) => {
  const rng = createSeededRng(20);
  const servers = await Promise.all([1, 2, 3, 4].map(() => startHttpServer((_, answer) => answer.end('ok'))));
  // Also after a failure: what is left open would keep the process, and nobody would hear of it.
  t.after(() => Promise.all(servers.map((server) => server.close())));
  const clock = createFakeClock();
  const workerStats = createRecordingStats();
  const socketUpstream = createSocketUpstream(clock);
  const clusters = new WorkerClusters({
    workerIndex: 0,
    workerCount: 1,
    clock,
    rng,
    stats: workerStats.scope,
    ...socketUpstream,
  });
  const eds = new ScriptedEds();
  let shared: (ClusterUpdate & { kind: 'replace' })['shared'] | undefined;
  const manager = new ClusterManager({
    workerCount: 1,
    clock,
    rng,
    stats: createRecordingStats().scope,
    assignments: new EdsAssignments(() => eds),
    resolver: { resolve: () => Promise.reject(new Error('not used')) },
    ...socketUpstream,
    acquireSecrets(_owner, _contexts, onReady) {
      onReady();
      return { countIn: () => undefined, release: () => undefined };
    },
    onHealthCheckEvent: () => undefined,
    onAllWorkersApplied: (callback) => callback(),
    publish(update) {
      // As on the way to a worker thread.
      clusters.apply(structuredClone(update));
      if (update.kind === 'replace') shared = update.shared;
    },
    publishRemoval: (name) => clusters.remove(name),
    neededClusters: () => ({ has: () => true }),
    onPrimaryReady: () => undefined,
    onStaticReady: () => undefined,
    onAllReady: () => undefined,
  });
  t.after(() => manager.stop());
  manager.loadStatic([]);
  manager.startSecondary(false);
  const configure = (revision: number) =>
    manager.onUpdate({
      upserts: [receive(buildCluster('c', edsDiscovery('c')), revision)],
      removed: [],
      systemVersion: '',
    });
  const assign = () => {
    const first = randomInteger(rng, servers.length);
    const count = 1 + randomInteger(rng, servers.length - 1);
    const ports = Array.from(
      { length: count },
      (_, index) => servers[(first + index) % servers.length]?.port ?? 0,
    );
    eds.send('c', buildEndpoints(ports));
  };

  configure(0);
  assign();
  let isChanging = true;
  let requestCount = 0;
  const sendRequests = async () => {
    while (isChanging) {
      const cluster = clusters.get('c');
      const host = cluster?.chooseHost({
        metadataMatch: undefined,
        hostSelectionRetryCount: 0,
        shouldSelectAnotherHost: () => false,
      });
      assert.ok(cluster !== undefined && host !== undefined);
      const request = new RecordedRequest(cluster.httpPool(host, 'default', 'HTTP/1.1'));
      await until(() => request.isOver);
      assert.deepEqual([request.status, request.failure, request.reset], [200, undefined, undefined]);
      requestCount++;
    }
  };
  const clients = Array.from({ length: clientCount }, sendRequests);
  try {
    for (let change = 1; change <= changeCount; change++) {
      if (randomInteger(rng, 4) === 0) configure(change);
      else assign();
      await nextTurn();
    }
  } finally {
    isChanging = false;
    await Promise.all(clients);
  }
  assert.ok(requestCount > changeCount, String(requestCount));

  for (const name of [
    'upstream_rq_active',
    'upstream_rq_pending_active',
    'upstream_cx_destroy_with_active_rq',
  ]) {
    assert.equal(workerStats.valueOf(`cluster.c.${name}`), 0, name);
  }
  clusters.remove('c');
  assert.ok(shared !== undefined);
  const { circuitBreakers } = shared;
  await until(() =>
    Object.values(resourceKind).every((kind) => sumResource(circuitBreakers, 'default', kind) === 0),
  );
});
