import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterManager } from './cluster-manager.ts';
import {
  createManagerHarness,
  createRunningManager,
  edsCluster,
  portsOf,
  tcpCheck,
} from './testing/manager-harness.ts';
import { buildCluster, buildEndpoints, endpointsOf, receive } from './testing/model-fixtures.ts';

test('a new cluster is invisible until its endpoints are there', () => {
  const { manager, cds, eds: source, published, stat } = createRunningManager();
  const heard: string[] = [];
  manager.onActive((name) => heard.push(name));
  cds(receive(edsCluster('a')));
  assert.equal(manager.stateOf('a'), 'warming');
  assert.deepEqual(
    [published.length, stat('cluster_manager.warming_clusters'), stat('cluster.a.warming_state')],
    [0, 1, 1],
  );
  source.send('a', buildEndpoints([1, 2]));
  assert.equal(manager.stateOf('a'), 'active');
  assert.deepEqual([published[0]?.kind, portsOf(published[0]), heard], ['replace', [1, 2], ['a']]);
  assert.deepEqual(
    [
      stat('cluster_manager.warming_clusters'),
      stat('cluster_manager.active_clusters'),
      stat('cluster.a.warming_state'),
    ],
    [0, 1, 0],
  );
});

test('an empty assignment, a removed one and a time-out all end the wait', () => {
  const { manager, cds, eds: source, stat } = createRunningManager();
  cds(receive(edsCluster('empty')), receive(edsCluster('removed')), receive(edsCluster('late')));
  source.send('empty', endpointsOf([]));
  source.remove('removed');
  source.timeOut('late');
  assert.deepEqual(
    ['empty', 'removed', 'late'].map((name) => manager.stateOf(name)),
    ['active', 'active', 'active'],
  );
  assert.equal(stat('cluster.late.init_fetch_timeout'), 1);
});

test('a changed cluster warms beside the serving one, which follows its endpoints, with what is known at once', () => {
  const { manager, cds, eds: source, published, connector, clock } = createRunningManager();
  cds(receive(edsCluster('a')));
  source.send('a', buildEndpoints([1]));
  // Now with health checks: the known endpoints are there at once, the first round is not.
  cds(receive(edsCluster('a', { healthCheck: tcpCheck }), 2));
  assert.deepEqual(source.subscribed, ['a']);
  assert.equal(connector.attempts.length, 1);
  source.send('a', buildEndpoints([1, 2]));
  assert.deepEqual(
    published.map((update) => update.kind),
    ['replace', 'hosts'],
  );
  assert.deepEqual(portsOf(published[1]), [2]);
  for (const attempt of connector.attempts) attempt.succeed();
  assert.deepEqual(
    published.map((update) => update.kind),
    ['replace', 'hosts', 'replace'],
  );
  assert.deepEqual(portsOf(published[2]), [1, 2]);
  assert.equal(manager.inspect().length, 1);
  // Only the new object hears of endpoints and runs timers.
  source.send('a', buildEndpoints([1, 2, 3]));
  assert.equal(published.length, 4);
  manager.stop();
  assert.equal(clock.pendingTimerCount, 0);
  assert.equal(source.watcherCount('a'), 0);
});

test('two clusters that share an EDS name both warm, by one subscription', () => {
  const { manager, cds, eds: source } = createRunningManager();
  cds(receive(edsCluster('a', {}, 'shared')), receive(edsCluster('b', {}, 'shared')));
  source.send('shared', buildEndpoints([1]));
  cds(receive(edsCluster('c', {}, 'shared')));
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => manager.stateOf(name)),
    ['active', 'active', 'active'],
  );
  assert.deepEqual(source.subscribed, ['shared']);
});

test('an equal cluster is not touched, neither warming nor active', () => {
  const { cds, eds: source, published, stat } = createRunningManager();
  cds(receive(edsCluster('a')));
  cds(receive(edsCluster('a')));
  source.send('a', buildEndpoints([1]));
  cds(receive(edsCluster('a')));
  assert.equal(published.length, 1);
  assert.deepEqual(
    ['cluster_added', 'cluster_modified'].map((name) => stat(`cluster_manager.${name}`)),
    [1, 0],
  );
});

test('a warming cluster that changes again keeps what discovery knows', () => {
  const { manager, cds, eds: source, connector, published } = createRunningManager();
  cds(receive(edsCluster('a', { healthCheck: tcpCheck })));
  source.send('a', buildEndpoints([1]));
  cds(receive(edsCluster('a'), 2));
  assert.equal(manager.stateOf('a'), 'active');
  assert.deepEqual([source.subscribed, portsOf(published[0])], [['a'], [1]]);
  assert.equal(connector.attempts[0]?.isClosed, true);
});

test('clusters of the bootstrap are neither changed nor removed by CDS', () => {
  const { manager, cds, published, removals } = createManagerHarness();
  const discovery = { kind: 'static', endpoints: buildEndpoints([1]) } as const;
  manager.loadStatic([receive(buildCluster('s', discovery))]);
  cds(receive(buildCluster('s', discovery, { connectTimeoutMs: 1 }), 2));
  manager.requestRemovals(['s']);
  assert.deepEqual([published.length, removals, manager.inspect()[0]?.version], [1, [], '1']);
});

