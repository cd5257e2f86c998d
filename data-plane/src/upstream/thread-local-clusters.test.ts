import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { hostFlag } from '../config/model/cluster-update.ts';
import { createStatsReader } from '../stats/stats-reader.ts';
import { createStatsStore } from '../stats/stats-store.ts';
import { WorkerHost } from './host-set/worker-host.ts';
import { allocateClusterMemory, epochWord, firstFlag, trafficWord } from './shared-memory.ts';
import { buildClusterUpdate, buildHost, buildHostSet } from './testing/cluster-updates.ts';
import type { ClusterFields } from './testing/model-fixtures.ts';
import { RecordedRequest } from './testing/recorded-request.ts';
import { createRecordingStats } from './testing/recording-stats.ts';
import { createSocketUpstream } from './testing/socket-upstream.ts';
import { startHttpServer, startTcpServer, until, type UpstreamServer } from './testing/upstream-server.ts';
import { WorkerClusters } from './thread-local-clusters.ts';
import type { HttpConnectionPool, LoadBalancerContext } from './upstream.ts';

const anyHost: LoadBalancerContext = {
  metadataMatch: undefined,
  hostSelectionRetryCount: 0,
  shouldSelectAnotherHost: () => false,
};
const cleanUps: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

let lastVersion = 0;

/** One worker with cluster `c` at that port, and real sockets. The clock is the test's. */
function setUp(port: number, fields: ClusterFields = {}) {
  const clock = createFakeClock();
  const stats = createRecordingStats();
  const shared = allocateClusterMemory(1, 8);
  const clusters = new WorkerClusters({
    workerIndex: 0,
    workerCount: 1,
    clock,
    rng: createSeededRng(1),
    stats: stats.scope,
    ...createSocketUpstream(clock),
  });
  cleanUps.push(() => clusters.close());
  const replace = () =>
    clusters.apply({ ...buildClusterUpdate('c', [buildHost(0, port)], fields, ++lastVersion), shared });
  replace();
  const pool = (): HttpConnectionPool => {
    const cluster = clusters.get('c');
    const host = cluster?.chooseHost(anyHost);
    assert.ok(cluster !== undefined && host !== undefined);
    return cluster.httpPool(host, 'default', 'HTTP/1.1');
  };
  return {
    clock,
    shared,
    clusters,
    replace,
    pool,
    stat: (name: string) => stats.valueOf(`cluster.c.${name}`),
  };
}

async function serve(server: Promise<UpstreamServer>): Promise<UpstreamServer> {
  const started = await server;
  cleanUps.push(() => started.close());
  return started;
}

/** A server that answers when the test says so. */
async function serveHeld() {
  const answers: (() => void)[] = [];
  const server = await serve(startHttpServer((_, answer) => answers.push(() => answer.end('ok'))));
  return { ...server, answers };
}

const answering = () => serve(startHttpServer((request, answer) => answer.end(request.url)));

test('a connection is reused, most recently used first, and everything is counted', async () => {
  const server = await answering();
  const { pool, stat, shared } = setUp(server.port);
  const first = new RecordedRequest(pool(), '/one');
  await until(() => first.isComplete);
  const second = new RecordedRequest(pool(), '/two');
  await until(() => second.isComplete);
  assert.deepEqual([first.status, first.body, second.body], [200, '/one', '/two']);
  assert.equal(first.connection, second.connection);
  assert.equal(second.connection?.isReused, true);
  assert.deepEqual(
    [
      'upstream_cx_total',
      'upstream_cx_active',
      'upstream_rq_total',
      'upstream_rq_active',
      'upstream_rq_pending_total',
      'upstream_rq_pending_active',
      'upstream_cx_connect_ms',
    ].map(stat),
    [1, 1, 2, 0, 1, 0, 1],
  );
  assert.ok(stat('upstream_cx_rx_bytes_total') > 0 && stat('upstream_cx_tx_bytes_total') > 0);
  assert.equal(new Int32Array(shared.circuitBreakers)[trafficWord], 1);
});

test('of several connections the one used last is used first', async () => {
  const server = await serveHeld();
  const { pool } = setUp(server.port);
  const requests = [new RecordedRequest(pool()), new RecordedRequest(pool())];
  await until(() => server.answers.length === 2);
  server.answers.shift()?.();
  await until(() => requests.some((request) => request.isComplete));
  const last = requests.find((request) => !request.isComplete);
  server.answers.shift()?.();
  await until(() => requests.every((request) => request.isComplete));
  const next = new RecordedRequest(pool());
  assert.equal(next.connection, last?.connection);
  await until(() => server.answers.length === 1);
  server.answers.shift()?.();
  await until(() => next.isComplete);
});

