/** What one run of a load generator in a closed loop came to. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly requestCount: number;
  /** Answers that were not 2xx or 3xx, and sockets that failed. A run with any is not a measurement. */
  readonly errorCount: number;
}
