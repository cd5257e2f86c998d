import type { Clock } from '@heddle/shared/time/clock';
import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import type { CommonLoadBalancing } from '../../config/model/cluster.ts';
import type {
  ClusterSharedMemory,
  HostSetUpdate,
  PriorityDescription,
} from '../../config/model/cluster-update.ts';
import { unpackHosts } from '../../config/model/packed-hosts.ts';
import type { LoadBalancer } from '../load-balancer/load-balancer.ts';
import { epochWord, firstFlag, slotCapacity } from '../shared-memory.ts';
import type { CounterLike, LoadBalancerContext } from '../upstream.ts';
import { buildPriorityLoad, choosePriority, type PriorityLoad } from './priority-load.ts';
import { PriorityHosts } from './priority-hosts.ts';
import { WorkerHost, type HostNumbers } from './worker-host.ts';

type HostMemory = Pick<ClusterSharedMemory, 'hostFlags' | 'hostStats'>;

export interface HostSetOptions {
  readonly common: CommonLoadBalancing;
  readonly shared: ClusterSharedMemory;
  readonly balancer: LoadBalancer<WorkerHost>;
  readonly workerIndex: number;
  readonly workerCount: number;
  readonly clock: Clock;
  readonly rng: Rng;
  /** `lb_healthy_panic`. */
  readonly panicPicks: CounterLike;
  /** A health check or outlier detection failed that host since the last look. */
  readonly onHostUnhealthy: (host: WorkerHost) => void;
}

/**
 * The hosts of a cluster object in one worker. The main thread writes health flags into shared memory and moves an
 * epoch word; a pick that sees it moved rebuilds the lists first. So a pick never proposes a host and vetoes it
 * afterwards, which would skew shares, priorities and panic.
 */
export class HostSet {
  readonly #options: HostSetOptions;
  readonly #hosts = new Map<number, WorkerHost>();
  /** Where rotations over localities begin. */
  readonly #seed: number;
  #flags: Int32Array;
  #numbers: HostNumbers;
  #epoch = 0;
  /** Of the last update; a whole set that was sent to a new worker may hold what comes once more behind it. */
  #version = -1;
  #descriptions: readonly PriorityDescription[] = [];
  #priorities: readonly PriorityHosts[] = [];
  #load: PriorityLoad = { healthyLoad: [], degradedLoad: [], isInPanic: [] };
  /** All traffic goes to the healthy hosts of this priority: the usual case. −1 = it is divided. */
  #onlyPriority = -1;

  constructor(options: HostSetOptions, initial: HostSetUpdate, cameAtMs = options.clock.monotonicMs()) {
    this.#options = options;
    this.#seed = randomInteger(options.rng, 2 ** 32);
    this.#flags = new Int32Array(options.shared.hostFlags);
    this.#numbers = this.#numbersIn(options.shared);
    this.apply(initial, cameAtMs);
  }

  get hosts(): Iterable<WorkerHost> {
    return this.#hosts.values();
  }

  /** Swaps the set; returns the hosts that are gone, for their pools to drain. `cameAtMs`: since when new ones are there. */
  apply(update: HostSetUpdate, cameAtMs = this.#options.clock.monotonicMs()): WorkerHost[] {
    if (update.version <= this.#version) return [];
    this.#version = update.version;
    const gone: WorkerHost[] = [];
    for (const slot of update.removed) {
      const host = this.#hosts.get(slot);
      if (host === undefined) continue;
      this.#hosts.delete(slot);
      host.leave();
      gone.push(host);
    }
    if (update.grown !== undefined) this.#grow(update.grown);
    for (const description of unpackHosts(update.added)) {
      const flags = this.#flags[firstFlag + description.slot] ?? 0;
      this.#hosts.set(description.slot, new WorkerHost(description, flags, this.#numbers, cameAtMs));
    }
    for (const description of unpackHosts(update.changed)) {
      this.#hosts.get(description.slot)?.update(description);
    }
    this.#descriptions = update.priorities;
    this.#rebuild();
    return gone;
  }

  /** Undefined: the priority that the load points to has nobody to offer. */
  choose(context: LoadBalancerContext): WorkerHost | undefined {
    if (Atomics.load(this.#flags, epochWord) !== this.#epoch) this.#rebuild();
    for (let attempt = 0; ; attempt++) {
      const host = this.#pick();
      if (host === undefined || attempt >= context.hostSelectionRetryCount) return host;
      if (!context.shouldSelectAnotherHost(host)) return host;
    }
  }

  /** Brings the lists up to the flags of now; for what does not wait for the next pick. */
  refresh(): void {
    if (Atomics.load(this.#flags, epochWord) !== this.#epoch) this.#rebuild();
  }

  #pick(): WorkerHost | undefined {
    const random = randomInteger(this.#options.rng, 2 ** 32);
    if (this.#onlyPriority >= 0) return this.#priorities[this.#onlyPriority]?.pick('healthy', random);
    const { priority, isDegraded } = choosePriority(this.#load, (random % 100) + 1);
    const hosts = this.#priorities[priority];
    if (hosts === undefined) return undefined;
    if (this.#load.isInPanic[priority] === true) {
      this.#options.panicPicks.inc();
      return hosts.pick('all', random);
    }
    return hosts.pick(isDegraded ? 'degraded' : 'healthy', random);
  }

  #rebuild(): void {
    const { common, balancer, clock, onHostUnhealthy } = this.#options;
    // Read before the flags: a change after this moves the epoch again.
    this.#epoch = Atomics.load(this.#flags, epochWord);
    const nowMs = clock.monotonicMs();
    const byPriority: WorkerHost[][] = this.#descriptions.map(() => []);
    const unhealthy: WorkerHost[] = [];
    for (const host of this.#hosts.values()) {
      if (host.readFlags(this.#flags[firstFlag + host.slot] ?? 0, nowMs)) unhealthy.push(host);
      byPriority[host.priority]?.push(host);
    }
    this.#priorities = byPriority.map((hosts, priority) => {
      const description = this.#descriptions[priority] ?? {
        overprovisioningFactor: 140,
        localityWeights: [],
      };
      return new PriorityHosts(priority, hosts, description, common.isLocalityWeighted, balancer, this.#seed);
    });
    this.#load = buildPriorityLoad(
      this.#priorities.map((priority) => priority.health),
      common.healthyPanicThresholdPercent,
    );
    const only = this.#load.healthyLoad.indexOf(100);
    this.#onlyPriority = only >= 0 && this.#load.isInPanic[only] === true ? -1 : only;
    for (const host of unhealthy) onHostUnhealthy(host);
  }

  #grow(grown: HostMemory): void {
    this.#flags = new Int32Array(grown.hostFlags);
    this.#numbers = this.#numbersIn(grown);
    for (const host of this.#hosts.values()) host.moveNumbers(this.#numbers);
  }

  #numbersIn(memory: HostMemory): HostNumbers {
    const { workerIndex, workerCount } = this.#options;
    return {
      numbers: new Float64Array(memory.hostStats),
      workerIndex,
      workerCount,
      capacity: slotCapacity(memory.hostFlags),
    };
  }
}