test('a removed cluster goes when no route table names it, and comes back whole', () => {
  const { manager, cds, eds: source, removals, needed, stat } = createRunningManager();
  cds(receive(edsCluster('a')));
  source.send('a', buildEndpoints([1]));
  needed.add('a');
  manager.onUpdate({ upserts: [], removed: ['a'], systemVersion: '2' });
  assert.deepEqual(
    [manager.stateOf('a'), removals, manager.inspect()[0]?.isRemovalPending],
    ['active', [], true],
  );
  source.send('a', buildEndpoints([1, 2]));
  assert.equal(manager.inspect()[0]?.hosts.length, 2);
  assert.equal(stat('cluster.a.membership_total'), 2);
  needed.delete('a');
  manager.retryRemovals();
  assert.deepEqual(
    [manager.stateOf('a'), removals, stat('cluster_manager.cluster_removed')],
    ['unknown', ['a'], 1],
  );
  assert.equal(stat('cluster.a.membership_total'), 0);
  assert.equal(source.watcherCount('a'), 0);
  cds(receive(edsCluster('a')));
  assert.deepEqual(source.subscribed, ['a', 'a']);
  source.send('a', buildEndpoints([3]));
  assert.equal(manager.stateOf('a'), 'active');
});

test('a cluster that waits for its removal keeps its last endpoints, until CDS names it again', () => {
  const { manager, cds, eds: source, needed } = createRunningManager();
  const hostCount = () => manager.inspect()[0]?.hosts.length;
  cds(receive(edsCluster('a')));
  source.send('a', buildEndpoints([1, 2]));
  needed.add('a');
  manager.requestRemovals(['a']);
  source.send('a', buildEndpoints([]));
  assert.equal(hostCount(), 2, 'the server knows no endpoints of what it does not know');
  source.send('a', buildEndpoints([2]));
  assert.equal(hostCount(), 1);
  cds(receive(edsCluster('a')));
  source.send('a', buildEndpoints([]));
  assert.equal(hostCount(), 0);
});

test('a removal that waits is called off when CDS names the cluster again', () => {
  const { manager, cds, eds: source, removals, needed } = createRunningManager();
  cds(receive(edsCluster('a')));
  source.send('a', buildEndpoints([1]));
  needed.add('a');
  manager.requestRemovals(['a']);
  cds(receive(edsCluster('a')));
  needed.delete('a');
  manager.retryRemovals();
  assert.deepEqual([manager.stateOf('a'), removals], ['active', []]);
});

test('the removal of many clusters asks once what routes name', () => {
  const harness = createRunningManager();
  const names = Array.from({ length: 100 }, (_, index) => `cluster-${index}`);
  harness.cds(...names.map((name) => receive(edsCluster(name))));
  for (const name of names) harness.eds.send(name, buildEndpoints([1]));
  harness.needed.add('cluster-7');
  harness.manager.onUpdate({ upserts: [], removed: names, systemVersion: '2' });
  assert.deepEqual([harness.removals.length, harness.neededAskedCount], [99, 1]);
  assert.equal(harness.manager.stateOf('cluster-7'), 'active');
});

test('a removed cluster that was still warming is dropped', () => {
  const { manager, cds, eds: source, removals, published } = createRunningManager();
  cds(receive(edsCluster('a')));
  manager.requestRemovals(['a']);
  source.send('a', buildEndpoints([1]));
  assert.deepEqual([manager.stateOf('a'), removals, published], ['unknown', [], []]);
});

test('start: primary clusters, then secondary ones, then CDS and what it brings', () => {
  const { manager, cds, eds: source, phases } = createManagerHarness();
  manager.loadStatic([
    receive(buildCluster('xds', { kind: 'static', endpoints: buildEndpoints([1]) })),
    receive(edsCluster('secondary')),
  ]);
  assert.deepEqual([phases, source.subscribed], [['primary'], []]);
  manager.startSecondary(true);
  assert.deepEqual([phases, source.subscribed], [['primary'], ['secondary']]);
  source.send('secondary', buildEndpoints([2]));
  assert.deepEqual(phases, ['primary', 'static']);
  cds(receive(edsCluster('dynamic')));
  assert.deepEqual(phases, ['primary', 'static']);
  source.send('dynamic', buildEndpoints([3]));
  assert.deepEqual(phases, ['primary', 'static', 'all']);
});

test('start: nothing goes on before the last primary cluster is warm', () => {
  const { manager, connector, phases, eds: source } = createManagerHarness();
  const discovery = { kind: 'static', endpoints: buildEndpoints([1]) } as const;
  manager.loadStatic([
    receive(buildCluster('quick', discovery)),
    receive(buildCluster('checked', discovery, { healthCheck: tcpCheck })),
    receive(edsCluster('secondary')),
  ]);
  manager.startSecondary(false);
  assert.deepEqual([phases, source.subscribed], [[], []]);
  connector.attempts[0]?.fail();
  assert.deepEqual([phases, source.subscribed], [['primary'], ['secondary']]);
});

test('start: a CDS that never answers, or whose answer is refused, ends the wait', () => {
  for (const end of [
    (manager: ClusterManager) => manager.onInitialFetchTimeout(),
    (manager: ClusterManager) => manager.onRejected([]),
  ]) {
    const { manager, phases } = createManagerHarness();
    manager.loadStatic([]);
    manager.startSecondary(true);
    end(manager);
    assert.deepEqual(phases, ['primary', 'static', 'all']);
  }
});
