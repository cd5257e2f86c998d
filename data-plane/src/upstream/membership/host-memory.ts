import type { ClusterSharedMemory } from '../../config/model/cluster-update.ts';
import {
  allocateClusterMemory,
  allocateHostFlags,
  allocateHostStats,
  epochWord,
  firstFlag,
  hostStatBase,
  hostStatFields,
  hostStatStride,
  slotCapacity,
  type HostStatField,
} from '../shared-memory.ts';

const smallestCapacity = 8;

/** The main thread's side of a cluster object's shared memory: slots and flags, and the sums of the numbers. */
export class HostMemory {
  readonly #workerCount: number;
  readonly #free: number[] = [];
  #shared: ClusterSharedMemory;
  #flags: Int32Array;
  #nextSlot = 0;
  #hasGrown = false;

  constructor(workerCount: number, expectedHosts: number) {
    this.#workerCount = workerCount;
    this.#shared = allocateClusterMemory(workerCount, Math.max(smallestCapacity, expectedHosts));
    this.#flags = new Int32Array(this.#shared.hostFlags);
  }

  /** What a new cluster object in a worker starts with. */
  get shared(): ClusterSharedMemory {
    return this.#shared;
  }

  /** Room for so many hosts, so that a long list does not grow the memory step by step. */
  reserve(hostCount: number): void {
    if (hostCount > slotCapacity(this.#shared.hostFlags)) this.#grow(hostCount);
  }

  allocate(flags: number): number {
    let slot = this.#free.pop();
    if (slot === undefined) {
      slot = this.#nextSlot++;
      if (slot >= slotCapacity(this.#shared.hostFlags)) this.#grow(slot + 1);
    }
    this.#flags[firstFlag + slot] = flags;
    return slot;
  }

  /** Only when no worker reads that slot any more. */
  release(slot: number): void {
    this.#free.push(slot);
  }

  flagsOf(slot: number): number {
    return this.#flags[firstFlag + slot] ?? 0;
  }

  setFlags(slot: number, flags: number): void {
    this.#flags[firstFlag + slot] = flags;
  }

  /** Workers look at the flags again before their next pick. */
  moveEpoch(): void {
    Atomics.add(this.#flags, epochWord, 1);
  }

  /** The arrays that took over since the last call, for the next message to the workers. */
  takeGrown(): Pick<ClusterSharedMemory, 'hostFlags' | 'hostStats'> | undefined {
    if (!this.#hasGrown) return undefined;
    this.#hasGrown = false;
    return { hostFlags: this.#shared.hostFlags, hostStats: this.#shared.hostStats };
  }

  /** A host's numbers, summed over the workers. */
  statsOf(slot: number): Readonly<Record<HostStatField, number>> {
    const numbers = new Float64Array(this.#shared.hostStats);
    const capacity = slotCapacity(this.#shared.hostFlags);
    const sums: Record<string, number> = {};
    for (const [field, name] of hostStatFields.entries()) {
      let total = 0;
      for (let worker = 0; worker < this.#workerCount; worker++) {
        total += numbers[hostStatBase(worker, capacity, slot) + field] ?? 0;
      }
      sums[name] = total;
    }
    return sums as Record<HostStatField, number>;
  }

  /** A worker died: what it had open is closed. */
  clearWorker(workerIndex: number): void {
    const capacity = slotCapacity(this.#shared.hostFlags);
    const start = hostStatBase(workerIndex, capacity, 0);
    new Float64Array(this.#shared.hostStats).fill(0, start, start + capacity * hostStatStride);
  }

  #grow(atLeast: number): void {
    const capacity = Math.max(atLeast, slotCapacity(this.#shared.hostFlags) * 2);
    const hostFlags = allocateHostFlags(capacity);
    const flags = new Int32Array(hostFlags);
    flags.set(this.#flags);
    this.#flags = flags;
    this.#shared = {
      hostFlags,
      hostStats: allocateHostStats(this.#workerCount, capacity),
      circuitBreakers: this.#shared.circuitBreakers,
    };
    this.#hasGrown = true;
  }
}
