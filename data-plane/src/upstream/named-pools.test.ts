import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { buildClusterUpdate, buildHost } from './testing/cluster-updates.ts';
import { RecordedRequest } from './testing/recorded-request.ts';
import { createRecordingStats } from './testing/recording-stats.ts';
import { createSocketUpstream } from './testing/socket-upstream.ts';
import { startHttpServer, until } from './testing/upstream-server.ts';
import { WorkerClusters } from './thread-local-clusters.ts';

test('requests that want different servers share no connection, and a name that nobody uses leaves nothing', async (t) => {
  const server = await startHttpServer((_, answer) => answer.end('ok'));
  t.after(() => server.close());
  const clock = createFakeClock();
  const stats = createRecordingStats();
  const clusters = new WorkerClusters({
    workerIndex: 0,
    workerCount: 1,
    clock,
    rng: createSeededRng(1),
    stats: stats.scope,
    ...createSocketUpstream(clock),
  });
  t.after(() => clusters.close());
  const fields = { http: { idleTimeoutMs: 1_000 } };
  clusters.apply(buildClusterUpdate('c', [buildHost(0, server.port)], fields));
  const poolOf = (serverName: string) => {
    const cluster = clusters.get('c');
    const host = cluster?.chooseHost({
      metadataMatch: undefined,
      hostSelectionRetryCount: 0,
      shouldSelectAnotherHost: () => false,
    });
    assert.ok(cluster !== undefined && host !== undefined);
    return cluster.httpPool(host, 'default', 'HTTP/1.1', { serverName, subjectAltName: '' });
  };
  const ask = async (name: string): Promise<void> => {
    const request = new RecordedRequest(poolOf(name));
    await until(() => request.isOver);
    assert.equal(request.status, 200);
  };
  const first = poolOf('a.test');
  await ask('a.test');
  await ask('b.test');
  await ask('a.test');
  assert.equal(stats.valueOf('cluster.c.upstream_cx_total'), 2);
  assert.equal(poolOf('a.test'), first);
  clock.advance(2_000);
  await until(() => stats.valueOf('cluster.c.upstream_cx_active') === 0);
  assert.notEqual(poolOf('a.test'), first);
});
