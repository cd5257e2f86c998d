import type { Cluster } from '../config/model/cluster.ts';
import type { ClusterUpdate } from '../config/model/cluster-update.ts';
import { SharedScopes } from '../stats/shared-scopes.ts';
import { WorkerCluster, type WorkerUpstreamContext } from './thread-local-cluster.ts';
import type { ThreadLocalClusters } from './upstream.ts';

/** The clusters of one worker, as of the updates that the main thread has sent. */
export class WorkerClusters implements ThreadLocalClusters {
  readonly #context: WorkerUpstreamContext;
  readonly #clusters = new Map<string, WorkerCluster>();
  /** Statistics of a cluster go with it, unless another one shares them. */
  readonly #scopes: SharedScopes;

  constructor(context: WorkerUpstreamContext) {
    this.#context = context;
    this.#scopes = new SharedScopes(context.stats);
  }

  get(name: string): WorkerCluster | undefined {
    return this.#clusters.get(name);
  }

  /** Applied wholly when it returns. The new object is reachable before the old one begins to drain. */
  apply(update: ClusterUpdate): void {
    if (update.kind === 'hosts') {
      this.#clusters.get(update.clusterName)?.updateHosts(update.hosts);
      return;
    }
    const { name } = update.cluster;
    const replaced = this.#clusters.get(name);
    this.#scopes.acquire(scopeNameOf(update.cluster));
    this.#clusters.set(name, new WorkerCluster(update.cluster, update.hosts, update.shared, this.#context));
    this.#letGo(replaced);
  }

  remove(name: string): void {
    const removed = this.#clusters.get(name);
    this.#clusters.delete(name);
    this.#letGo(removed);
  }

  /** What still runs through it is served, and no longer counted once its statistics are gone. */
  #letGo(cluster: WorkerCluster | undefined): void {
    if (cluster === undefined) return;
    cluster.drain();
    this.#scopes.release(scopeNameOf(cluster.info));
  }

  /** The worker ends: every connection closes now. */
  close(): void {
    for (const cluster of this.#clusters.values()) cluster.close();
    this.#clusters.clear();
  }
}

function scopeNameOf({ statName }: Pick<Cluster, 'statName'>): string {
  return `cluster.${statName}.`;
}
