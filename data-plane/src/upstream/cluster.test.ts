import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostFlag, type ClusterUpdate } from '../config/model/cluster-update.ts';
import { circuitBreakerBase, hostStat, hostStatBase, slotCapacity, trafficWord } from './shared-memory.ts';
import {
  addedTo,
  changedIn,
  createRunningManager,
  edsCluster,
  portsOf,
  tcpCheck,
} from './testing/manager-harness.ts';
import { buildEndpoint, buildEndpoints, buildGroup, endpointsOf, receive } from './testing/model-fixtures.ts';

test('warm means one result for every host, good or bad', () => {
  const { manager, cds, eds: source, connector, published } = createRunningManager();
  cds(receive(edsCluster('a', { healthCheck: tcpCheck })));
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
  const { manager, cds, eds: source, connector } = createRunningManager();
  cds(receive(edsCluster('a', { healthCheck: tcpCheck })));
  source.send('a', buildEndpoints([1, 2]));
  connector.attempts[0]?.succeed();
  source.send('a', buildEndpoints([1]));
  assert.equal(manager.stateOf('a'), 'active');
});

test('slots of hosts that left while warming are free again', () => {
  const { cds, eds: source, connector, published } = createRunningManager();
  cds(receive(edsCluster('a', { healthCheck: tcpCheck })));
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

test('a slot is used again only after all workers dropped its host', () => {
  const { cds, eds: source, published, applied } = createRunningManager();
  cds(receive(edsCluster('a')));
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
  const { cds, eds: source, published, clock, stat } = createRunningManager();
  const weighted = (weight: number, ...more: number[]) =>
    endpointsOf([buildGroup([buildEndpoint(1, { weight }), ...more.map((port) => buildEndpoint(port))])]);
  cds(receive(edsCluster('a')));
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
  const { cds, eds: source, published } = createRunningManager();
  cds(receive(edsCluster('a')));
  source.send('a', buildEndpoints([1]));
  const flags = new Int32Array((published[0] as ClusterUpdate & { kind: 'replace' }).shared.hostFlags);
  const epoch = flags[0];
  source.send('a', endpointsOf([buildGroup([buildEndpoint(1, { healthStatus: 'draining' })])]));
  assert.notEqual(flags[0], epoch);
  assert.deepEqual([flags[1], published.length], [hostFlag.edsStatusDraining, 1]);
});

test('discovery and health: discovered and failing stays, unused, until it passes', () => {
  const { manager, cds, eds: source, connector, published, clock } = createRunningManager();
  cds(receive(edsCluster('a', { healthCheck: { ...tcpCheck, unhealthyThreshold: 1, healthyThreshold: 1 } })));
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

test('a host that fails itself in an answer is out at once, counts as excluded, and comes back by its checks', () => {
  const { manager, cds, eds: source, connector, clock, stats } = createRunningManager();
  cds(receive(edsCluster('a', { healthCheck: { ...tcpCheck, healthyThreshold: 1 } })));
  source.send('a', buildEndpoints([1]));
  const flags = () => manager.inspect()[0]?.hosts.map((host) => host.healthFlags);
  connector.attempts[0]?.succeed();
  const label = manager.inspect()[0]?.hosts[0]?.label ?? '';
  manager.onHostFailed('a', 'somebody else');
  manager.onHostFailed('unknown', label);
  assert.deepEqual(flags(), ['healthy']);
  manager.onHostFailed('a', label);
  assert.deepEqual(flags(), ['/failed_active_hc/excluded_via_immediate_hc_fail']);
  assert.equal(stats.valueOf('cluster.a.health_check.passive_failure'), 1);
  clock.advance(60_000);
  connector.attempts[1]?.succeed();
  assert.deepEqual(flags(), ['healthy']);
});

test('discovery and health: absent and passing stays, absent and failing leaves', () => {
  const { manager, cds, eds: source, connector, published, clock } = createRunningManager();
  cds(receive(edsCluster('a', { healthCheck: { ...tcpCheck, unhealthyThreshold: 1 } })));
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
  const { cds, eds: source, connector, published, clock } = createRunningManager();
  const check = { ...tcpCheck, intervalMs: 1_000 };
  cds(receive(edsCluster('a', { healthCheck: check })));
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
  cds(receive(edsCluster('a', { healthCheck: check }), 2));
  connector.attempts[3]?.succeed();
  assert.equal(published.length, 2);
  clock.advance(1_000);
  assert.equal(connector.attempts.length, 5);
});

test('a worker that starts late gets everything, one that died counts no more', () => {
  const { manager, cds, eds: source, published, stat } = createRunningManager({ workerCount: 2 });
  cds(receive(edsCluster('a', { circuitBreakers: { maxConnections: 1, trackRemaining: true } })));
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
  const { cds, eds: source, stat } = createRunningManager();
  cds(receive(edsCluster('a')));
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
