import { typeUrls } from '@heddle/shared/xds/type-urls';
import { versionOfSet, type Snapshot, type SnapshotResource } from '../snapshot/snapshot.ts';
import { ClusterArrivals } from './cluster-arrivals.ts';
import { isEmptyAssignment } from './empty-assignment.ts';
import { LateRemovals } from './late-removals.ts';
import { childTypes, fullSetTypes, planRows, routingTypes, type PushRow } from './push-plan.ts';
import { covers } from './subscription.ts';
import type { TypeState } from './type-state.ts';

/** A response that may go out now. */
export interface Push {
  readonly state: TypeState;
  readonly version: string;
  readonly resources: readonly SnapshotResource[];
  readonly removed: readonly string[];
  /** Those of `resources` that are new, changed or asked for. */
  readonly upserts: readonly SnapshotResource[];
  /** Names about which nothing more is to be said. */
  readonly settled: readonly string[];
}

export interface PusherSettings {
  readonly variant: 'sotw' | 'delta';
  /** Whether all types of the client come over this stream, so that their order can be kept. */
  readonly isAggregated: boolean;
  /** Of the stream; the pusher only reads the map. */
  readonly states: ReadonlyMap<string, TypeState>;
  readonly ackTimeoutMs: number;
  readonly maxResponseBytes: number;
  readonly sizeOf: (resource: SnapshotResource) => number;
  /** The answer about endpoints of an unknown name. */
  readonly emptyAssignment: (name: string) => SnapshotResource;
  readonly openedAtMs: number;
}

/** Decides, row by row of the push plan, what one stream may be sent next. */
export class Pusher {
  /** The client held something when it connected, so what it still uses is not known until it asked for all types. */
  isResumed = false;
  readonly #settings: PusherSettings;
  readonly #arrivals: ClusterArrivals;
  /** Of a stream that is not aggregated. */
  readonly #lateRemovals = new LateRemovals();
  readonly #lateEmptied = new LateRemovals();

  constructor(settings: PusherSettings) {
    this.#settings = settings;
    this.#arrivals = new ClusterArrivals(settings.ackTimeoutMs);
  }

