import type { CircuitBreakerThresholds } from '../config/model/cluster.ts';
import { circuitBreakerBase, circuitBreakerStride } from './shared-memory.ts';
import type { ResourceManager, ResourcePriority } from './upstream.ts';

/** Order of the counts in a worker's block. */
export const resourceKind = { connections: 0, pending: 1, requests: 2, retries: 3 } as const;
export type ResourceKind = (typeof resourceKind)[keyof typeof resourceKind];

/**
 * The circuit breakers of one priority of one cluster, as a worker uses them. A worker counts in its own block and
 * sums all blocks to check, so two workers that check at the same moment may admit one too many each, as in Envoy.
 */
export class SharedResourceManager implements ResourceManager {
  readonly thresholds: CircuitBreakerThresholds;
  readonly #counts: Int32Array;
  readonly #own: number;
  readonly #first: number;

  constructor(
    memory: SharedArrayBuffer,
    workerIndex: number,
    priority: ResourcePriority,
    thresholds: CircuitBreakerThresholds,
  ) {
    this.thresholds = thresholds;
    this.#counts = new Int32Array(memory);
    this.#own = circuitBreakerBase(workerIndex, priority);
    this.#first = circuitBreakerBase(0, priority);
  }

  canConnect(): boolean {
    return this.#total(resourceKind.connections) < this.thresholds.maxConnections;
  }

  canPend(): boolean {
    return this.#total(resourceKind.pending) < this.thresholds.maxPendingRequests;
  }

  canRequest(): boolean {
    return this.#total(resourceKind.requests) < this.thresholds.maxRequests;
  }

  canRetry(): boolean {
    return this.#total(resourceKind.retries) < this.maxRetries();
  }

  /** The limit of retries now; with a retry budget it follows the requests that are active and pending. */
  maxRetries(): number {
    if (this.thresholds.retryBudget === undefined) return this.thresholds.maxRetries;
    return retryLimit(
      this.thresholds,
      this.#total(resourceKind.requests) + this.#total(resourceKind.pending),
    );
  }

  connectionOpened(): void {
    this.#add(resourceKind.connections, 1);
  }
  connectionClosed(): void {
    this.#add(resourceKind.connections, -1);
  }
  pendingStarted(): void {
    this.#add(resourceKind.pending, 1);
  }
  pendingEnded(): void {
    this.#add(resourceKind.pending, -1);
  }
  requestStarted(): void {
    this.#add(resourceKind.requests, 1);
  }
  requestEnded(): void {
    this.#add(resourceKind.requests, -1);
  }
  retryStarted(): void {
    this.#add(resourceKind.retries, 1);
  }
  retryEnded(): void {
    this.#add(resourceKind.retries, -1);
  }

  #add(kind: ResourceKind, amount: number): void {
    const at = this.#own + kind;
    this.#counts[at] = (this.#counts[at] ?? 0) + amount;
  }

  #total(kind: ResourceKind): number {
    const counts = this.#counts;
    let total = 0;
    for (let at = this.#first + kind; at < counts.length; at += circuitBreakerStride)
      total += counts[at] ?? 0;
    return total;
  }
}

/** Retries that may run at once beside so many requests that are active or pending. */
export function retryLimit(
  { maxRetries, retryBudget }: CircuitBreakerThresholds,
  requestCount: number,
): number {
  if (retryBudget === undefined) return maxRetries;
  return Math.max(
    Math.floor((retryBudget.budgetPercent * requestCount) / 100),
    retryBudget.minRetryConcurrency,
  );
}

/** Sum over all workers of one count; what the main thread shows. */
export function sumResource(
  memory: SharedArrayBuffer,
  priority: ResourcePriority,
  kind: ResourceKind,
): number {
  const counts = new Int32Array(memory);
  let total = 0;
  for (let at = circuitBreakerBase(0, priority) + kind; at < counts.length; at += circuitBreakerStride) {
    total += counts[at] ?? 0;
  }
  return total;
}

/** What a dead worker had open is closed: its block counts nothing any more. */
export function clearWorkerResources(memory: SharedArrayBuffer, workerIndex: number): void {
  const start = circuitBreakerBase(workerIndex, 'default');
  new Int32Array(memory).fill(0, start, start + circuitBreakerStride);
}
