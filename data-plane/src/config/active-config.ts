import type { ClusterUpdate } from './model/cluster-update.ts';
import type { RouteTable } from './model/route.ts';
import type {
  ConfigChange,
  ConfigUpdate,
  ListenerUpdate,
  MainToWorker,
  SecretUpdate,
} from './worker-protocol.ts';

/**
 * The configuration that serves, and the only way to change it: `publish` sends a change to every worker, which
 * applies it in one step and acknowledges. Changes of one tick travel together when their order allows it.
 * Main thread only.
 */
export interface ActiveConfig {
  /** Returns the generation that will hold the change. */
  publish(change: ConfigChange): number;
  /** Calls back once every worker has applied that generation (at once when they have). */
  whenApplied(generation: number, callback: () => void): void;
  /** The last generation that was given out. */
  readonly generation: number;
  /** The last generation that every worker has applied. */
  readonly appliedGeneration: number;
  onWorkerReady(worker: number): void;
  onWorkerApplied(worker: number, generation: number): void;
  onWorkerGone(worker: number): void;
}

export interface ActiveConfigOptions {
  /** So many workers start; before each of them was ready once, no generation counts as applied. 0 unless given. */
  readonly workerCount?: number;
  send(worker: number, message: MainToWorker): void;
  /** Every active cluster, whole, for a worker that starts later than the others. */
  allClusters(): readonly ClusterUpdate[];
}

interface MutableChange {
  secrets: SecretUpdate[];
  clusters: ClusterUpdate[];
  routeTables: RouteTable[];
  listeners: ListenerUpdate[];
  removedListeners: string[];
  removedRouteTables: string[];
  removedClusters: string[];
  removedSecrets: string[];
}

function createChange(): MutableChange {
  return {
    secrets: [],
    clusters: [],
    routeTables: [],
    listeners: [],
    removedListeners: [],
    removedRouteTables: [],
    removedClusters: [],
    removedSecrets: [],
  };
}

function clusterNameOf(update: ClusterUpdate): string {
  return update.kind === 'replace' ? update.cluster.name : update.clusterName;
}

export function createActiveConfig(options: ActiveConfigOptions): ActiveConfig {
  const routeTables = new Map<string, RouteTable>();
  const listeners = new Map<string, ListenerUpdate>();
  const secrets = new Map<string, SecretUpdate>();
  /** Worker → last generation that it applied. */
  const workers = new Map<number, number>();
  /** Workers that were ready at least once. */
  const started = new Set<number>();
  const waiters: { generation: number; callback: () => void }[] = [];
  let generation = 0;
  let pending: MutableChange | undefined;

  function appliedByAll(): number {
    if (started.size < (options.workerCount ?? 0)) return -1;
    let lowest = pending === undefined ? generation : generation - 1;
    for (const applied of workers.values()) lowest = Math.min(lowest, applied);
    return lowest;
  }

  function settle(): void {
    const applied = appliedByAll();
    for (let index = 0; index < waiters.length;) {
      const waiter = waiters[index];
      if (waiter === undefined || waiter.generation > applied) index += 1;
      else waiters.splice(index, 1)[0]?.callback();
    }
  }

  function flush(): void {
    if (pending === undefined) return;
    const message: ConfigUpdate = { kind: 'update', generation, ...pending };
    pending = undefined;
    for (const worker of workers.keys()) options.send(worker, message);
    if (workers.size === 0) settle();
  }

  function remember(change: ConfigChange): void {
    for (const secret of change.secrets ?? []) secrets.set(secret.key, secret);
    for (const table of change.routeTables ?? []) routeTables.set(table.key ?? table.name, table);
    for (const update of change.listeners ?? [])
      listeners.set(update.listener.name, { ...update, isInPlace: false });
    for (const name of change.removedListeners ?? []) listeners.delete(name);
    for (const key of change.removedRouteTables ?? []) routeTables.delete(key);
    for (const key of change.removedSecrets ?? []) secrets.delete(key);
  }

  /** A worker adds before it removes: what the pending update removes must not be added by the same update. */
  function addsWhatPendingRemoves(change: ConfigChange): boolean {
    if (pending === undefined) return false;
    const { removedClusters, removedListeners, removedRouteTables, removedSecrets } = pending;
    return (
      (change.clusters ?? []).some((update) => removedClusters.includes(clusterNameOf(update))) ||
      (change.secrets ?? []).some(({ key }) => removedSecrets.includes(key)) ||
      (change.routeTables ?? []).some(({ name, key = name }) => removedRouteTables.includes(key)) ||
      (change.listeners ?? []).some(({ listener }) => removedListeners.includes(listener.name))
    );
  }

  return {
    publish(change) {
      if (addsWhatPendingRemoves(change)) flush();
      if (pending === undefined) {
        pending = createChange();
        generation += 1;
        queueMicrotask(flush);
      }
      pending.secrets.push(...(change.secrets ?? []));
      pending.clusters.push(...(change.clusters ?? []));
      pending.routeTables.push(...(change.routeTables ?? []));
      pending.listeners.push(...(change.listeners ?? []));
      pending.removedListeners.push(...(change.removedListeners ?? []));
      pending.removedRouteTables.push(...(change.removedRouteTables ?? []));
      pending.removedClusters.push(...(change.removedClusters ?? []));
      pending.removedSecrets.push(...(change.removedSecrets ?? []));
      remember(change);
      return generation;
    },
    whenApplied(wanted, callback) {
      waiters.push({ generation: wanted, callback });
      settle();
    },
    get generation() {
      return generation;
    },
    get appliedGeneration() {
      return appliedByAll();
    },
    onWorkerReady(worker) {
      flush();
      started.add(worker);
      workers.set(worker, -1);
      options.send(worker, {
        kind: 'update',
        generation,
        ...createChange(),
        secrets: [...secrets.values()],
        clusters: options.allClusters(),
        routeTables: [...routeTables.values()],
        listeners: [...listeners.values()],
      });
    },
    onWorkerApplied(worker, applied) {
      if (workers.has(worker)) workers.set(worker, applied);
      settle();
    },
    onWorkerGone(worker) {
      workers.delete(worker);
      settle();
    },
  };
}
