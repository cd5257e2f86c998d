import { typeUrls } from '@heddle/shared/xds/type-urls';
import type { SnapshotResource } from '../snapshot/snapshot.ts';

interface Arrival {
  readonly endpointsName: string | undefined;
  readonly deadlineMs: number;
  state: 'sent' | 'accepted';
}

/**
 * Clusters that are new to a client and that it may not have ready yet. What names one of them waits: until
 * the cluster was acknowledged and its endpoints were too, or until the client was silent for too long. Nobody waits
 * for a refused cluster: a table that names it names others too, and they must not wait for a repair of this one.
 */
export class ClusterArrivals {
  readonly #timeoutMs: number;
  readonly #arrivals = new Map<string, Arrival>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** A response with these clusters went out. `isKnown`: the client had the cluster before. */
  onSent(clusters: readonly SnapshotResource[], isKnown: (name: string) => boolean, nowMs: number): void {
    for (const { name, references } of clusters) {
      if (isKnown(name) && !this.#arrivals.has(name)) continue;
      const endpoints = references.find((reference) => reference.typeUrl === typeUrls.clusterLoadAssignment);
      this.#arrivals.set(name, {
        endpointsName: endpoints?.name,
        deadlineMs: nowMs + this.#timeoutMs,
        state: 'sent',
      });
    }
  }

  onAnswered(names: readonly string[], answer: 'accepted' | 'refused'): void {
    for (const name of names) {
      const arrival = this.#arrivals.get(name);
      if (answer === 'refused') this.#arrivals.delete(name);
      else if (arrival !== undefined) arrival.state = answer;
    }
  }

  onRemoved(name: string): void {
    this.#arrivals.delete(name);
  }

  /** Forgets those that are ready. `hasEndpoints`: the client acknowledged endpoints of that name, or asks for none. */
  settle(hasEndpoints: (name: string) => boolean, nowMs: number): void {
    for (const [name, { state, endpointsName, deadlineMs }] of this.#arrivals) {
      const isReady = state === 'accepted' && (endpointsName === undefined || hasEndpoints(endpointsName));
      if (isReady || nowMs >= deadlineMs) this.#arrivals.delete(name);
    }
  }

  /** Whether a resource names a cluster that is not ready. */
  holdsBack({ references }: SnapshotResource): boolean {
    if (this.#arrivals.size === 0) return false;
    return references.some(({ typeUrl, name }) => typeUrl === typeUrls.cluster && this.#arrivals.has(name));
  }

  /** When waiting for a silent client ends next; undefined when nothing does. */
  nextDeadlineMs(): number | undefined {
    let next: number | undefined;
    for (const { deadlineMs } of this.#arrivals.values()) next = Math.min(next ?? deadlineMs, deadlineMs);
    return next;
  }
}
