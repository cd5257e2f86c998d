import { isDeepStrictEqual } from 'node:util';
import { formatAddress } from '../../config/model/address.ts';
import { flagsOfEdsHealth, hostFlag, type PriorityDescription } from '../../config/model/cluster-update.ts';
import type { Endpoint, Endpoints } from '../../config/model/endpoints.ts';
import type { Locality } from '../../config/model/locality.ts';
import { coarseHealthOf, isExcluded } from '../host-set/host-health.ts';
import type { HostMemory } from './host-memory.ts';
import { healthCheckAddressOf, Member } from './member.ts';

export interface MembershipOptions {
  readonly memory: HostMemory;
  /** Hosts start as failed, and leave only when discovery and health checks agree. */
  readonly hasHealthCheck: boolean;
  readonly ignoreHealthOnHostRemoval: boolean;
  readonly ignoreNewHostsUntilFirstHealthCheck: boolean;
  /** LOGICAL_DNS: one host, which keeps its identity while its address changes. */
  readonly isLogical: boolean;
  /** Asked once for each host that comes. */
  readonly transportSocketOf: (endpoint: Endpoint) => number;
}

export interface MembershipChange {
  readonly added: readonly Member[];
  readonly changed: readonly Member[];
  readonly removed: readonly Member[];
  /** Flags moved in a way that load balancing sees. */
  readonly hasHealthChange: boolean;
  /** Locality weights or overprovisioning moved. */
  readonly hasPriorityChange: boolean;
}

const edsFlags = hostFlag.failedEdsHealth | hostFlag.degradedEdsHealth | hostFlag.edsStatusDraining;
const activeFlags =
  hostFlag.failedActiveHealthCheck |
  hostFlag.degradedActiveHealthCheck |
  hostFlag.pendingActiveHealthCheck |
  hostFlag.excludedViaImmediateHealthCheckFail |
  hostFlag.activeHealthCheckTimeout;

/**
 * Who belongs to a cluster object: discovery proposes, health checks decide. A host is known by its address across
 * all priorities and keeps its slot while it stays. Absent from discovery but passing its checks it stays, marked
 * as pending removal, until a check fails.
 */
export class Membership {
  readonly #options: MembershipOptions;
  #members = new Map<string, Member>();
  #priorities: readonly PriorityDescription[] = [];

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  get members(): Iterable<Member> {
    return this.#members.values();
  }

  get size(): number {
    return this.#members.size;
  }

  get priorities(): readonly PriorityDescription[] {
    return this.#priorities;
  }

  flagsOf(member: Member): number {
    return this.#options.memory.flagsOf(member.slot);
  }

  isHealthChecked(member: Member): boolean {
    return this.#options.hasHealthCheck && !member.endpoint.disableActiveHealthCheck;
  }

  /** Takes a complete list over; undefined when nothing moved. Slots of removed hosts are the caller's to release. */
  update(endpoints: Endpoints): MembershipChange | undefined {
    const added: Member[] = [];
    const changed: Member[] = [];
    const removed: Member[] = [];
    let hasHealthChange = false;
    const next = new Map<string, Member>();
    const previous = this.#members;
    this.#options.memory.reserve(countEndpoints(endpoints));

    for (const { endpoint, locality, priority } of flatten(endpoints)) {
      const key = this.#keyOf(endpoint);
      // The same address twice: the first counts.
      if (next.has(key)) continue;
      const member = previous.get(key);
      if (member === undefined) {
        const created = this.#create(endpoint, locality, priority);
        next.set(key, created);
        added.push(created);
      } else if (needsNewHost(member, endpoint, locality)) {
        // A changed locality alone needs no new check; the others make the old results worthless.
        const isChecked = !hasOtherCheck(member.endpoint, endpoint);
        const kept = isChecked ? this.flagsOf(member) & activeFlags : undefined;
        const created = this.#create(endpoint, locality, priority, kept);
        next.set(key, created);
        added.push(created);
        removed.push(member);
      } else {
        next.set(key, member);
        if (hasOtherFacts(member, endpoint, priority)) changed.push(member);
        member.endpoint = endpoint;
        member.priority = priority;
        const flags = this.flagsOf(member);
        const withEds =
          (flags & ~(edsFlags | hostFlag.pendingDynamicRemoval)) | flagsOfEdsHealth(endpoint.healthStatus);
        hasHealthChange = this.setFlags(member, withEds) || hasHealthChange;
      }
    }
    for (const [key, member] of previous) {
      if (next.has(key)) continue;
      const flags = this.flagsOf(member);
      if (this.#mayStay(member, flags)) {
        this.#options.memory.setFlags(member.slot, flags | hostFlag.pendingDynamicRemoval);
        next.set(key, member);
      } else {
        removed.push(member);
      }
    }
    this.#members = next;
    const hasPriorityChange = this.#takePriorities(endpoints);
    const isUnchanged = added.length + changed.length + removed.length === 0;
    if (isUnchanged && !hasHealthChange && !hasPriorityChange) return undefined;
    return { added, changed, removed, hasHealthChange, hasPriorityChange };
  }

