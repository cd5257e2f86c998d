import type { Endpoints } from '../../config/model/endpoints.ts';
import type { Subscription } from '../../config/subscription.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { Discovery, DiscoveryEvents } from './discovery.ts';
import type { AssignmentWatcher, EdsAssignments } from './eds-assignments.ts';

/** Hosts from EDS. An answer without endpoints is an answer; a failed first fetch ends the wait as well. */
export class EdsDiscovery implements Discovery, AssignmentWatcher {
  readonly #assignments: EdsAssignments;
  readonly #serviceName: string;
  readonly #initialFetchTimeoutMs: number;
  readonly #stats: StatsScope;
  #events: DiscoveryEvents | undefined;
  #subscription: Subscription | undefined;
  #isLoaded = false;

  /** `stats`: the cluster's scope. */
  constructor(
    assignments: EdsAssignments,
    serviceName: string,
    initialFetchTimeoutMs: number,
    stats: StatsScope,
  ) {
    this.#assignments = assignments;
    this.#serviceName = serviceName;
    this.#initialFetchTimeoutMs = initialFetchTimeoutMs;
    this.#stats = stats;
  }

  start(events: DiscoveryEvents): void {
    this.#events = events;
    this.#stats.counter('update_attempt').inc();
    this.#subscription = this.#assignments.watch(this.#serviceName, this.#initialFetchTimeoutMs, this);
  }

  stop(): void {
    this.#events = undefined;
    this.#subscription?.close();
  }

  onAssignment(endpoints: Endpoints): void {
    this.#stats.counter('update_success').inc();
    this.#events?.onEndpoints(endpoints);
    this.#finishLoad();
  }

  onNoAssignment(reason: 'empty' | 'rejected' | 'timeout'): void {
    this.#stats.counter(reasonCounters[reason]).inc();
    this.#finishLoad();
  }

  #finishLoad(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    this.#events?.onFirstLoad();
  }
}

const reasonCounters = {
  empty: 'update_empty',
  rejected: 'update_rejected',
  timeout: 'init_fetch_timeout',
} as const;