test('waiting requests are served in order of arrival, on as many connections as are allowed', async () => {
  const server = await serveHeld();
  const { pool, stat } = setUp(server.port, { circuitBreakers: { maxConnections: 1 } });
  const requests = ['/1', '/2', '/3'].map((path) => new RecordedRequest(pool(), path));
  for (const request of requests) {
    await until(() => server.answers.length > 0);
    assert.equal(server.sockets.size, 1);
    server.answers.shift()?.();
    await until(() => request.isComplete);
  }
  assert.equal(stat('upstream_cx_total'), 1);
  assert.ok(stat('upstream_cx_overflow') >= 1);
});

test('the limits: pending requests, requests, and one connection always', async () => {
  const server = await serveHeld();
  const pending = setUp(server.port, { circuitBreakers: { maxConnections: 0, maxPendingRequests: 1 } });
  const admitted = new RecordedRequest(pending.pool());
  const refused = new RecordedRequest(pending.pool());
  assert.deepEqual(refused.failure, { reason: 'overflow', detail: '' });
  assert.equal(pending.stat('upstream_rq_pending_overflow'), 1);
  await until(() => server.answers.length === 1);
  server.answers.shift()?.();
  await until(() => admitted.isComplete);

  const requests = setUp(server.port, { circuitBreakers: { maxRequests: 1 } });
  const running = new RecordedRequest(requests.pool());
  const overflowing = new RecordedRequest(requests.pool());
  await until(() => overflowing.failure !== undefined && server.answers.length === 1);
  assert.equal(requests.stat('upstream_rq_active_overflow'), 1);
  server.answers.shift()?.();
  await until(() => running.isComplete);
  assert.equal(requests.stat('upstream_rq_active'), 0);
});

test('a refused connection fails everything that waits on that pool', async () => {
  const server = await startHttpServer(() => undefined);
  await server.close();
  const { pool, stat } = setUp(server.port);
  const requests = [new RecordedRequest(pool()), new RecordedRequest(pool())];
  await until(() => requests.every((request) => request.isOver));
  assert.deepEqual(requests[1]?.failure, {
    reason: 'remote-connection-failure',
    detail: 'delayed connect error: Connection refused',
  });
  await until(() => stat('upstream_cx_active') === 0);
  assert.equal(stat('upstream_rq_pending_failure_eject'), 2);
  assert.equal(stat('upstream_rq_pending_active'), 0);
  assert.ok(stat('upstream_cx_connect_fail') >= 1);
});

test('a cancelled request takes no connection from the next one', async () => {
  const server = await answering();
  const { pool, stat } = setUp(server.port);
  const cancelled = new RecordedRequest(pool());
  cancelled.pending?.cancel();
  const request = new RecordedRequest(pool());
  await until(() => request.isComplete);
  assert.deepEqual(
    [cancelled.isOver, stat('upstream_cx_total'), stat('upstream_rq_cancelled')],
    [false, 1, 1],
  );
});

test('a request that is reset costs its connection', async () => {
  const server = await serveHeld();
  const { pool, stat } = setUp(server.port);
  const request = new RecordedRequest(pool());
  await until(() => server.answers.length === 1);
  request.encoder?.resetStream();
  await until(() => stat('upstream_cx_active') === 0);
  assert.deepEqual([request.isOver, stat('upstream_rq_active'), stat('upstream_cx_destroy')], [false, 0, 1]);
});

test('an idle connection closes after the idle time-out, and only then', async () => {
  const server = await answering();
  const { pool, stat, clock } = setUp(server.port, { http: { idleTimeoutMs: 60_000 } });
  const first = new RecordedRequest(pool());
  await until(() => first.isComplete && stat('upstream_rq_active') === 0);
  clock.advance(40_000);
  const second = new RecordedRequest(pool());
  await until(() => second.isComplete && stat('upstream_rq_active') === 0);
  clock.advance(40_000);
  assert.equal(stat('upstream_cx_idle_timeout'), 0);
  clock.advance(20_000);
  await until(() => stat('upstream_cx_active') === 0);
  assert.equal(stat('upstream_cx_idle_timeout'), 1);
});

