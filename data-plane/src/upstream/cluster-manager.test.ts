import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { hostFlag, type ClusterUpdate } from '../config/model/cluster-update.ts';
import { unpackHosts } from '../config/model/packed-hosts.ts';
import { ClusterManager } from './cluster-manager.ts';
import { EdsAssignments } from './discovery/eds-assignments.ts';
import type { HealthCheckEvent } from './health/health-check-event.ts';
import { circuitBreakerBase, hostStat, hostStatBase, slotCapacity, trafficWord } from './shared-memory.ts';
import {
  buildCluster,
  buildEndpoint,
  buildEndpoints,
  buildGroup,
  buildHealthCheck,
  edsDiscovery,
  endpointsOf,
  receive,
} from './testing/model-fixtures.ts';
import { createRecordingStats } from './testing/recording-stats.ts';
import { ScriptedConnector } from './testing/scripted-connector.ts';
import { ScriptedEds } from './testing/scripted-eds.ts';

const tcpCheck = buildHealthCheck({ checker: { kind: 'tcp', sendHex: '', receiveHex: [] } });

function setUp({ workerCount = 1 } = {}) {
  const clock = createFakeClock();
  const stats = createRecordingStats();
  const eds = new ScriptedEds();
  const connector = new ScriptedConnector();
  const published: ClusterUpdate[] = [];
  const removals: string[] = [];
  const phases: string[] = [];
  const needed = new Set<string>();
  const events: HealthCheckEvent[] = [];
  const applied: (() => void)[] = [];
  const manager = new ClusterManager({
    workerCount,
    clock,
    rng: createSeededRng(1),
    stats: stats.scope,
    assignments: new EdsAssignments(eds),
    resolver: { resolve: () => Promise.reject(new Error('not used')) },
    connector,
    createCodec: () => assert.fail('checks here are TCP'),
    onHealthCheckEvent: (event) => events.push(event),
    onAllWorkersApplied: (callback) => applied.push(callback),
    publish: (update) => published.push(update),
    publishRemoval: (name) => removals.push(name),
    isNeeded: (name) => needed.has(name),
    onPrimaryReady: () => phases.push('primary'),
    onStaticReady: () => phases.push('static'),
    onAllReady: () => phases.push('all'),
  });
  /** CDS answers; what it leaves out is not touched. */
  const cds = (...resources: Parameters<ClusterManager['addOrUpdate']>[0][]) =>
    manager.onUpdate({ upserts: resources, removed: [], systemVersion: '1' });
  return {
    clock,
    stats,
    eds,
    connector,
    published,
    removals,
    phases,
    needed,
    events,
    applied,
    manager,
    cds,
    stat: (name: string) => stats.valueOf(name),
  };
}

/** Past the start: xDS runs, nothing is waited for. */
function setUpRunning(options?: { workerCount?: number }) {
  const running = setUp(options);
  running.manager.loadStatic([]);
  running.manager.startSecondary(false);
  return running;
}

const eds = (name: string, fields = {}, service = name) => buildCluster(name, edsDiscovery(service), fields);
const addedTo = (update: ClusterUpdate | undefined) =>
  update === undefined ? [] : unpackHosts(update.hosts.added);
const changedIn = (update: ClusterUpdate | undefined) =>
  update === undefined ? [] : unpackHosts(update.hosts.changed);
const portsOf = (update: ClusterUpdate | undefined) => addedTo(update).map((host) => host.port);

