import { tlsContextsOf } from './membership/transport-socket-match.ts';
import type { Cluster } from '../config/model/cluster.ts';
import { secretsOf } from '../config/model/resolve-tls.ts';
import type { ClusterUpdate } from '../config/model/cluster-update.ts';
import type {
  ReceivedResource,
  RejectedResource,
  ResourceUpdate,
  ResourceWatcher,
} from '../config/subscription.ts';
import { ClusterInitOrder, type Initializable } from './cluster-init-order.ts';
import { updateCircuitBreakerGauges } from './cluster-gauges.ts';
import { inspectHosts, type ClusterInspection } from './cluster-inspection.ts';
import {
  clusterManagerStats,
  clusterReloadStats,
  type ClusterManagerStats,
} from './cluster-manager-stats.ts';
import { warmingStats } from './cluster-stats.ts';
import { ManagedCluster, type MainUpstreamContext } from './cluster.ts';

export interface ClusterManagerOptions extends MainUpstreamContext {
  /** To all workers; the order of the calls is the order of the changes. */
  readonly publish: (update: ClusterUpdate) => void;
  readonly publishRemoval: (name: string) => void;
  /** What active route tables name: its removal waits. Asked once for many removals. */
  readonly neededClusters: () => Pick<ReadonlySet<string>, 'has'>;
  /** Every primary cluster of the bootstrap has warmed: ADS may start, then `startSecondary`. */
  readonly onPrimaryReady: () => void;
  /** Every cluster of the bootstrap has warmed: CDS may be subscribed. */
  readonly onStaticReady: () => void;
  /** The first CDS answer was dealt with: listeners may start. */
  readonly onAllReady: () => void;
}

/** One cluster object with where it came from. */
interface Entry extends Initializable {
  readonly cluster: ManagedCluster;
  readonly resource: ReceivedResource<Cluster>;
  readonly isStatic: boolean;
  readonly updatedAt: number;
}

/**
 * The clusters of the process, on the main thread. Every configuration becomes a new cluster object that warms
 * beside the serving one, which keeps following its endpoints; when it is warm, one message swaps it in every
 * worker. What a CDS answer leaves unchanged is not touched, and clusters of the bootstrap never are.
 */
export class ClusterManager implements ResourceWatcher<Cluster> {
  readonly #options: ClusterManagerOptions;
  readonly #stats: ClusterManagerStats;
  readonly #initOrder: ClusterInitOrder;
  readonly #active = new Map<string, Entry>();
  readonly #warming = new Map<string, Entry>();
  /** Gone from CDS, but still named by a route table. */
  readonly #pendingRemovals = new Set<string>();
  readonly #activeListeners = new Set<(name: string) => void>();

