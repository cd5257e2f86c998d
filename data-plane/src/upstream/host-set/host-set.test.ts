import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, type Rng } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { CommonLoadBalancing } from '../../config/model/cluster.ts';
import { hostFlag, type HostDescription, type HostSetUpdate } from '../../config/model/cluster-update.ts';
import { packHosts } from '../../config/model/packed-hosts.ts';
import { RoundRobinLoadBalancer } from '../load-balancer/round-robin.ts';
import {
  allocateClusterMemory,
  allocateHostFlags,
  allocateHostStats,
  epochWord,
  firstFlag,
} from '../shared-memory.ts';
import type { LoadBalancerContext } from '../upstream.ts';
import { HostSet } from './host-set.ts';
import type { WorkerHost } from './worker-host.ts';

const anyHost: LoadBalancerContext = {
  metadataMatch: undefined,
  hostSelectionRetryCount: 0,
  shouldSelectAnotherHost: () => false,
};

function describeHost(slot: number, fields: Partial<HostDescription> = {}): HostDescription {
  return {
    slot,
    address: '10.0.0.1',
    port: 8000 + slot,
    hostname: '',
    locality: { region: '', zone: '', subZone: '' },
    priority: 0,
    weight: 1,
    isCanary: false,
    metadata: {},
    transportSocket: -1,
    ...fields,
  };
}

let lastVersion = 0;

interface UpdateFields extends Partial<Omit<HostSetUpdate, 'added' | 'changed'>> {
  readonly changed?: readonly HostDescription[];
}

function updateOf(
  added: readonly HostDescription[],
  { changed = [], ...fields }: UpdateFields = {},
): HostSetUpdate {
  return {
    version: ++lastVersion,
    added: packHosts(added),
    changed: packHosts(changed),
    removed: [],
    priorities: [{ overprovisioningFactor: 140, localityWeights: [] }],
    ...fields,
  };
}

interface SetUp {
  readonly common?: Partial<CommonLoadBalancing>;
  readonly rng?: Rng;
  readonly flags?: Readonly<Record<number, number>>;
}

function setUp(initial: HostSetUpdate, { common = {}, rng = createSeededRng(5), flags = {} }: SetUp = {}) {
  const shared = allocateClusterMemory(2, 16);
  const words = new Int32Array(shared.hostFlags);
  const unhealthy: WorkerHost[] = [];
  let panics = 0;
  const setFlags = (slot: number, value: number) => {
    words[firstFlag + slot] = value;
    Atomics.add(words, epochWord, 1);
  };
  for (const [slot, value] of Object.entries(flags)) setFlags(Number(slot), value);
  const clock = createFakeClock();
  const hostSet = new HostSet(
    {
      common: {
        healthyPanicThresholdPercent: 50,
        updateMergeWindowMs: 1000,
        ignoreNewHostsUntilFirstHealthCheck: false,
        closeConnectionsOnHostSetChange: false,
        isLocalityWeighted: false,
        ...common,
      },
      shared,
      balancer: new RoundRobinLoadBalancer<WorkerHost>(rng),
      workerIndex: 1,
      workerCount: 2,
      clock,
      rng,
      panicPicks: {
        inc: () => {
          panics++;
        },
      },
      onHostUnhealthy: (host) => unhealthy.push(host),
    },
    initial,
  );
  const pickMany = (count: number): Record<string, number> => {
    const seen: Record<string, number> = {};
    for (let pick = 0; pick < count; pick++) {
      const label = hostSet.choose(anyHost)?.label ?? 'none';
      seen[label] = (seen[label] ?? 0) + 1;
    }
    return seen;
  };
  return { hostSet, shared, setFlags, pickMany, unhealthy, panicCount: () => panics, clock };
}

test('no host: nothing to choose', () => {
  assert.deepEqual(setUp(updateOf([])).pickMany(3), { none: 3 });
});

test('a pick after the epoch moved sees the new health, and the others share evenly', () => {
  const { pickMany, setFlags, unhealthy } = setUp(updateOf([0, 1, 2].map((slot) => describeHost(slot))));
  assert.deepEqual(pickMany(300), { '10.0.0.1:8000': 100, '10.0.0.1:8001': 100, '10.0.0.1:8002': 100 });
  setFlags(1, hostFlag.failedActiveHealthCheck);
  assert.deepEqual(pickMany(300), { '10.0.0.1:8000': 150, '10.0.0.1:8002': 150 });
  assert.deepEqual(
    unhealthy.map((host) => host.slot),
    [1],
  );
});

test('a host that kept being discovered, or is pending removal, is routed to while it passes', () => {
  const { pickMany } = setUp(updateOf([describeHost(0), describeHost(1)]), {
    flags: { 0: hostFlag.pendingDynamicRemoval },
  });
  assert.deepEqual(pickMany(100), { '10.0.0.1:8000': 50, '10.0.0.1:8001': 50 });
});

