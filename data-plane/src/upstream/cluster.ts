import type { Rng } from '@heddle/shared/random/rng';
import type { Clock } from '@heddle/shared/time/clock';
import type { Cluster } from '../config/model/cluster.ts';
import type { ClusterUpdate, HostSetUpdate } from '../config/model/cluster-update.ts';
import { packHosts } from '../config/model/packed-hosts.ts';
import type { Endpoints } from '../config/model/endpoints.ts';
import type { UpstreamTls } from '../config/model/tls.ts';
import type { StatsScope } from '../stats/stats.ts';
import { clearWorkerResources } from './circuit-breaker.ts';
import { createMembershipStats, type MembershipStats } from './cluster-gauges.ts';
import { createDiscovery } from './discovery/create-discovery.ts';
import type { Discovery, DiscoveryEvents } from './discovery/discovery.ts';
import type { DnsResolver } from './discovery/dns-resolver.ts';
import type { EdsAssignments } from './discovery/eds-assignments.ts';
import type { HealthCheckEvent } from './health/health-check-event.ts';
import { healthCheckStats } from './health/health-check-stats.ts';
import { HealthChecker } from './health/health-checker.ts';
import { HostMemory } from './membership/host-memory.ts';
import type { Member } from './membership/member.ts';
import { Membership, type MembershipChange } from './membership/membership.ts';
import { createTransportSocketMatcher, tlsContextsOf } from './membership/transport-socket-match.ts';
import { MergeWindow } from './membership/merge-window.ts';
import type { ClientCodecs } from './pool/client-codecs.ts';
import type { UpstreamConnector } from './pool/upstream-connector.ts';
import { trafficWord } from './shared-memory.ts';

/** What every cluster object of the main thread needs from outside. */
export interface MainUpstreamContext {
  readonly workerCount: number;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly stats: StatsScope;
  readonly assignments: EdsAssignments;
  readonly resolver: DnsResolver;
  /** For health checks. */
  readonly connector: UpstreamConnector;
  readonly codecs: ClientCodecs;
  /** `onReady` runs once: when all secrets of the contexts are there, or will not come in time. */
  readonly acquireSecrets: (
    owner: string,
    contexts: readonly UpstreamTls[],
    onReady: () => void,
  ) => { countIn(scopeName: string): void; release(): void };
  readonly onHealthCheckEvent: (event: HealthCheckEvent) => void;
  /** Runs the callback once all workers have applied what was published so far. */
  readonly onAllWorkersApplied: (callback: () => void) => void;
}

export interface ManagedClusterEvents {
  /** First discovery and first health round are done; once. */
  onWarm(): void;
  /** A change for the workers; only after `activate`. */
  onHosts(update: ClusterUpdate): void;
  onMergeWindow(event: 'merged' | 'out-of-window' | 'cancelled'): void;
}

/**
 * One cluster object on the main thread: a configuration, its discovery, its members and its health checks. It
 * warms, is activated, and is stopped when its successor takes over; it never changes its configuration.
 */
export class ManagedCluster implements DiscoveryEvents {
  readonly info: Cluster;
  readonly memory: HostMemory;
  readonly membership: Membership;
  readonly #context: MainUpstreamContext;
  readonly #events: ManagedClusterEvents;
  readonly #discovery: Discovery;
  readonly #checker: HealthChecker | undefined;
  readonly #mergeWindow: MergeWindow;
  readonly #stats: MembershipStats;
  readonly #traffic: Int32Array;
  #secrets: { release(): void } | undefined;
  /** What came before the secrets did: health checks need them. */
  #held: { endpoints: Endpoints | undefined; isLoaded: boolean } | undefined;
  #isActive = false;
  #isLeaving = false;
  #version = 0;
  /** What the workers do not know yet. */
  #added = new Set<Member>();
  #changed = new Set<Member>();
  #removed: number[] = [];