test('a new cluster is invisible until its endpoints are there', () => {
  const { manager, cds, eds: source, published, stat } = setUpRunning();
  const heard: string[] = [];
  manager.onActive((name) => heard.push(name));
  cds(receive(eds('a')));
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
  const { manager, cds, eds: source, stat } = setUpRunning();
  cds(receive(eds('empty')), receive(eds('removed')), receive(eds('late')));
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
  const { manager, cds, eds: source, published, connector, clock } = setUpRunning();
  cds(receive(eds('a')));
  source.send('a', buildEndpoints([1]));
  // Now with health checks: the known endpoints are there at once, the first round is not.
  cds(receive(eds('a', { healthCheck: tcpCheck }), 2));
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

test('warm means one result for every host, good or bad', () => {
  const { manager, cds, eds: source, connector, published } = setUpRunning();
  cds(receive(eds('a', { healthCheck: tcpCheck })));
  source.send('a', buildEndpoints([1, 2]));
  connector.attempts[0]?.succeed();
  assert.equal(manager.stateOf('a'), 'warming');
  connector.attempts[1]?.fail();
  assert.equal(manager.stateOf('a'), 'active');
  const flags = new Int32Array((published[0] as ClusterUpdate & { kind: 'replace' }).shared.hostFlags);
  assert.deepEqual([...flags.subarray(1, 3)], [0, hostFlag.failedActiveHealthCheck]);
  assert.deepEqual(
    manager.inspect()[0]?.hosts.map((host) => host.healthFlags),
    ['healthy', '/failed_active_hc'],
  );
});

test('a host that leaves before its first check counts as checked', () => {
  const { manager, cds, eds: source, connector } = setUpRunning();
  cds(receive(eds('a', { healthCheck: tcpCheck })));
  source.send('a', buildEndpoints([1, 2]));
  connector.attempts[0]?.succeed();
  source.send('a', buildEndpoints([1]));
  assert.equal(manager.stateOf('a'), 'active');
});

test('two clusters that share an EDS name both warm, by one subscription', () => {
  const { manager, cds, eds: source } = setUpRunning();
  cds(receive(eds('a', {}, 'shared')), receive(eds('b', {}, 'shared')));
  source.send('shared', buildEndpoints([1]));
  cds(receive(eds('c', {}, 'shared')));
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => manager.stateOf(name)),
    ['active', 'active', 'active'],
  );
  assert.deepEqual(source.subscribed, ['shared']);
});

test('an equal cluster is not touched, neither warming nor active', () => {
  const { cds, eds: source, published, stat } = setUpRunning();
  cds(receive(eds('a')));
  cds(receive(eds('a')));
  source.send('a', buildEndpoints([1]));
  cds(receive(eds('a')));
  assert.equal(published.length, 1);
  assert.deepEqual(
    ['cluster_added', 'cluster_modified'].map((name) => stat(`cluster_manager.${name}`)),
    [1, 0],
  );
});

test('a warming cluster that changes again keeps what discovery knows', () => {
  const { manager, cds, eds: source, connector, published } = setUpRunning();
  cds(receive(eds('a', { healthCheck: tcpCheck })));
  source.send('a', buildEndpoints([1]));
  cds(receive(eds('a'), 2));
  assert.equal(manager.stateOf('a'), 'active');
  assert.deepEqual([source.subscribed, portsOf(published[0])], [['a'], [1]]);
  assert.equal(connector.attempts[0]?.isClosed, true);
});

test('clusters of the bootstrap are neither changed nor removed by CDS', () => {
  const { manager, cds, published, removals } = setUp();
  const discovery = { kind: 'static', endpoints: buildEndpoints([1]) } as const;
  manager.loadStatic([receive(buildCluster('s', discovery))]);
  cds(receive(buildCluster('s', discovery, { connectTimeoutMs: 1 }), 2));
  manager.requestRemoval('s');
  assert.deepEqual([published.length, removals, manager.inspect()[0]?.version], [1, [], '1']);
});

test('a removed cluster goes when no route table names it, and comes back whole', () => {
  const { manager, cds, eds: source, removals, needed, stat } = setUpRunning();
  cds(receive(eds('a')));
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
  cds(receive(eds('a')));
  assert.deepEqual(source.subscribed, ['a', 'a']);
  source.send('a', buildEndpoints([3]));
  assert.equal(manager.stateOf('a'), 'active');
});

test('a removal that waits is called off when CDS names the cluster again', () => {
  const { manager, cds, eds: source, removals, needed } = setUpRunning();
  cds(receive(eds('a')));
  source.send('a', buildEndpoints([1]));
  needed.add('a');
  manager.requestRemoval('a');
  cds(receive(eds('a')));
  needed.delete('a');
  manager.retryRemovals();
  assert.deepEqual([manager.stateOf('a'), removals], ['active', []]);
});

test('a removed cluster that was still warming is dropped', () => {
  const { manager, cds, eds: source, removals, published } = setUpRunning();
  cds(receive(eds('a')));
  manager.requestRemoval('a');
  source.send('a', buildEndpoints([1]));
  assert.deepEqual([manager.stateOf('a'), removals, published], ['unknown', [], []]);
});

test('start: primary clusters, then secondary ones, then CDS and what it brings', () => {
  const { manager, cds, eds: source, phases } = setUp();
  manager.loadStatic([
    receive(buildCluster('xds', { kind: 'static', endpoints: buildEndpoints([1]) })),
    receive(eds('secondary')),
  ]);
  assert.deepEqual([phases, source.subscribed], [['primary'], []]);
  manager.startSecondary(true);
  assert.deepEqual([phases, source.subscribed], [['primary'], ['secondary']]);
  source.send('secondary', buildEndpoints([2]));
  assert.deepEqual(phases, ['primary', 'static']);
  cds(receive(eds('dynamic')));
  assert.deepEqual(phases, ['primary', 'static']);
  source.send('dynamic', buildEndpoints([3]));
  assert.deepEqual(phases, ['primary', 'static', 'all']);
});