  /** The next response that may go; undefined when there is nothing, or all of it has to wait. */
  next(snapshot: Snapshot, nowMs: number): Push | undefined {
    const { states } = this.#settings;
    if (![...states.values()].some((state) => state.hasWork && state.outstanding === undefined))
      return undefined;
    this.#arrivals.settle((name) => this.#hasEndpoints(name), nowMs);
    for (const row of planRows(states.keys())) {
      const state = states.get(row.typeUrl);
      if (state === undefined || !state.hasWork || state.outstanding !== undefined) continue;
      if (!row.after.every((typeUrl) => this.#isSettled(typeUrl, snapshot, nowMs))) continue;
      const push = this.#pushOf(row, state, snapshot, nowMs);
      if (push !== undefined) return push;
    }
    return undefined;
  }

  onSent(push: Push, nonce: string, nowMs: number): void {
    const { state, upserts, removed, settled, version } = push;
    if (state.typeUrl === typeUrls.cluster)
      this.#arrivals.onSent(
        push.resources,
        (name) => state.held.has(name) && !state.uncertain.has(name),
        nowMs,
      );
    for (const { name } of push.resources) state.uncertain.delete(name);
    for (const name of settled) state.forget(name);
    for (const resource of upserts) state.hold(resource);
    if (state.typeUrl === typeUrls.cluster)
      for (const name of [...settled, ...removed]) this.#arrivals.onRemoved(name);
    state.mustAnswer = false;
    state.lastNonce = nonce;
    state.outstanding = { nonce, version, sentAtMs: nowMs, names: upserts.map(({ name }) => name) };
    this.#askChildren(state.typeUrl, upserts);
  }

  onAnswered(state: TypeState, answer: 'accepted' | 'refused'): void {
    const names = state.outstanding?.names ?? [];
    state.outstanding = undefined;
    // Of clusters and listeners clients take those that are fine; of the others they may not even look at them.
    if (answer === 'refused' && !fullSetTypes.has(state.typeUrl)) state.suspect(names);
    if (answer === 'accepted' && this.#settings.variant === 'sotw' && fullSetTypes.has(state.typeUrl))
      state.refusals.clear();
    if (state.typeUrl !== typeUrls.cluster) return;
    const isFullSet = answer === 'accepted' && this.#settings.variant === 'sotw';
    this.#arrivals.onAnswered(isFullSet ? [...state.held.keys()] : names, answer);
  }

  /** Milliseconds until waiting for an answer may end; undefined when nothing waits. */
  nextWakeUpMs(nowMs: number): number | undefined {
    const { states, ackTimeoutMs, openedAtMs } = this.#settings;
    const all = [...states.values()];
    if (!all.some((state) => state.hasWork)) return undefined;
    const ends = all.flatMap((state) =>
      state.outstanding === undefined ? [] : state.outstanding.sentAtMs + ackTimeoutMs,
    );
    if (this.isResumed) ends.push(openedAtMs + ackTimeoutMs);
    const arrivals = this.#arrivals.nextDeadlineMs();
    if (arrivals !== undefined) ends.push(arrivals);
    for (const late of [this.#lateRemovals, this.#lateEmptied]) ends.push(late.nextMs() ?? nowMs);
    const future = ends.filter((endMs) => endMs > nowMs);
    return future.length === 0 ? undefined : Math.min(...future) - nowMs;
  }

  #pushOf(row: PushRow, state: TypeState, snapshot: Snapshot, nowMs: number): Push | undefined {
    const suspects = row.does === 'remove' ? [] : state.takeSuspects(snapshot);
    if (suspects.length > 0) return resend(state, suspects, snapshot);
    const difference = state.difference(snapshot);
    const isSotw = this.#settings.variant === 'sotw';
    const isUpsert = row.does !== 'remove';
    const allowed = isUpsert ? this.#allowedOf(state, difference.upserts, snapshot, nowMs) : [];
    const missing = isUpsert ? difference.missing : [];
    const removals = this.#removalsOf(row, difference.removals, nowMs);
    const hasAnswer = isUpsert && state.mustAnswer;
    if (allowed.length + missing.length + removals.length === 0 && !hasAnswer) return undefined;
    if (!isSotw) return this.#deltaPush(state, snapshot, allowed, [...missing, ...removals]);
    if (fullSetTypes.has(state.typeUrl)) return fullSetPush(state, allowed, [...missing, ...removals]);
    return this.#partialPush(state, snapshot, allowed, [...missing, ...removals], hasAnswer);
  }

  #removalsOf({ does }: PushRow, removals: readonly string[], nowMs: number): readonly string[] {
    if (does === 'upsert') return [];
    if (does === 'replace' || this.#settings.isAggregated) return removals;
    return this.#lateRemovals.ripe(removals, nowMs);
  }

  /** Without those that would break what the client does now. */
  #allowedOf(
    state: TypeState,
    upserts: readonly SnapshotResource[],
    snapshot: Snapshot,
    nowMs: number,
  ): readonly SnapshotResource[] {
    if (state.typeUrl !== typeUrls.clusterLoadAssignment) {
      return upserts.filter(
        (resource) =>
          !this.#arrivals.holdsBack(resource) &&
          !this.#namesUnsent(resource, nowMs) &&
          !this.#namesWithoutEndpoints(resource, snapshot, nowMs),
      );
    }
    // Endpoints that are all gone are a removal in disguise: routes that are on their way may leave the cluster.
    const mayBeRouted = (resource: SnapshotResource): boolean =>
      isEmptyAssignment(resource) && (state.isInUse(resource.name) || state.held.has(resource.name));
    const emptied = upserts.filter(mayBeRouted).map(({ name }) => name);
    const mayGo = this.#mayBeEmptied(emptied, snapshot, nowMs);
    return upserts.flatMap((resource) => {
      if (!mayBeRouted(resource) || mayGo.has(resource.name)) return [resource];
      if (state.isInUse(resource.name)) return [];
      // A client that waits for an answer, since the cluster changed, is told once more what it was told last.
      return [state.held.get(resource.name) ?? resource];
    });
  }

  #mayBeEmptied(names: readonly string[], snapshot: Snapshot, nowMs: number): ReadonlySet<string> {
    if (!this.#settings.isAggregated) return new Set(this.#lateEmptied.ripe(names, nowMs));
    const isRouted = names.length > 0 && routingTypes.some((type) => !this.#isSettled(type, snapshot, nowMs));
    return new Set(isRouted ? [] : names);
  }

  /** Whether a resource names a cluster that was not sent yet, and will be. */
  #namesUnsent({ references }: SnapshotResource, nowMs: number): boolean {
    const { states, isAggregated, ackTimeoutMs, openedAtMs } = this.#settings;
    if (!isAggregated) return false;
    const clusters = states.get(typeUrls.cluster);
    const named = references.filter(({ typeUrl }) => typeUrl === typeUrls.cluster);
    // Who comes back asks for its types in any order; which of the clusters it lacks is not known before.
    if (clusters === undefined)
      return named.length > 0 && this.isResumed && nowMs - openedAtMs < ackTimeoutMs;
    if (!clusters.hasWork || clusters.outstanding === undefined) return false;
    if (nowMs - clusters.outstanding.sentAtMs >= ackTimeoutMs) return false;
    return named.some(
      ({ name }) =>
        covers(clusters.subscription, name) && (!clusters.held.has(name) || clusters.uncertain.has(name)),
    );
  }

  /**
   * Whether a resource names a cluster that the client has, but that still waits for its first endpoints: its stream
   * was lost before they came.
   */
  #namesWithoutEndpoints({ references }: SnapshotResource, snapshot: Snapshot, nowMs: number): boolean {
    const { states, isAggregated, ackTimeoutMs } = this.#settings;
    const endpoints = states.get(typeUrls.clusterLoadAssignment);
    if (!isAggregated || endpoints?.hasWork !== true) return false;
    const { outstanding } = endpoints;
    if (outstanding !== undefined && nowMs - outstanding.sentAtMs >= ackTimeoutMs) return false;
    return references.some(({ typeUrl, name }) => {
      if (typeUrl !== typeUrls.cluster) return false;
      const children = snapshot.get(typeUrl, name)?.references ?? [];
      return children.some(
        (child) => child.typeUrl === typeUrls.clusterLoadAssignment && endpoints.isAwaited(child.name),
      );
    });
  }

  #deltaPush(
    state: TypeState,
    snapshot: Snapshot,
    allowed: readonly SnapshotResource[],
    removed: readonly string[],
  ): Push {
    const upserts = this.#cut(allowed);
    const version = snapshot.version(state.typeUrl);
    return { state, version, resources: upserts, removed, upserts, settled: removed };
  }

