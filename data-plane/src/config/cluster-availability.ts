/** What warming needs to know of clusters; the cluster manager tells it. Main thread. */
export interface ClusterAvailability {
  /** Warm, and in every worker's configuration (or on its way there before anything that is published later). */
  isActive(name: string): boolean;
  /** Active or warming. */
  isKnown(name: string): boolean;
  /** Called with the name whenever a cluster becomes active for the first time. Returns how to stop. */
  onActive(listener: (name: string) => void): () => void;
}