test('start: nothing goes on before the last primary cluster is warm', () => {
  const { manager, connector, phases, eds: source } = setUp();
  const discovery = { kind: 'static', endpoints: buildEndpoints([1]) } as const;
  manager.loadStatic([
    receive(buildCluster('quick', discovery)),
    receive(buildCluster('checked', discovery, { healthCheck: tcpCheck })),
    receive(eds('secondary')),
  ]);
  manager.startSecondary(false);
  assert.deepEqual([phases, source.subscribed], [[], []]);
  connector.attempts[0]?.fail();
  assert.deepEqual([phases, source.subscribed], [['primary'], ['secondary']]);
});

test('slots of hosts that left while warming are free again', () => {
  const { cds, eds: source, connector, published } = setUpRunning();
  cds(receive(eds('a', { healthCheck: tcpCheck })));
  for (const port of [1, 2, 3]) source.send('a', buildEndpoints([9, port]));
  connector.attempts[0]?.succeed();
  assert.deepEqual(
    addedTo(published[0]).map((host) => [host.port, host.slot]),
    [
      [9, 0],
      [3, 1],
    ],
  );
});

test('start: a CDS that never answers, or whose answer is refused, ends the wait', () => {
  for (const end of [
    (manager: ClusterManager) => manager.onInitialFetchTimeout(),
    (manager: ClusterManager) => manager.onRejected([]),
  ]) {
    const { manager, phases } = setUp();
    manager.loadStatic([]);
    manager.startSecondary(true);
    end(manager);
    assert.deepEqual(phases, ['primary', 'static', 'all']);
  }
});

test('a slot is used again only after all workers dropped its host', () => {
  const { cds, eds: source, published, applied } = setUpRunning();
  cds(receive(eds('a')));
  source.send('a', buildEndpoints([1, 2]));
  source.send('a', buildEndpoints([2]));
  assert.deepEqual(published[1]?.hosts.removed, [0]);
  source.send('a', buildEndpoints([2, 3]));
  assert.equal(addedTo(published[2])[0]?.slot, 2);
  for (const callback of applied.splice(0)) callback();
  source.send('a', buildEndpoints([2, 3, 4]));
  assert.equal(addedTo(published[3])[0]?.slot, 0);
});

test('new weights are gathered in the merge window; a membership change takes them along', () => {
  const { cds, eds: source, published, clock, stat } = setUpRunning();
  const weighted = (weight: number, ...more: number[]) =>
    endpointsOf([buildGroup([buildEndpoint(1, { weight }), ...more.map((port) => buildEndpoint(port))])]);
  cds(receive(eds('a')));
  source.send('a', weighted(1));
  clock.advance(5_000);
  source.send('a', weighted(2));
  assert.equal(published.length, 2);
  source.send('a', weighted(3));
  source.send('a', weighted(4));
  assert.equal(published.length, 2);
  clock.advance(1_000);
  assert.deepEqual(
    changedIn(published[2]).map((host) => host.weight),
    [4],
  );
  source.send('a', weighted(5));
  source.send('a', weighted(5, 2));
  assert.deepEqual([published.length, changedIn(published[3]).length, portsOf(published[3])], [4, 1, [2]]);
  clock.advance(5_000);
  assert.equal(published.length, 4);
  assert.deepEqual(
    [
      'cluster_updated',
      'cluster_updated_via_merge',
      'update_merge_cancelled',
      'update_out_of_merge_window',
    ].map((name) => stat(`cluster_manager.${name}`)),
    [3, 1, 1, 1],
  );
});

test('health by discovery reaches the workers at once, by the epoch alone', () => {
  const { cds, eds: source, published } = setUpRunning();
  cds(receive(eds('a')));
  source.send('a', buildEndpoints([1]));
  const flags = new Int32Array((published[0] as ClusterUpdate & { kind: 'replace' }).shared.hostFlags);
  const epoch = flags[0];
  source.send('a', endpointsOf([buildGroup([buildEndpoint(1, { healthStatus: 'draining' })])]));
  assert.notEqual(flags[0], epoch);
  assert.deepEqual([flags[1], published.length], [hostFlag.edsStatusDraining, 1]);
});

