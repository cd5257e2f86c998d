import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostFlag } from '../../config/model/cluster-update.ts';
import type { Endpoint, Endpoints, LocalityEndpoints } from '../../config/model/endpoints.ts';
import { HostMemory } from './host-memory.ts';
import type { Member } from './member.ts';
import { Membership, type MembershipOptions } from './membership.ts';

const here = { region: '', zone: 'a', subZone: '' };
const there = { region: '', zone: 'b', subZone: '' };

function endpoint(port: number, fields: Partial<Endpoint> = {}): Endpoint {
  return {
    address: { address: '10.0.0.1', port },
    hostname: '',
    weight: 1,
    healthStatus: 'unknown',
    isCanary: false,
    lbMetadata: {},
    disableActiveHealthCheck: false,
    ...fields,
  };
}

function group(endpoints: readonly Endpoint[], locality = here, weight?: number): LocalityEndpoints {
  return weight === undefined ? { locality, endpoints } : { locality, endpoints, weight };
}

function endpointsOf(...priorities: (readonly LocalityEndpoints[])[]): Endpoints {
  return { clusterName: 'c', priorities, overprovisioningFactor: 140 };
}

function createMembership(options: Partial<MembershipOptions> = {}) {
  const memory = new HostMemory(1, 2);
  const membership = new Membership({
    transportSocketOf: () => -1,
    memory,
    hasHealthCheck: true,
    ignoreHealthOnHostRemoval: false,
    ignoreNewHostsUntilFirstHealthCheck: false,
    isLogical: false,
    ...options,
  });
  const memberAt = (port: number): Member => {
    const found = [...membership.members].find((member) => member.endpoint.address.port === port);
    assert.ok(found !== undefined, `no member at ${port}`);
    return found;
  };
  return {
    memory,
    membership,
    memberAt,
    ports: () => [...membership.members].map((m) => m.endpoint.address.port),
  };
}

const portsOf = (members: readonly Member[] = []) => members.map((member) => member.endpoint.address.port);

test('discovered and passing: there; a new host waits for its first check', () => {
  const { membership, memberAt } = createMembership();
  const change = membership.update(endpointsOf([group([endpoint(1), endpoint(2)])]));
  assert.deepEqual(portsOf(change?.added), [1, 2]);
  assert.equal(membership.flagsOf(memberAt(1)), hostFlag.failedActiveHealthCheck);
});

test('without health checks a host is healthy at once and leaves at once', () => {
  const { membership, memberAt } = createMembership({ hasHealthCheck: false });
  membership.update(endpointsOf([group([endpoint(1), endpoint(2)])]));
  assert.equal(membership.flagsOf(memberAt(1)), 0);
  assert.deepEqual(portsOf(membership.update(endpointsOf([group([endpoint(2)])]))?.removed), [1]);
});

test('absent and passing stays, absent and failing leaves, and one that reappears is wanted again', () => {
  const { membership, memberAt, ports } = createMembership();
  membership.update(endpointsOf([group([endpoint(1), endpoint(2)])]));
  membership.setFlags(memberAt(1), 0);
  // 2 never passed a check.
  assert.deepEqual(portsOf(membership.update(endpointsOf([]))?.removed), [2]);
  assert.equal(membership.flagsOf(memberAt(1)), hostFlag.pendingDynamicRemoval);
  assert.equal(membership.removeIfUnwanted(memberAt(1)), false);

  membership.update(endpointsOf([group([endpoint(1)])]));
  assert.equal(membership.flagsOf(memberAt(1)), 0);

  membership.update(endpointsOf([]));
  const member = memberAt(1);
  membership.setFlags(member, membership.flagsOf(member) | hostFlag.failedActiveHealthCheck);
  assert.equal(membership.removeIfUnwanted(member), true);
  assert.deepEqual(ports(), []);
});

test('unhealthy by discovery leaves, draining does not, and ignoring health removes at once', () => {
  const { membership, memberAt, ports } = createMembership();
  membership.update(endpointsOf([group([endpoint(1), endpoint(2)])]));
  membership.setFlags(memberAt(1), 0);
  membership.setFlags(memberAt(2), 0);
  membership.update(
    endpointsOf([
      group([endpoint(1, { healthStatus: 'unhealthy' }), endpoint(2, { healthStatus: 'draining' })]),
    ]),
  );
  membership.update(endpointsOf([]));
  assert.deepEqual(ports(), [2]);

  const ignoring = createMembership({ ignoreHealthOnHostRemoval: true });
  ignoring.membership.update(endpointsOf([group([endpoint(1)])]));
  ignoring.membership.setFlags(ignoring.memberAt(1), 0);
  ignoring.membership.update(endpointsOf([]));
  assert.deepEqual(ignoring.ports(), []);
});