  constructor(options: ClusterManagerOptions) {
    this.#options = options;
    this.#stats = clusterManagerStats.create(options.stats.scope('cluster_manager.'));
    this.#initOrder = new ClusterInitOrder({
      onPrimaryReady: options.onPrimaryReady,
      onStaticReady: options.onStaticReady,
      onAllReady: options.onAllReady,
    });
  }

  /** The clusters of the bootstrap, once; their primary ones begin to warm. */
  loadStatic(resources: readonly ReceivedResource<Cluster>[]): void {
    for (const resource of resources) this.addOrUpdate(resource, true);
    this.#initOrder.onStaticLoaded();
  }

  /** xDS can be asked now. `awaitsCds`: `onAllReady` waits for the first CDS answer. */
  startSecondary(awaitsCds: boolean): void {
    this.#initOrder.startSecondary(awaitsCds);
  }

  /** True when a new cluster object began to warm; false when there was nothing to do. */
  addOrUpdate(resource: ReceivedResource<Cluster>, isStatic: boolean): boolean {
    const { name } = resource;
    const active = this.#active.get(name);
    const warming = this.#warming.get(name);
    const latest = warming ?? active;
    if (latest?.isStatic === true) return false;
    if (this.#pendingRemovals.delete(name)) active?.cluster.setLeaving(false);
    if (latest !== undefined && Buffer.compare(latest.resource.bytes, resource.bytes) === 0) return false;

    const entry = this.#createEntry(resource, isStatic, active);
    this.#warming.set(name, entry);
    this.#updateGauges();
    (latest === undefined ? this.#stats.added : this.#stats.modified).inc();
    this.#setWarmingState(resource.value.statName, 1);
    // The successor starts first: it takes over what discovery already knows.
    this.#initOrder.add(entry);
    if (warming !== undefined) this.#discard(warming);
    return true;
  }

  /**
   * The clusters shall go. One that is active goes when no active route table names it any more: at once, or at a
   * later `retryRemovals`; until then it serves. Clusters of the bootstrap stay.
   */
  requestRemovals(names: readonly string[]): void {
    const statNames: string[] = [];
    for (const name of names) {
      const active = this.#active.get(name);
      const warming = this.#warming.get(name);
      if ((warming ?? active)?.isStatic === true) continue;
      if (active !== undefined) {
        this.#pendingRemovals.add(name);
        active.cluster.setLeaving(true);
      }
      if (warming === undefined) continue;
      this.#warming.delete(name);
      this.#discard(warming);
      if (active !== undefined) continue;
      this.#stats.removed.inc();
      statNames.push(warming.resource.value.statName);
    }
    this.#releaseStats(statNames);
    this.retryRemovals();
    this.#updateGauges();
  }

  /** To be called when the active route tables have changed. */
  retryRemovals(): void {
    if (this.#pendingRemovals.size === 0) return;
    const needed = this.#options.neededClusters();
    const statNames: string[] = [];
    for (const name of [...this.#pendingRemovals]) {
      const active = this.#active.get(name);
      if (active === undefined || needed.has(name)) continue;
      this.#pendingRemovals.delete(name);
      this.#active.delete(name);
      this.#options.publishRemoval(name);
      active.cluster.stop();
      this.#stats.removed.inc();
      statNames.push(active.resource.value.statName);
    }
    this.#releaseStats(statNames);
    this.#updateGauges();
  }

  stateOf(name: string): 'active' | 'warming' | 'unknown' {
    if (this.#active.has(name)) return 'active';
    return this.#warming.has(name) ? 'warming' : 'unknown';
  }

  isActive(name: string): boolean {
    return this.#active.has(name);
  }

  /** Cluster objects that do not serve yet. */
  get warmingCount(): number {
    return this.#warming.size;
  }

  /** `listener` hears of every swap, after it was published. Returns what ends it. */
  onActive(listener: (name: string) => void): () => void {
    this.#activeListeners.add(listener);
    return () => this.#activeListeners.delete(listener);
  }

  /** What a new worker needs: every active cluster as a whole. */
  activeUpdates(): ClusterUpdate[] {
    return [...this.#active.values()].map(({ cluster }) => cluster.toReplace());
  }

  /** Under which names the active clusters are counted. */
  activeStatNames(): string[] {
    return Array.from(this.#active.values(), ({ cluster }) => cluster.info.statName);
  }

  /** What that worker had open counts no more. */
  onWorkerDied(workerIndex: number): void {
    for (const { cluster } of this.#entries()) cluster.onWorkerDied(workerIndex);
  }

  /** `host`: address and port. A host that has left is nobody's concern. */
  onHostFailed(clusterName: string, host: string): void {
    this.#active.get(clusterName)?.cluster.onHostFailed(host);
  }

  /** Brings the gauges up to date that workers write only in parts; before statistics are read. */
  refreshStats(): void {
    for (const { cluster } of this.#active.values()) updateCircuitBreakerGauges(cluster, this.#options.stats);
  }

  /** Everything there is, for the admin interface; active objects before warming ones. */
  inspect(): ClusterInspection[] {
    return this.#entries().map((entry) => ({
      name: entry.resource.name,
      cluster: entry.resource.value,
      state: this.#active.get(entry.resource.name) === entry ? 'active' : 'warming',
      isStatic: entry.isStatic,
      isRemovalPending: this.#pendingRemovals.has(entry.resource.name),
      version: entry.resource.version,
      get bytes() {
        return entry.resource.bytes;
      },
      updatedAt: entry.updatedAt,
      hosts: inspectHosts(entry.cluster),
    }));
  }

  /** Discovery, health checks and timers end. */
  stop(): void {
    for (const { cluster } of this.#entries()) cluster.stop();
    this.#active.clear();
    this.#warming.clear();
  }

  onUpdate(update: ResourceUpdate<Cluster>): readonly RejectedResource[] {
    let hasChange = update.removed.length > 0;
    for (const resource of update.upserts) hasChange = this.addOrUpdate(resource, false) || hasChange;
    this.requestRemovals(update.removed);
    if (hasChange) this.#countReload();
    this.#initOrder.onDynamicAnswered();
    return [];
  }

  onRejected(_problems: readonly RejectedResource[]): void {
    this.#initOrder.onDynamicAnswered();
  }

  onInitialFetchTimeout(): void {
    this.#initOrder.onDynamicAnswered();
  }

  #entries(): Entry[] {
    return [...this.#active.values(), ...this.#warming.values()];
  }

  #createEntry(resource: ReceivedResource<Cluster>, isStatic: boolean, active: Entry | undefined): Entry {
    const { clock, publish } = this.#options;
    const cluster = new ManagedCluster(
      resource.value,
      active?.cluster.hasHadTraffic === true,
      this.#options,
      {
        onWarm: () => this.#onWarm(entry),
        onHosts: (update) => {
          this.#stats.updated.inc();
          publish(update);
        },
        onMergeWindow: (event) => this.#stats.mergeWindow[event].inc(),
      },
    );
    const entry: Entry = {
      cluster,
      resource,
      isStatic,
      updatedAt: clock.now(),
      isSecondary: needsXds(resource.value),
      start: () => cluster.start(),
    };
    return entry;
  }

  #onWarm(entry: Entry): void {
    const { name } = entry.resource;
    if (this.#warming.get(name) !== entry) return;
    const replaced = this.#active.get(name);
    this.#warming.delete(name);
    this.#active.set(name, entry);
    this.#options.publish(entry.cluster.activate());
    replaced?.cluster.stop();
    this.#setWarmingState(entry.resource.value.statName, 0);
    this.#updateGauges();
    for (const listener of [...this.#activeListeners]) listener(name);
    this.#initOrder.finish(entry);
  }

  /** A warming object that nobody wants any more. */
  #discard(entry: Entry): void {
    entry.cluster.stop();
    this.#initOrder.finish(entry);
  }

  /** What the main thread counted for clusters goes with them, unless another one shares their statistics. */
  #releaseStats(statNames: readonly string[]): void {
    if (statNames.length === 0) return;
    const used = new Set(this.#entries().map(({ resource }) => resource.value.statName));
    for (const name of new Set(statNames))
      if (!used.has(name)) this.#options.stats.scope(`cluster.${name}.`).release();
  }

  #setWarmingState(statName: string, value: 0 | 1): void {
    warmingStats.create(this.#options.stats.scope(`cluster.${statName}.`)).state.set(value);
  }

  /** Declared at the first answer: without CDS there is nothing to count. */
  #countReload(): void {
    const { stats, clock } = this.#options;
    const { reloads, reloadTime } = clusterReloadStats.create(stats.scope('cluster_manager.cds.'));
    reloads.inc();
    reloadTime.set(clock.now());
  }

  #updateGauges(): void {
    this.#stats.active.set(this.#active.size);
    this.#stats.warming.set(this.#warming.size);
  }
}

function needsXds(cluster: Cluster): boolean {
  const secrets = tlsContextsOf(cluster).flatMap(secretsOf);
  const sources = secrets.map(({ source }) => source);
  if (cluster.discovery.kind === 'eds') sources.push(cluster.discovery.source);
  return sources.some(({ kind }) => kind !== 'file');
}