test('discovery and health: discovered and failing stays, unused, until it passes', () => {
  const { manager, cds, eds: source, connector, published, clock } = setUpRunning();
  cds(receive(eds('a', { healthCheck: { ...tcpCheck, unhealthyThreshold: 1, healthyThreshold: 1 } })));
  source.send('a', buildEndpoints([1]));
  const flags = () => manager.inspect()[0]?.hosts.map((host) => host.healthFlags);
  connector.attempts[0]?.succeed();
  assert.deepEqual(flags(), ['healthy']);
  clock.advance(60_000);
  connector.attempts[1]?.fail();
  assert.deepEqual(flags(), ['/failed_active_hc']);
  clock.advance(60_000);
  connector.attempts[2]?.succeed();
  assert.deepEqual([flags(), published.length], [['healthy'], 1]);
});

test('discovery and health: absent and passing stays, absent and failing leaves', () => {
  const { manager, cds, eds: source, connector, published, clock } = setUpRunning();
  cds(receive(eds('a', { healthCheck: { ...tcpCheck, unhealthyThreshold: 1 } })));
  source.send('a', buildEndpoints([1]));
  connector.attempts[0]?.succeed();
  source.send('a', endpointsOf([]));
  assert.equal(published.length, 1);
  assert.equal(manager.inspect()[0]?.hosts[0]?.healthFlags, '/pending_dynamic_removal');
  clock.advance(60_000);
  connector.attempts[1]?.fail();
  assert.deepEqual([published[1]?.hosts.removed, manager.inspect()[0]?.hosts], [[0], []]);
  clock.advance(600_000);
  assert.equal(connector.attempts.length, 2);
});

test('checks speed up once the cluster has had traffic, and stay so across an update', () => {
  const { cds, eds: source, connector, published, clock } = setUpRunning();
  const check = { ...tcpCheck, intervalMs: 1_000 };
  cds(receive(eds('a', { healthCheck: check })));
  source.send('a', buildEndpoints([1]));
  connector.attempts[0]?.succeed();
  clock.advance(59_000);
  assert.equal(connector.attempts.length, 1);
  new Int32Array((published[0] as ClusterUpdate & { kind: 'replace' }).shared.circuitBreakers)[trafficWord] =
    1;
  clock.advance(1_000);
  connector.attempts[1]?.succeed();
  clock.advance(1_000);
  connector.attempts[2]?.succeed();
  cds(receive(eds('a', { healthCheck: check }), 2));
  connector.attempts[3]?.succeed();
  assert.equal(published.length, 2);
  clock.advance(1_000);
  assert.equal(connector.attempts.length, 5);
});

test('a worker that starts late gets everything, one that died counts no more', () => {
  const { manager, cds, eds: source, published, stat } = setUpRunning({ workerCount: 2 });
  cds(receive(eds('a', { circuitBreakers: { maxConnections: 1, trackRemaining: true } })));
  source.send('a', buildEndpoints([1, 2]));
  source.send('a', buildEndpoints([2]));
  const [update] = manager.activeUpdates();
  assert.deepEqual([update?.kind, portsOf(update)], ['replace', [2]]);

  const { shared } = published[0] as ClusterUpdate & { kind: 'replace' };
  new Int32Array(shared.circuitBreakers)[circuitBreakerBase(1, 'default')] = 1;
  const numbers = new Float64Array(shared.hostStats);
  numbers[hostStatBase(1, slotCapacity(shared.hostFlags), 1) + hostStat.requestsActive] = 7;
  manager.refreshStats();
  assert.equal(manager.inspect()[0]?.hosts[0]?.stats.rq_active, 7);
  assert.deepEqual(
    ['cx_open', 'remaining_cx', 'rq_open'].map((name) => stat(`cluster.a.circuit_breakers.default.${name}`)),
    [1, 0, 0],
  );
  manager.onWorkerDied(1);
  manager.refreshStats();
  assert.equal(manager.inspect()[0]?.hosts[0]?.stats.rq_active, 0);
  assert.equal(stat('cluster.a.circuit_breakers.default.cx_open'), 0);
});

test('membership is counted', () => {
  const { cds, eds: source, stat } = setUpRunning();
  cds(receive(eds('a')));
  source.send(
    'a',
    endpointsOf([
      buildGroup([
        buildEndpoint(1, { weight: 7 }),
        buildEndpoint(2, { healthStatus: 'degraded' }),
        buildEndpoint(3, { healthStatus: 'draining' }),
      ]),
    ]),
  );
  assert.deepEqual(
    [
      'membership_total',
      'membership_healthy',
      'membership_degraded',
      'membership_excluded',
      'max_host_weight',
      'membership_change',
    ].map((name) => stat(`cluster.a.${name}`)),
    [3, 1, 1, 1, 7, 1],
  );
});