  /**
   * State of the world, types whose absence means nothing: what is gone cannot be said, but for endpoints, of
   * which there are none then.
   */
  #partialPush(
    state: TypeState,
    snapshot: Snapshot,
    allowed: readonly SnapshotResource[],
    gone: readonly string[],
    hasAnswer: boolean,
  ): Push | undefined {
    const isEndpoints = state.typeUrl === typeUrls.clusterLoadAssignment;
    const upserts = this.#cut(
      isEndpoints ? [...allowed, ...gone.map(this.#settings.emptyAssignment)] : allowed,
    );
    if (!isEndpoints) for (const name of gone) state.forget(name);
    if (upserts.length === 0 && !hasAnswer) return undefined;
    return {
      state,
      version: snapshot.version(state.typeUrl),
      resources: upserts,
      removed: [],
      upserts,
      settled: [],
    };
  }

  #cut(resources: readonly SnapshotResource[]): readonly SnapshotResource[] {
    let sizeBytes = 0;
    const end = resources.findIndex((resource, index) => {
      sizeBytes += this.#settings.sizeOf(resource);
      return index > 0 && sizeBytes > this.#settings.maxResponseBytes;
    });
    return end === -1 ? resources : resources.slice(0, end);
  }

  #askChildren(typeUrl: string, parents: readonly SnapshotResource[]): void {
    const childType = childTypes.get(typeUrl);
    const children = childType === undefined ? undefined : this.#settings.states.get(childType);
    if (children === undefined) return;
    for (const { references } of parents) {
      for (const reference of references) {
        if (reference.typeUrl === childType && children.held.has(reference.name))
          children.markAsked(reference.name);
      }
    }
  }

  #hasEndpoints(name: string): boolean {
    const endpoints = this.#settings.states.get(typeUrls.clusterLoadAssignment);
    if (endpoints === undefined) return true;
    // What a client brought along serves, and its emptiness waits for the routes: they must not wait for it.
    if (endpoints.isResumed(name)) return true;
    return endpoints.held.has(name) && endpoints.outstanding?.names.includes(name) !== true;
  }

  /** Nothing is left to say, and everything was answered or had its time. */
  #isSettled(typeUrl: string, snapshot: Snapshot, nowMs: number): boolean {
    const { states, isAggregated, ackTimeoutMs, openedAtMs } = this.#settings;
    const state = states.get(typeUrl);
    if (state === undefined) return !isAggregated || !this.isResumed || nowMs - openedAtMs >= ackTimeoutMs;
    if (state.outstanding !== undefined && nowMs - state.outstanding.sentAtMs < ackTimeoutMs) return false;
    if (!state.hasWork) return true;
    const { upserts, missing, removals } = state.difference(snapshot);
    return upserts.length + missing.length + removals.length === 0;
  }
}

function resend(state: TypeState, resources: readonly SnapshotResource[], snapshot: Snapshot): Push {
  const version = snapshot.version(state.typeUrl);
  return { state, version, resources, removed: [], upserts: resources, settled: [] };
}

/** State of the world, complete set: everything that the client keeps, with what is new, without what goes. */
function fullSetPush(state: TypeState, upserts: readonly SnapshotResource[], gone: readonly string[]): Push {
  const next = new Map(state.held);
  for (const name of gone) next.delete(name);
  for (const resource of upserts) next.set(resource.name, resource);
  const resources = [...next.values()];
  return { state, version: versionOfSet(resources), resources, removed: [], upserts, settled: gone };
}
