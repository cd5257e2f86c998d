import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createSeededRng } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { LogFiles, logFileStats } from '../../src/downstream/http/access-log/log-file.ts';
import { createCountingStats } from '../../src/downstream/testing/counting-stats.ts';
import { UdpProxyFilter } from '../../src/router/udp/udp-proxy.ts';
import { TimerWheel } from '../../src/time/timer-wheel.ts';
import type { SocketAddress } from '../../src/transport/connection.ts';
import { buildClusterUpdate, buildHost, buildHostSet } from '../../src/upstream/testing/cluster-updates.ts';
import { createSocketUpstream } from '../../src/upstream/testing/socket-upstream.ts';
import { until } from '../../src/upstream/testing/upstream-server.ts';
import { WorkerClusters } from '../../src/upstream/thread-local-clusters.ts';
import { UdpServer } from './udp-parts.ts';

const peer: SocketAddress = { address: '127.0.0.1', port: 7 };

/** A proxy to cluster `c`, with hosts that are sockets and a client that is none. */
async function setUp(t: TestContext) {
  const clock = createFakeClock();
  const wheel = new TimerWheel(clock);
  const stats = createCountingStats();
  const servers: UdpServer[] = [];
  for (const name of ['a', 'b']) {
    const server = await UdpServer.start((datagram) => `${name}:${datagram.toString()}`);
    servers.push(server);
    t.after(() => server.close());
  }
  const host = (slot: number) => buildHost(slot, servers[slot]?.port ?? 0);
  const clusters = new WorkerClusters({
    workerIndex: 0,
    workerCount: 1,
    clock: wheel,
    rng: createSeededRng(1),
    stats,
    ...createSocketUpstream(clock),
  });
  clusters.apply(buildClusterUpdate('c', [host(0)]));
  const answers: string[] = [];
  const proxy = new UdpProxyFilter(
    {
      statPrefix: 'p',
      route: { kind: 'cluster', name: 'c' },
      idleTimeoutMs: 1_000,
      usesPerPacketLoadBalancing: false,
      maxUpstreamDatagramBytes: 1_500,
      accessLogs: [],
      proxyAccessLogs: [],
    },
    {
      wheel,
      rng: createSeededRng(1),
      stats,
      clusters,
      logFiles: new LogFiles({ clock, stats: logFileStats.create(stats), logger: createSilentLogger() }),
      nextStreamId: () => 1,
    },
    {
      localAddress: { address: '127.0.0.1', port: 1 },
      send(datagram, to, onSent) {
        assert.deepEqual(to, peer);
        answers.push(datagram.toString());
        onSent(null);
      },
    },
  );
  t.after(() => {
    proxy.close();
    clusters.close();
  });
  return {
    clock,
    clusters,
    proxy,
    host,
    stat: (name: string) => stats.value(name),
    active: () => stats.value('udp.p.downstream_sess_active'),
    async ask(text: string): Promise<string> {
      const count = answers.length;
      proxy.onDatagram(Buffer.from(text), peer);
      await until(() => answers.length > count);
      return answers[count] ?? '';
    },
  };
}

test('a session ends with its host, and the client has another one', async (t) => {
  const { clusters, host, ask, active, stat } = await setUp(t);
  assert.equal(await ask('x'), 'a:x');
  clusters.apply({ kind: 'hosts', clusterName: 'c', hosts: buildHostSet([host(1)], [], 2) });
  assert.equal(await ask('x'), 'a:x');
  assert.equal(active(), 1);
  clusters.apply({ kind: 'hosts', clusterName: 'c', hosts: buildHostSet([], [0], 3) });
  assert.equal(active(), 0);
  assert.equal(await ask('x'), 'b:x');
  assert.equal(stat('udp.p.downstream_sess_total'), 2);
});

test('a session ends with its cluster object, and without a cluster there is no route', async (t) => {
  const { clusters, host, ask, active, proxy, stat } = await setUp(t);
  assert.equal(await ask('x'), 'a:x');
  clusters.apply(buildClusterUpdate('c', [host(1)], {}, 2));
  assert.equal(active(), 0);
  assert.equal(await ask('x'), 'b:x');
  clusters.remove('c');
  assert.equal(active(), 0);
  proxy.onDatagram(Buffer.from('x'), peer);
  assert.equal(stat('udp.p.downstream_sess_no_route'), 1);
});

test('datagrams of either side keep a session, and silence ends it', async (t) => {
  const { clock, ask, active, stat } = await setUp(t);
  await ask('x');
  clock.advance(900);
  await ask('x');
  clock.advance(900);
  assert.equal(active(), 1);
  clock.advance(200);
  assert.equal(active(), 0);
  assert.equal(stat('udp.p.idle_timeout'), 1);
});

test('without a host nothing is a session', async (t) => {
  const { clusters, proxy, active, stat } = await setUp(t);
  clusters.apply(buildClusterUpdate('c', [], {}, 2));
  proxy.onDatagram(Buffer.from('x'), peer);
  assert.equal(active(), 0);
  assert.equal(stat('udp.p.downstream_sess_total'), 0);
  assert.equal(stat('cluster.c.upstream_cx_none_healthy'), 1);
});