test('an equal list is no change; a moved or reweighted host keeps its slot', () => {
  const { membership, memberAt } = createMembership();
  const list = () => endpointsOf([group([endpoint(1), endpoint(2)])]);
  membership.update(list());
  assert.equal(membership.update(list()), undefined);
  const member = memberAt(1);
  const moved = membership.update(endpointsOf([group([endpoint(2)])], [group([endpoint(1, { weight: 5 })])]));
  assert.deepEqual(portsOf(moved?.changed), [1]);
  assert.deepEqual([moved?.added, moved?.removed], [[], []]);
  assert.equal(memberAt(1), member);
  assert.deepEqual([member.priority, member.endpoint.weight], [1, 5]);
});

test('the same address twice counts once', () => {
  const { membership, memberAt } = createMembership();
  membership.update(endpointsOf([group([endpoint(1, { weight: 3 }), endpoint(1, { weight: 4 })])]));
  assert.equal(membership.size, 1);
  assert.equal(memberAt(1).endpoint.weight, 3);
});

test('another locality makes a new host that need not be checked again; another check address does', () => {
  const { membership, memberAt } = createMembership();
  membership.update(endpointsOf([group([endpoint(1)])]));
  membership.setFlags(memberAt(1), 0);
  const first = memberAt(1);
  const moved = membership.update(endpointsOf([group([endpoint(1)], there)]));
  assert.deepEqual([portsOf(moved?.added), moved?.removed], [[1], [first]]);
  assert.equal(membership.flagsOf(memberAt(1)), 0);
  membership.update(endpointsOf([group([endpoint(1, { healthCheckPort: 9 })], there)]));
  assert.equal(membership.flagsOf(memberAt(1)), hostFlag.failedActiveHealthCheck);
});

test('health by discovery is a change only where load balancing sees it', () => {
  const { membership } = createMembership({ hasHealthCheck: false });
  const list = (healthStatus: Endpoint['healthStatus']) =>
    endpointsOf([group([endpoint(1, { healthStatus })])]);
  membership.update(list('unknown'));
  assert.equal(membership.update(list('healthy')), undefined);
  assert.equal(membership.update(list('draining'))?.hasHealthChange, true);
  assert.equal(membership.update(list('draining')), undefined);
});

test('a passing host keeps the priority alive that discovery dropped', () => {
  const { membership, memberAt } = createMembership();
  membership.update(endpointsOf([group([endpoint(1)])], [group([endpoint(2)])]));
  membership.setFlags(memberAt(2), 0);
  membership.update(endpointsOf([group([endpoint(1)])]));
  assert.equal(membership.priorities.length, 2);
});

test('locality weights travel with the priorities', () => {
  const { membership } = createMembership();
  membership.update(endpointsOf([group([endpoint(1)], here, 3), group([endpoint(2)], there)]));
  assert.deepEqual(membership.priorities, [
    { overprovisioningFactor: 140, localityWeights: [{ locality: here, weight: 3 }] },
  ]);
  assert.equal(
    membership.update(endpointsOf([group([endpoint(1)], here, 4), group([endpoint(2)], there)]))
      ?.hasPriorityChange,
    true,
  );
});

test('more hosts than fitted: the memory grows and keeps its flags', () => {
  const { membership, memory, memberAt } = createMembership();
  membership.update(endpointsOf([group([endpoint(1)])]));
  assert.equal(memory.takeGrown(), undefined);
  const ports = Array.from({ length: 50 }, (_, index) => index + 1);
  membership.update(endpointsOf([group(ports.map((port) => endpoint(port)))]));
  assert.equal(memory.takeGrown()?.hostFlags, memory.shared.hostFlags);
  assert.equal(memory.takeGrown(), undefined);
  assert.equal(membership.flagsOf(memberAt(1)), hostFlag.failedActiveHealthCheck);
});

test('a logical host stays the same when its address changes', () => {
  const { membership } = createMembership({ isLogical: true, hasHealthCheck: false });
  membership.update(endpointsOf([group([endpoint(1)])]));
  const moved = membership.update(
    endpointsOf([group([endpoint(1, { address: { address: '10.0.0.2', port: 1 } })])]),
  );
  assert.deepEqual([moved?.added, moved?.changed.length, moved?.removed], [[], 1, []]);
});