test('a connection carries as many requests as it may, and lives as long as it may', async () => {
  const server = await answering();
  const limited = setUp(server.port, { http: { maxRequestsPerConnection: 2 } });
  for (let count = 0; count < 3; count++) {
    const request = new RecordedRequest(limited.pool());
    await until(() => request.isComplete);
  }
  assert.equal(limited.stat('upstream_cx_total'), 2);
  assert.equal(limited.stat('upstream_cx_max_requests'), 1);

  const aged = setUp(server.port, { http: { maxConnectionDurationMs: 10_000 } });
  const request = new RecordedRequest(aged.pool());
  await until(() => request.isComplete && aged.stat('upstream_rq_active') === 0);
  aged.clock.advance(10_000);
  await until(() => aged.stat('upstream_cx_active') === 0);
  assert.equal(aged.stat('upstream_cx_max_duration_reached'), 1);
});

test('an answer that closes the connection ends its use', async () => {
  const server = await serve(
    startHttpServer((_, answer) => answer.writeHead(200, { connection: 'close' }).end('bye')),
  );
  const { pool, stat } = setUp(server.port);
  for (let count = 0; count < 2; count++) {
    const request = new RecordedRequest(pool());
    await until(() => request.isComplete);
  }
  assert.equal(stat('upstream_cx_total'), 2);
  assert.equal(stat('upstream_cx_close_notify'), 2);
});

