import type { ServedCluster } from '../config/model/cluster.ts';
import type { ClusterUpdate } from '../config/model/cluster-update.ts';
import { SharedScopes } from '../stats/shared-scopes.ts';
import { WorkerCluster, type WorkerUpstreamContext } from './thread-local-cluster.ts';
import type { ThreadLocalClusters } from './upstream.ts';

/** A cluster that nobody asked for so far: as it came. */
interface UnusedCluster {
  readonly update: Extract<ClusterUpdate, { readonly kind: 'replace' }>;
  /** Its hosts are as old as this when they are built, for their slow start. */
  readonly cameAtMs: number;
  /** It succeeds one that was used, whose statistics go on. */
  readonly hasScope: boolean;
}

/**
 * The clusters of one worker, as of the updates that the main thread has sent. A cluster is built when it is first
 * asked for or its hosts change: of a large mesh a sidecar uses little, and an update of thousands of clusters must
 * not hold up requests.
 */
export class WorkerClusters implements ThreadLocalClusters {
  readonly #context: WorkerUpstreamContext;
  readonly #clusters = new Map<string, WorkerCluster>();
  /** A name is here or in `#clusters`, never in both. */
  readonly #unused = new Map<string, UnusedCluster>();
  /** Statistics of a cluster go with it, unless another one shares them. */
  readonly #scopes: SharedScopes;

  constructor(context: WorkerUpstreamContext) {
    this.#context = context;
    this.#scopes = new SharedScopes(context.stats);
  }

  get(name: string): WorkerCluster | undefined {
    return this.#clusters.get(name) ?? this.#build(name);
  }

  /** Applied wholly when it returns. The new object is reachable before the old one begins to drain. */
  apply(update: ClusterUpdate): void {
    if (update.kind === 'hosts') {
      this.get(update.clusterName)?.updateHosts(update.hosts);
      return;
    }
    const { name } = update.cluster;
    const replaced = this.#clusters.get(name);
    const replacedUnused = this.#unused.get(name);
    const hasScope = replaced !== undefined || replacedUnused?.hasScope === true;
    if (hasScope) this.#scopes.acquire(scopeNameOf(update.cluster));
    this.#unused.set(name, { update, cameAtMs: this.#context.clock.monotonicMs(), hasScope });
    this.#clusters.delete(name);
    this.#letGo(replaced, replacedUnused);
  }

  remove(name: string): void {
    const removed = this.#clusters.get(name);
    const removedUnused = this.#unused.get(name);
    this.#clusters.delete(name);
    this.#unused.delete(name);
    this.#letGo(removed, removedUnused);
  }

  /** The worker ends: every connection closes now. */
  close(): void {
    for (const cluster of this.#clusters.values()) cluster.close();
    this.#clusters.clear();
    this.#unused.clear();
  }

  #build(name: string): WorkerCluster | undefined {
    const unused = this.#unused.get(name);
    if (unused === undefined) return undefined;
    const { cluster, hosts, shared } = unused.update;
    if (!unused.hasScope) this.#scopes.acquire(scopeNameOf(cluster));
    const built = new WorkerCluster(cluster, hosts, shared, this.#context, unused.cameAtMs);
    this.#unused.delete(name);
    this.#clusters.set(name, built);
    return built;
  }

  /** What still runs through it is served, and no longer counted once its statistics are gone. */
  #letGo(cluster: WorkerCluster | undefined, unused: UnusedCluster | undefined): void {
    cluster?.drain();
    if (cluster !== undefined) this.#scopes.release(scopeNameOf(cluster.info));
    if (unused?.hasScope === true) this.#scopes.release(scopeNameOf(unused.update.cluster));
  }
}

function scopeNameOf({ statName }: ServedCluster): string {
  return `cluster.${statName}.`;
}
