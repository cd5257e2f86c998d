import type { Endpoints } from '../../config/model/endpoints.ts';
import type { SourceConfig } from '../../config/model/resource-source.ts';
import type { Subscription } from '../../config/subscription.ts';
import type { StatsOf } from '../../stats/describe-stats.ts';
import type { StatsScope } from '../../stats/stats.ts';
import { assignmentStats, refreshStats, type AssignmentStats } from './discovery-stats.ts';
import type { Discovery, DiscoveryEvents } from './discovery.ts';
import type { AssignmentWatcher, EdsAssignments } from './eds-assignments.ts';

/** Hosts from EDS. An answer without endpoints is an answer; a failed first fetch ends the wait as well. */
export class EdsDiscovery implements Discovery, AssignmentWatcher {
  readonly #assignments: EdsAssignments;
  readonly #serviceName: string;
  readonly #source: SourceConfig;
  readonly #refreshes: StatsOf<typeof refreshStats>;
  readonly #stats: AssignmentStats;
  #events: DiscoveryEvents | undefined;
  #subscription: Subscription | undefined;
  #isLoaded = false;

  /** `stats`: the cluster's scope. */
  constructor(assignments: EdsAssignments, serviceName: string, source: SourceConfig, stats: StatsScope) {
    this.#assignments = assignments;
    this.#serviceName = serviceName;
    this.#source = source;
    this.#refreshes = refreshStats.create(stats);
    this.#stats = assignmentStats.create(stats);
  }

  start(events: DiscoveryEvents): void {
    this.#events = events;
    this.#refreshes.attempts.inc();
    this.#subscription = this.#assignments.watch(this.#serviceName, this.#source, this);
  }

  stop(): void {
    this.#events = undefined;
    this.#subscription?.close();
  }

  onAssignment(endpoints: Endpoints): void {
    this.#refreshes.successes.inc();
    this.#events?.onEndpoints(endpoints);
    this.#finishLoad();
  }

  onNoAssignment(reason: 'empty' | 'rejected' | 'timeout'): void {
    this.#stats[reason].inc();
    this.#finishLoad();
  }

  #finishLoad(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    this.#events?.onFirstLoad();
  }
}