test('panic: too few healthy hosts, so all are used and counted', () => {
  const { pickMany, panicCount } = setUp(updateOf([0, 1, 2].map((slot) => describeHost(slot))), {
    flags: { 0: hostFlag.failedActiveHealthCheck, 1: hostFlag.failedActiveHealthCheck },
  });
  assert.deepEqual(pickMany(30), { '10.0.0.1:8000': 10, '10.0.0.1:8001': 10, '10.0.0.1:8002': 10 });
  assert.equal(panicCount(), 30);
});

test('panic threshold 0: an unhealthy cluster has no host', () => {
  const { pickMany } = setUp(updateOf([describeHost(0)]), {
    common: { healthyPanicThresholdPercent: 0 },
    flags: { 0: hostFlag.failedActiveHealthCheck },
  });
  assert.deepEqual(pickMany(3), { none: 3 });
});

test('priorities: half of the first is gone, so 30 % spill over', () => {
  const hosts = [0, 1]
    .map((slot) => describeHost(slot))
    .concat([2, 3].map((slot) => describeHost(slot, { priority: 1 })));
  const { pickMany } = setUp(
    updateOf(hosts, {
      priorities: Array.from({ length: 2 }, () => ({ overprovisioningFactor: 140, localityWeights: [] })),
    }),
    { flags: { 0: hostFlag.failedActiveHealthCheck } },
  );
  const picks = 20_000;
  const seen = pickMany(picks);
  const spilled = (seen['10.0.0.1:8002'] ?? 0) + (seen['10.0.0.1:8003'] ?? 0);
  assert.ok(Math.abs(spilled - 0.3 * picks) < 4 * Math.sqrt(picks * 0.3 * 0.7), String(spilled));
  assert.equal(seen['10.0.0.1:8000'], undefined);
});

test('localities share by weight times what is left of them', () => {
  const x = { region: '', zone: 'x', subZone: '' };
  const y = { region: '', zone: 'y', subZone: '' };
  const unweighted = { region: '', zone: 'z', subZone: '' };
  const hosts = [
    describeHost(0, { locality: x }),
    describeHost(1, { locality: x }),
    describeHost(2, { locality: y }),
    describeHost(3, { locality: unweighted }),
  ];
  const localityWeights = [
    { locality: x, weight: 1 },
    { locality: y, weight: 2 },
  ];
  const { pickMany } = setUp(
    updateOf(hosts, { priorities: [{ overprovisioningFactor: 140, localityWeights }] }),
    {
      common: { isLocalityWeighted: true },
      flags: { 0: hostFlag.failedActiveHealthCheck },
    },
  );
  const seen = pickMany(2700);
  // 0.7 : 2 of 2700 picks.
  assert.ok(Math.abs((seen['10.0.0.1:8001'] ?? 0) - 700) <= 1, JSON.stringify(seen));
  assert.ok(Math.abs((seen['10.0.0.1:8002'] ?? 0) - 2000) <= 1, JSON.stringify(seen));
  assert.equal(seen['10.0.0.1:8003'], undefined);
});

test('a rejected candidate is replaced, as often as the request allows, and then taken anyway', () => {
  const { hostSet } = setUp(updateOf([0, 1, 2].map((slot) => describeHost(slot))));
  const rejected: string[] = [];
  const chosen = hostSet.choose({
    metadataMatch: undefined,
    hostSelectionRetryCount: 2,
    shouldSelectAnotherHost: (host) => rejected.push(host.label) > 0,
  });
  assert.equal(rejected.length, 2);
  assert.ok(chosen !== undefined && !rejected.includes(chosen.label));
});

test('hosts change in place, leave with their numbers, and a slot begins anew', () => {
  const { hostSet, shared } = setUp(updateOf([describeHost(0), describeHost(1)]));
  const [first, second] = [...hostSet.hosts] as [WorkerHost, WorkerHost];
  first.stats.onRequestAttached();
  second.stats.onRequestAttached();
  assert.deepEqual(hostSet.apply(updateOf([], { changed: [describeHost(0, { weight: 9 })], removed: [1] })), [
    second,
  ]);
  assert.equal([...hostSet.hosts][0], first);
  assert.equal(first.weight, 9);
  hostSet.apply(updateOf([describeHost(1, { port: 9000 })]));
  second.stats.onRequestDetached();
  const third = [...hostSet.hosts][1] as WorkerHost;
  assert.equal(third.activeRequestCount(), 0);

  // A worker that started late may hear of the same change twice.
  assert.deepEqual(hostSet.apply(updateOf([describeHost(1)], { version: 1 })), []);
  assert.equal([...hostSet.hosts][1], third);

  // More hosts than fitted: numbers move along.
  const grown = { hostFlags: allocateHostFlags(32), hostStats: allocateHostStats(2, 32) };
  new Int32Array(grown.hostFlags).set(new Int32Array(shared.hostFlags));
  hostSet.apply(updateOf([describeHost(20)], { grown }));
  assert.equal(first.activeRequestCount(), 1);
  assert.equal([...hostSet.hosts].length, 3);
});