  /** Moves the flags; true when load balancing sees a difference. */
  setFlags(member: Member, flags: number): boolean {
    const before = this.flagsOf(member);
    if (before === flags) return false;
    this.#options.memory.setFlags(member.slot, flags);
    return coarseHealthOf(before) !== coarseHealthOf(flags) || isExcluded(before) !== isExcluded(flags);
  }

  /** A host that discovery no longer knows failed its check: absent and failing means gone. */
  removeIfUnwanted(member: Member): boolean {
    const flags = this.flagsOf(member);
    const isUnwanted = (flags & hostFlag.pendingDynamicRemoval) !== 0 && !this.#mayStay(member, flags);
    if (isUnwanted) this.#members.delete(this.#keyOf(member.endpoint));
    return isUnwanted;
  }

  #mayStay(member: Member, flags: number): boolean {
    return (
      this.isHealthChecked(member) &&
      !this.#options.ignoreHealthOnHostRemoval &&
      (flags & (hostFlag.failedActiveHealthCheck | hostFlag.failedEdsHealth)) === 0
    );
  }

  #create(endpoint: Endpoint, locality: Locality, priority: number, kept?: number): Member {
    const { memory, hasHealthCheck, ignoreNewHostsUntilFirstHealthCheck } = this.#options;
    let flags = flagsOfEdsHealth(endpoint.healthStatus);
    if (hasHealthCheck && !endpoint.disableActiveHealthCheck) {
      const unchecked =
        hostFlag.failedActiveHealthCheck |
        (ignoreNewHostsUntilFirstHealthCheck ? hostFlag.pendingActiveHealthCheck : 0);
      flags |= kept ?? unchecked;
    }
    const transportSocket = this.#options.transportSocketOf(endpoint);
    return new Member(memory.allocate(flags), endpoint, locality, priority, transportSocket);
  }

  #keyOf(endpoint: Endpoint): string {
    return this.#options.isLogical ? 'logical' : formatAddress(endpoint.address);
  }

  #takePriorities(endpoints: Endpoints): boolean {
    const { overprovisioningFactor } = endpoints;
    const priorities: PriorityDescription[] = endpoints.priorities.map((localities) => ({
      overprovisioningFactor,
      localityWeights: localities.flatMap(({ locality, weight }) =>
        weight === undefined ? [] : [{ locality, weight }],
      ),
    }));
    // A host that stays although its priority left the list keeps that priority alive.
    let count = 1;
    for (const member of this.#members.values()) count = Math.max(count, member.priority + 1);
    while (priorities.length < count) priorities.push({ overprovisioningFactor, localityWeights: [] });
    if (isDeepStrictEqual(priorities, this.#priorities)) return false;
    this.#priorities = priorities;
    return true;
  }
}

function countEndpoints(endpoints: Endpoints): number {
  return endpoints.priorities.flat().reduce((count, group) => count + group.endpoints.length, 0);
}

function* flatten(
  endpoints: Endpoints,
): Iterable<{ readonly endpoint: Endpoint; readonly locality: Locality; readonly priority: number }> {
  for (const [priority, localities] of endpoints.priorities.entries()) {
    for (const { locality, endpoints: list } of localities) {
      for (const endpoint of list) yield { endpoint, locality, priority };
    }
  }
}

function needsNewHost(member: Member, endpoint: Endpoint, locality: Locality): boolean {
  const { socketMatchMetadata } = member.endpoint;
  return (
    !isSameLocality(member.locality, locality) ||
    hasOtherCheck(member.endpoint, endpoint) ||
    // Its connections are of another kind.
    !isDeepStrictEqual(socketMatchMetadata, endpoint.socketMatchMetadata)
  );
}

/** The endpoint is checked elsewhere, or begins or ceases to be checked. */
function hasOtherCheck(before: Endpoint, after: Endpoint): boolean {
  if (before.disableActiveHealthCheck !== after.disableActiveHealthCheck) return true;
  if (before.healthCheckAddress === undefined && after.healthCheckAddress === undefined) {
    return before.healthCheckPort !== after.healthCheckPort;
  }
  return !isDeepStrictEqual(healthCheckAddressOf(before), healthCheckAddressOf(after));
}

function hasOtherFacts(member: Member, endpoint: Endpoint, priority: number): boolean {
  const before = member.endpoint;
  return (
    before.weight !== endpoint.weight ||
    member.priority !== priority ||
    before.isCanary !== endpoint.isCanary ||
    before.hostname !== endpoint.hostname ||
    before.address.address !== endpoint.address.address ||
    before.address.port !== endpoint.address.port ||
    !isSameMetadata(before.lbMetadata, endpoint.lbMetadata)
  );
}

function isSameLocality(one: Locality, other: Locality): boolean {
  return one.region === other.region && one.zone === other.zone && one.subZone === other.subZone;
}

/** Most endpoints have none, and ten thousand deep comparisons take long. */
function isSameMetadata(one: Endpoint['lbMetadata'], other: Endpoint['lbMetadata']): boolean {
  return one === other || (isEmpty(one) && isEmpty(other)) || isDeepStrictEqual(one, other);
}

function isEmpty(values: Endpoint['lbMetadata']): boolean {
  for (const _name in values) return false;
  return true;
}