test('keep-alive race: a reused connection that closes without a byte of the answer says so', async () => {
  let requestCount = 0;
  const server = await serve(
    startTcpServer((socket) => {
      socket.on('data', () => {
        requestCount++;
        if (requestCount === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        else socket.end();
      });
    }),
  );
  const { pool } = setUp(server.port);
  const first = new RecordedRequest(pool());
  await until(() => first.isComplete);
  const second = new RecordedRequest(pool());
  await until(() => second.isOver);
  assert.deepEqual(second.reset, {
    reason: 'connection-termination',
    isReused: true,
    hasReceivedBytes: false,
  });
});

test('a connection that the server is about to close, as it has said, gets no request', async () => {
  const server = await serve(
    startTcpServer((socket) => {
      const head = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nkeep-alive: max=9, timeout=5\r\n\r\n';
      socket.on('data', () => socket.write(head));
    }),
  );
  const { pool, stat, clock } = setUp(server.port);
  for (const pauseMs of [0, 3_999, 4_000]) {
    clock.advance(pauseMs);
    const request = new RecordedRequest(pool());
    await until(() => request.isComplete);
  }
  assert.equal(stat('upstream_cx_total'), 2);
  assert.equal(stat('upstream_cx_idle_timeout'), 1);
});

test('a retry after that race gets a connection that carried nothing before, within the limit as well', async () => {
  const server = await answering();
  for (const maxConnections of [1024, 1]) {
    const { pool, stat } = setUp(server.port, { circuitBreakers: { maxConnections } });
    const first = new RecordedRequest(pool());
    await until(() => first.isComplete);
    const retry = new RecordedRequest(pool(), '/', true);
    assert.ok(retry.pending !== undefined);
    await until(() => retry.isComplete);
    assert.equal(retry.connection?.isReused, false);
    await until(() => stat('upstream_cx_active') === Math.min(maxConnections, 2));
  }
});

test('a server that closes an idle connection costs nothing', async () => {
  const server = await answering();
  const { pool, stat } = setUp(server.port);
  const first = new RecordedRequest(pool());
  await until(() => first.isComplete && stat('upstream_rq_active') === 0);
  for (const socket of server.sockets) socket.end();
  await until(() => stat('upstream_cx_active') === 0);
  const second = new RecordedRequest(pool());
  await until(() => second.isComplete);
  assert.equal(stat('upstream_cx_destroy_with_active_rq'), 0);
});

test('a replaced cluster: idle connections close, what runs and what waits finishes', async () => {
  const server = await serveHeld();
  const { pool, stat, clusters, replace } = setUp(server.port, { circuitBreakers: { maxConnections: 1 } });
  const running = new RecordedRequest(pool());
  const waiting = new RecordedRequest(pool());
  await until(() => server.answers.length === 1);
  const before = clusters.get('c');
  replace();
  assert.notEqual(clusters.get('c'), before);
  server.answers.shift()?.();
  await until(() => running.isComplete && server.answers.length === 1);
  server.answers.shift()?.();
  await until(() => waiting.isComplete && stat('upstream_cx_active') === 0);
  assert.equal(stat('upstream_cx_destroy_with_active_rq'), 0);

  // Whoever still holds the old object is served, and leaves no connection behind.
  const host = before?.chooseHost(anyHost);
  assert.ok(before !== undefined && host !== undefined);
  const late = new RecordedRequest(before.httpPool(host, 'default', 'HTTP/1.1'));
  await until(() => server.answers.length === 1);
  server.answers.shift()?.();
  await until(() => late.isComplete && stat('upstream_cx_active') === 0);
});

test('a host that leaves gets no request; the one it is answering ends well', async () => {
  const leaving = await serveHeld();
  const staying = await answering();
  const { pool, clusters, stat } = setUp(leaving.port);
  const running = new RecordedRequest(pool());
  await until(() => leaving.answers.length === 1);
  clusters.apply({
    kind: 'hosts',
    clusterName: 'c',
    hosts: buildHostSet([buildHost(1, staying.port)], [0], ++lastVersion),
  });
  for (let count = 0; count < 5; count++) {
    const request = new RecordedRequest(pool(), '/stays');
    await until(() => request.isComplete);
    assert.equal(request.body, '/stays');
  }
  leaving.answers.shift()?.();
  await until(() => running.isComplete && leaving.sockets.size === 0);
  assert.equal(running.status, 200);
  assert.equal(stat('upstream_cx_destroy_with_active_rq'), 0);
});

test('a host that fails its health check keeps no idle connection', async () => {
  const server = await answering();
  const { pool, shared, stat, clusters } = setUp(server.port);
  const request = new RecordedRequest(pool());
  await until(() => request.isComplete && stat('upstream_rq_active') === 0);
  const flags = new Int32Array(shared.hostFlags);
  flags[firstFlag] = hostFlag.failedActiveHealthCheck;
  Atomics.add(flags, epochWord, 1);
  // Panic: the only host is used all the same, on a new connection.
  clusters.get('c')?.chooseHost(anyHost);
  await until(() => stat('upstream_cx_active') === 0);
  const next = new RecordedRequest(pool());
  await until(() => next.isComplete);
  assert.equal(stat('upstream_cx_total'), 2);
});

test('a removed cluster is unknown at once, and what still runs is served', async () => {
  const server = await serveHeld();
  const { pool, clusters } = setUp(server.port);
  const request = new RecordedRequest(pool());
  await until(() => server.answers.length === 1);
  clusters.remove('c');
  assert.equal(clusters.get('c'), undefined);
  server.answers[0]?.();
  await until(() => request.isComplete);
});

test('the statistics of a removed cluster go with it, unless another one shares them', () => {
  const store = createStatsStore({ onDeclared: () => undefined });
  const reader = createStatsReader();
  const clusters = new WorkerClusters({
    workerIndex: 0,
    workerCount: 1,
    clock: createFakeClock(),
    rng: createSeededRng(1),
    stats: store.root,
    ...createSocketUpstream(createFakeClock()),
  });
  const put = (name: string, statName: string): void =>
    clusters.apply(buildClusterUpdate(name, [buildHost(0, 1)], { statName }, ++lastVersion));
  const isCounted = (statName: string): boolean => {
    const declaration = store.takeDeclaration();
    if (declaration !== undefined) reader.onDeclaration('worker_0', declaration);
    return reader.read(`cluster.${statName}.upstream_rq_total`) !== undefined;
  };
  put('a', 'own');
  put('b', 'shared');
  put('c', 'shared');
  assert.ok(!isCounted('own'), 'nobody asked for it yet');
  for (const name of ['a', 'b', 'c']) assert.ok(clusters.get(name));
  clusters.get('a')?.stats.noneHealthy.inc();
  put('a', 'own');
  put('a', 'own');
  assert.ok(isCounted('own'), 'a replaced cluster keeps them');
  clusters.get('a')?.stats.noneHealthy.inc();
  assert.equal(reader.read('cluster.own.upstream_cx_none_healthy'), 2);
  clusters.remove('a');
  clusters.remove('b');
  assert.ok(!isCounted('own'));
  assert.ok(isCounted('shared'));
  clusters.remove('c');
  assert.ok(!isCounted('shared'));
  put('a', 'own');
  clusters.get('a');
  assert.ok(isCounted('own'), 'and comes back with them');
  put('a', 'own');
  clusters.remove('a');
  assert.ok(!isCounted('own'), 'a successor that was never used lets go, too');
});

test('hosts are as old as their update, however late somebody asks for the cluster', () => {
  const clock = createFakeClock();
  const clusters = new WorkerClusters({
    workerIndex: 0,
    workerCount: 1,
    clock,
    rng: createSeededRng(1),
    stats: createRecordingStats().scope,
    ...createSocketUpstream(clock),
  });
  const cameAtMs = clock.monotonicMs();
  clusters.apply(buildClusterUpdate('c', [buildHost(0, 1)]));
  clock.advance(60_000);
  const host = clusters.get('c')?.chooseHost(anyHost);
  assert.ok(host instanceof WorkerHost);
  assert.equal(host.healthySinceMs, cameAtMs);
});
