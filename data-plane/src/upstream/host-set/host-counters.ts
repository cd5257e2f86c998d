import { hostStat, hostStatStride } from '../shared-memory.ts';
import type { HostStats } from '../upstream.ts';

/**
 * A host's row of numbers in this worker's block. Written with plain adds: no other thread writes it. After
 * `detach` it counts in memory of its own, because requests may outlive the host, and its slot may have a new one.
 */
export class HostCounters implements HostStats {
  #numbers: Float64Array;
  #base: number;

  constructor(numbers: Float64Array, base: number) {
    this.#numbers = numbers;
    this.#base = base;
    numbers.fill(0, base, base + hostStatStride);
  }

  /** Continues in other memory with the same numbers. */
  move(numbers: Float64Array, base: number): void {
    numbers.set(this.#numbers.subarray(this.#base, this.#base + hostStatStride), base);
    this.#numbers = numbers;
    this.#base = base;
  }

  detach(): void {
    this.move(new Float64Array(hostStatStride), 0);
  }

  onConnectionOpened(): void {
    this.#add(hostStat.connectionsActive, 1);
    this.#add(hostStat.connectionsTotal, 1);
  }
  onConnectionClosed(): void {
    this.#add(hostStat.connectionsActive, -1);
  }
  onConnectFailure(): void {
    this.#add(hostStat.connectFailures, 1);
  }
  onRequestPending(): void {
    this.#add(hostStat.requestsPending, 1);
  }
  onRequestNoLongerPending(): void {
    this.#add(hostStat.requestsPending, -1);
  }
  onRequestAttached(): void {
    this.#add(hostStat.requestsActive, 1);
    this.#add(hostStat.requestsTotal, 1);
  }
  onRequestDetached(): void {
    this.#add(hostStat.requestsActive, -1);
  }
  onRequestEnd(isError: boolean): void {
    this.#add(isError ? hostStat.requestErrors : hostStat.requestSuccesses, 1);
  }
  onRequestTimeout(): void {
    this.#add(hostStat.requestTimeouts, 1);
  }

  #add(field: number, amount: number): void {
    const at = this.#base + field;
    this.#numbers[at] = (this.#numbers[at] ?? 0) + amount;
  }
}
