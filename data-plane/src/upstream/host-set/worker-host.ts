import { formatAddress } from '../../config/model/address.ts';
import type { HostDescription } from '../../config/model/cluster-update.ts';
import type { Locality } from '../../config/model/locality.ts';
import type { SocketAddress } from '../../transport/connection.ts';
import type { Candidate } from '../load-balancer/load-balancer.ts';
import { hostStat, hostStatBase, hostStatStride } from '../shared-memory.ts';
import type { Host } from '../upstream.ts';
import { HostCounters } from './host-counters.ts';
import { coarseHealthOf, hasFailedCheck, isExcluded, type CoarseHealth } from './host-health.ts';

/** Where the per-host numbers of all workers stand. */
export interface HostNumbers {
  readonly numbers: Float64Array;
  readonly workerIndex: number;
  readonly workerCount: number;
  readonly capacity: number;
}

/** A host in one worker. The same object for as long as its slot is its own. */
export class WorkerHost implements Host, Candidate {
  readonly slot: number;
  readonly stats: HostCounters;
  /** Changes only for the one host of a LOGICAL_DNS cluster: new connections go to the new address. */
  address: SocketAddress;
  label: string;
  hostname = '';
  locality: Locality;
  priority = 0;
  weight = 1;
  isCanary = false;
  metadata: Readonly<Record<string, unknown>> = {};
  readonly transportSocket: number;
  /** As of the last rebuild of the host set. */
  health: CoarseHealth = 'healthy';
  isExcluded = false;
  hasFailedCheck = false;
  /** Left the host set; requests on it finish. */
  isGone = false;
  healthySinceMs: number;
  #numbers: HostNumbers;

  constructor(description: HostDescription, flags: number, numbers: HostNumbers, nowMs: number) {
    this.slot = description.slot;
    this.transportSocket = description.transportSocket;
    this.address = { address: description.address, port: description.port };
    this.label = formatAddress(this.address);
    this.locality = description.locality;
    this.#numbers = numbers;
    this.stats = new HostCounters(
      numbers.numbers,
      hostStatBase(numbers.workerIndex, numbers.capacity, description.slot),
    );
    this.healthySinceMs = nowMs;
    this.update(description);
    this.health = coarseHealthOf(flags);
    this.isExcluded = isExcluded(flags);
  }

  /** What may change while the host stays. */
  update(description: HostDescription): void {
    const { address, port } = description;
    if (address !== this.address.address || port !== this.address.port) {
      this.address = { address, port };
      this.label = formatAddress(this.address);
    }
    this.hostname = description.hostname;
    this.locality = description.locality;
    this.priority = description.priority;
    this.weight = description.weight;
    this.isCanary = description.isCanary;
    this.metadata = description.metadata;
  }

  /** Takes the flags over; says whether the host just became unhealthy. */
  readFlags(flags: number, nowMs: number): boolean {
    const before = this.health;
    this.health = coarseHealthOf(flags);
    this.isExcluded = isExcluded(flags);
    this.hasFailedCheck = hasFailedCheck(flags);
    if (before === 'unhealthy' && this.health !== 'unhealthy') this.healthySinceMs = nowMs;
    return before !== 'unhealthy' && this.health === 'unhealthy';
  }

  moveNumbers(numbers: HostNumbers): void {
    this.#numbers = numbers;
    this.stats.move(numbers.numbers, hostStatBase(numbers.workerIndex, numbers.capacity, this.slot));
  }

  leave(): void {
    this.isGone = true;
    this.stats.detach();
  }

  activeRequestCount(): number {
    const { numbers, workerCount, capacity } = this.#numbers;
    let count = 0;
    let at = this.slot * hostStatStride + hostStat.requestsActive;
    for (let worker = 0; worker < workerCount; worker++) {
      count += numbers[at] ?? 0;
      at += capacity * hostStatStride;
    }
    return count;
  }
}