  constructor(
    info: Cluster,
    hasHadTraffic: boolean,
    context: MainUpstreamContext,
    events: ManagedClusterEvents,
  ) {
    const scope = context.stats.scope(`cluster.${info.statName}.`);
    this.info = info;
    this.#context = context;
    this.#events = events;
    this.memory = new HostMemory(context.workerCount, 0);
    this.#traffic = new Int32Array(this.memory.shared.circuitBreakers);
    if (hasHadTraffic) this.#traffic[trafficWord] = 1;
    this.membership = new Membership({
      memory: this.memory,
      hasHealthCheck: info.healthCheck !== undefined,
      ignoreHealthOnHostRemoval: info.ignoreHealthOnHostRemoval,
      ignoreNewHostsUntilFirstHealthCheck: info.common.ignoreNewHostsUntilFirstHealthCheck,
      isLogical: info.discovery.kind === 'logical-dns',
      transportSocketOf: createTransportSocketMatcher(info.transportSocketMatches ?? [], scope),
    });
    this.#stats = createMembershipStats(scope);
    this.#discovery = createDiscovery(info.discovery, context, scope);
    this.#checker =
      info.healthCheck === undefined
        ? undefined
        : new HealthChecker({
            cluster: info,
            settings: info.healthCheck,
            clock: context.clock,
            rng: context.rng,
            stats: healthCheckStats.create(scope.scope('health_check.')),
            connector: context.connector.forCluster?.(info, scope) ?? context.connector,
            codecs: context.codecs,
            flagsOf: (member) => this.membership.flagsOf(member),
            hasHadTraffic: () => this.hasHadTraffic,
            onFlags: (member, flags) => this.#onFlags(member, flags),
            onEvent: context.onHealthCheckEvent,
          });
    this.#mergeWindow = new MergeWindow(info.common.updateMergeWindowMs, context.clock, {
      onApply: (isMerged) => {
        if (isMerged) events.onMergeWindow('merged');
        this.#publish();
      },
      onOutOfWindow: () => events.onMergeWindow('out-of-window'),
      onCancelled: () => events.onMergeWindow('cancelled'),
    });
  }

  /** Any worker has had a connection to it; kept across updates of the cluster. */
  get hasHadTraffic(): boolean {
    return Atomics.load(this.#traffic, trafficWord) === 1;
  }

  start(): void {
    const { name, statName } = this.info;
    const contexts = tlsContextsOf(this.info);
    if (contexts.length > 0) {
      this.#held = { endpoints: undefined, isLoaded: false };
      const secrets = this.#context.acquireSecrets(`cluster ${name}`, contexts, () => this.#onSecretsReady());
      secrets.countIn(`cluster.${statName}.`);
      this.#secrets = secrets;
    }
    this.#discovery.start(this);
  }

  /** Discovery, checks and timers end; what the workers have stays theirs. */
  stop(): void {
    this.#isActive = false;
    this.#secrets?.release();
    this.#discovery.stop();
    this.#checker?.stop();
    this.#mergeWindow.stop();
  }

  /** From now on changes are published; returns what a worker needs to begin. */
  activate(): ClusterUpdate {
    this.#isActive = true;
    this.memory.takeGrown();
    this.#updateGauges();
    return this.toReplace();
  }

  /** The whole object, for a worker that has nothing of it. */
  toReplace(): ClusterUpdate {
    const hosts: HostSetUpdate = {
      version: this.#version,
      added: packHosts(Array.from(this.membership.members, (member) => member.toDescription())),
      changed: packHosts([]),
      removed: [],
      priorities: this.membership.priorities,
    };
    const { discovery: _, healthCheck: __, ...cluster } = this.info;
    const isHealthChecked = this.#checker !== undefined;
    return {
      kind: 'replace',
      cluster: { ...cluster, isHealthChecked },
      hosts,
      shared: this.memory.shared,
    };
  }

  /**
   * The management server does not know the cluster any more, or knows it again. Of one that leaves it says that
   * there are no endpoints; requests that are still routed to it need the last ones.
   */
  setLeaving(isLeaving: boolean): void {
    this.#isLeaving = isLeaving;
  }

  onWorkerDied(workerIndex: number): void {
    this.memory.clearWorker(workerIndex);
    clearWorkerResources(this.memory.shared.circuitBreakers, workerIndex);
  }

  /** A host said in an answer that it is not healthy. It recovers by its checks. */
  onHostFailed(label: string): void {
    for (const member of this.membership.members) {
      if (member.label === label) this.#checker?.failPassively(member);
    }
  }

  onEndpoints(endpoints: Endpoints): void {
    if (this.#held !== undefined) {
      this.#held.endpoints = endpoints;
      return;
    }
    if (this.#isLeaving && !hasEndpoint(endpoints)) return;
    const change = this.membership.update(endpoints);
    if (change === undefined) {
      this.#stats.noRebuild.inc();
      return;
    }
    this.#checker?.remove(change.removed);
    this.#record(change);
    this.#checker?.add(change.added);
  }

  onFirstLoad(): void {
    if (this.#held !== undefined) this.#held.isLoaded = true;
    else if (this.#checker === undefined) this.#events.onWarm();
    else this.#checker.awaitFirstRound(() => this.#events.onWarm());
  }

  #onSecretsReady(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held?.endpoints !== undefined) this.onEndpoints(held.endpoints);
    if (held?.isLoaded === true) this.onFirstLoad();
  }

  #onFlags(member: Member, flags: number): void {
    const isVisible = this.membership.setFlags(member, flags);
    if (this.membership.removeIfUnwanted(member)) {
      this.#checker?.remove([member]);
      this.#record({
        added: [],
        changed: [],
        removed: [member],
        hasHealthChange: false,
        hasPriorityChange: false,
      });
    } else if (isVisible) {
      this.memory.moveEpoch();
      this.#updateGauges();
    }
  }

  #record(change: MembershipChange): void {
    if (change.hasHealthChange) this.memory.moveEpoch();
    for (const member of change.removed) this.#recordRemoval(member);
    for (const member of change.added) this.#added.add(member);
    for (const member of change.changed) this.#changed.add(member);
    const isMembershipChange = change.added.length + change.removed.length > 0;
    if (isMembershipChange) this.#stats.membershipChange.inc();
    if (!this.#isActive) {
      // Whoever activates it takes everything at once; slots were never seen by a worker.
      for (const slot of this.#removed) this.memory.release(slot);
      this.#clearPending();
      return;
    }
    this.#updateGauges();
    if (isMembershipChange || change.changed.length > 0 || change.hasPriorityChange) {
      this.#mergeWindow.request(isMembershipChange);
    }
  }

  #recordRemoval(member: Member): void {
    this.#changed.delete(member);
    this.#added.delete(member);
    this.#removed.push(member.slot);
  }

  #publish(): void {
    const removed = this.#removed;
    const grown = this.memory.takeGrown();
    const hosts: HostSetUpdate = {
      version: ++this.#version,
      added: packHosts(Array.from(this.#added, (member) => member.toDescription())),
      changed: packHosts(Array.from(this.#changed, (member) => member.toDescription())),
      removed,
      priorities: this.membership.priorities,
      ...(grown === undefined ? {} : { grown }),
    };
    this.#clearPending();
    this.#events.onHosts({ kind: 'hosts', clusterName: this.info.name, hosts });
    if (removed.length > 0) {
      this.#context.onAllWorkersApplied(() => {
        for (const slot of removed) this.memory.release(slot);
      });
    }
  }

  #clearPending(): void {
    this.#added = new Set();
    this.#changed = new Set();
    this.#removed = [];
  }

  #updateGauges(): void {
    this.#stats.update(this.membership);
  }
}

function hasEndpoint({ priorities }: Endpoints): boolean {
  return priorities.some((localities) => localities.some(({ endpoints }) => endpoints.length > 0));
}
