import type { ClusterUpdate } from '../config/model/cluster-update.ts';
import { WorkerCluster, type WorkerUpstreamContext } from './thread-local-cluster.ts';
import type { ThreadLocalClusters } from './upstream.ts';

/** The clusters of one worker, as of the updates that the main thread has sent. */
export class WorkerClusters implements ThreadLocalClusters {
  readonly #context: WorkerUpstreamContext;
  readonly #clusters = new Map<string, WorkerCluster>();

  constructor(context: WorkerUpstreamContext) {
    this.#context = context;
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
    this.#clusters.set(name, new WorkerCluster(update.cluster, update.hosts, update.shared, this.#context));
    replaced?.drain();
  }

  remove(name: string): void {
    const removed = this.#clusters.get(name);
    this.#clusters.delete(name);
    removed?.drain();
  }

  /** The worker ends: every connection closes now. */
  close(): void {
    for (const cluster of this.#clusters.values()) cluster.close();
    this.#clusters.clear();
  }
}
