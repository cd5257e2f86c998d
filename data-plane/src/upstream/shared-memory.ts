import type { ClusterSharedMemory } from '../config/model/cluster-update.ts';

/**
 * Layouts of the memory that the threads of one process share for one cluster object. Each word has one writer, so
 * plain stores suffice; only the epoch, which announces other words, is atomic.
 */

/** Int32 index of the epoch in `hostFlags`; the flags of slot n stand at `firstFlag + n`. */
export const epochWord = 0;
export const firstFlag = 1;

/** Fields of a host's row in `hostStats`, in this order. */
export const hostStatFields = [
  'cx_active',
  'cx_connect_fail',
  'cx_total',
  'rq_active',
  'rq_error',
  'rq_success',
  'rq_timeout',
  'rq_total',
  'rq_pending_active',
] as const;
export type HostStatField = (typeof hostStatFields)[number];
export const hostStatStride = hostStatFields.length;

export const hostStat = {
  connectionsActive: 0,
  connectFailures: 1,
  connectionsTotal: 2,
  requestsActive: 3,
  requestErrors: 4,
  requestSuccesses: 5,
  requestTimeouts: 6,
  requestsTotal: 7,
  requestsPending: 8,
} as const;

/** Int32 index of the word that a worker sets when the cluster has had its first upstream connection. */
export const trafficWord = 0;
/** A cache line: blocks of different workers do not slow each other down. */
export const circuitBreakerStride = 16;

/** Index of the first count of a worker's block for one priority; its four counts follow in `ResourceKind` order. */
export function circuitBreakerBase(workerIndex: number, priority: 'default' | 'high'): number {
  return circuitBreakerStride * (1 + workerIndex) + (priority === 'high' ? 4 : 0);
}

/** Hosts that fit into `hostFlags`. */
export function slotCapacity(hostFlags: SharedArrayBuffer): number {
  return hostFlags.byteLength / Int32Array.BYTES_PER_ELEMENT - firstFlag;
}

/** Index of a host's row in `hostStats`. */
export function hostStatBase(workerIndex: number, capacity: number, slot: number): number {
  return (workerIndex * capacity + slot) * hostStatStride;
}

export function allocateHostFlags(capacity: number): SharedArrayBuffer {
  return new SharedArrayBuffer((firstFlag + capacity) * Int32Array.BYTES_PER_ELEMENT);
}

export function allocateHostStats(workerCount: number, capacity: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workerCount * capacity * hostStatStride * Float64Array.BYTES_PER_ELEMENT);
}

export function allocateClusterMemory(workerCount: number, capacity: number): ClusterSharedMemory {
  return {
    hostFlags: allocateHostFlags(capacity),
    hostStats: allocateHostStats(workerCount, capacity),
    circuitBreakers: new SharedArrayBuffer(
      circuitBreakerStride * (1 + workerCount) * Int32Array.BYTES_PER_ELEMENT,
    ),
  };
}
