import type { Logger } from '@heddle/shared/logging/logger';
import type { Problem } from '@heddle/shared/errors/problem';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import { bindingKey, formatAddress, isAnyPort, type ListenAddress } from '../../config/model/address.ts';
import type { Listener } from '../../config/model/listener.ts';
import type { ReceivedResource, RejectedResource, ResourceWatcher } from '../../config/subscription.ts';
import type { ConfigChange } from '../../config/worker-protocol.ts';
import type { StatsScope } from '../../stats/stats.ts';
import { findAddressConflicts } from './address-conflicts.ts';
import { findBlocked } from './address-handover.ts';
import { findUnwritableLogs } from './unwritable-logs.ts';
import { listenerManagerStats } from './listener-manager-stats.ts';
import { scopeNameOf } from './listener-stats.ts';
import type { ListenerNeeds, RouteNeed, ScopedRouteNeed, SecretsUse } from './listener-needs.ts';
import { dependenciesOf, differsInFilterChainsOnly, isEqual } from './listener-needs.ts';

/**
 * Listeners on the main thread: warming (waits for its route tables, its secrets, its address, and the clusters of its
 * inline routes), active (in every worker), draining (workers finish its connections). A candidate that fails leaves the
 * active one untouched. Is the watcher of LDS.
 */
export interface ListenerManager extends ResourceWatcher<Listener> {
  /** From the bootstrap; LDS never touches it. */
  addStatic(listener: ReceivedResource<Listener>): void;
  /** Calls back once no listener that is known now is warming (at once when none is). */
  whenWarm(callback: () => void): void;
  /** Calls back once LDS has answered for the first time, or has failed to (at once when it has). */
  whenAnswered(callback: () => void): void;
  /** Clusters that inline route tables of any listener send requests to, as of now. */
  namedClusters(): ReadonlySet<string>;
  /** No listener of that direction is added from now on (`/drain_listeners`, end). */
  stopAdding(inboundOnly: boolean): void;
  inspect(): readonly ListenerState[];
  readonly systemVersion: string;
}

export interface ListenerState {
  readonly name: string;
  readonly isStatic: boolean;
  readonly active: ReceivedResource<Listener> | undefined;
  readonly warming: ReceivedResource<Listener> | undefined;
  /** Where the active one is bound; a configured port 0 is the real port here. */
  readonly boundAddress: ListenAddress | undefined;
  readonly updatedAt: number;
  /** The last candidate that could not be used, and why. */
  readonly error: { readonly message: string; readonly at: number } | undefined;
}

/** What listeners wait for and where they go; handed in by the composition root. */
export interface ListenerDependencies {
  acquireRoutes(need: RouteNeed | ScopedRouteNeed, onReady: () => void): { release(): void };
  waitForClusters(names: Iterable<string>, onDone: () => void): { cancel(): void };
  acquireSecrets(owner: string, contexts: ListenerNeeds['tls'], onReady: () => void): SecretsUse;
  /** Can this process listen there? Resolves with the address, a port 0 replaced by a free one. */
  probeAddress(address: ListenAddress): Promise<ListenAddress>;
  publish(change: ConfigChange): number;
  whenApplied(generation: number, callback: () => void): void;
}

export interface ListenerManagerOptions {
  readonly dependencies: ListenerDependencies;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stats: StatsScope;
  /** How long workers keep the connections of a listener that is gone. */
  readonly drainTimeMs: number;
  /** An address could not be bound; it is tried again. Told once for each reason. */
  onBindFailure(listener: { readonly name: string; readonly isStatic: boolean }, message: string): void;
  /** A listener's routes are no longer used by any worker: what they named may go. */
  onNamesDropped(): void;
}

interface Candidate {
  readonly resource: ReceivedResource<Listener>;
  readonly uses: { release(): void }[];
  secrets: SecretsUse | undefined;
  /** `ready`: only the address is missing, which another listener may have to leave first. */
  state: 'warming' | 'ready' | 'binding';
  cancel: () => void;
}

interface ActiveState {
  readonly resource: ReceivedResource<Listener>;
  readonly bound: ListenAddress;
  /** Of route tables and secrets. */
  readonly uses: { release(): void }[];
}

interface Entry {
  readonly name: string;
  readonly isStatic: boolean;
  active: ActiveState | undefined;
  warming: Candidate | undefined;
  updatedAt: number;
  error: ListenerState['error'];
}

/** An address that is taken is tried again: what held it may be another sidecar that is just ending. */
const bindRetryMs = 2000;

export function createListenerManager(options: ListenerManagerOptions): ListenerManager {
  const { dependencies, clock, logger } = options;
  const entries = new Map<string, Entry>();
  const warmWaiters: (() => void)[] = [];
  const answerWaiters: (() => void)[] = [];
  let isAnswered = false;
  /** Addresses whose sockets our workers hold, or are about to close. A probe would find them taken. */
  const heldAddresses = new Set<string>();
  /** Removed, but serving until the next owner of the address is ready. */
  const leaving = new Map<string, ActiveState>();
  /** Replaced or removed; workers still serve connections by their routes. */
  const draining = new Set<ActiveState>();
  const stats = listenerManagerStats.create(options.stats.scope('listener_manager.'));
  let stopped: 'no' | 'inbound' | 'all' = 'no';
  let systemVersion = '';
  /** Not all of an update is known yet: who takes an address may still come. */
  let isUpdating = false;

  function countStates(): void {
    const all = [...entries.values()];
    stats.active.set(all.filter(({ active }) => active !== undefined).length);
    stats.warming.set(all.filter(({ warming }) => warming !== undefined).length);
    // One that waits for its address may wait for ever.
    if (all.some(({ warming, error }) => warming !== undefined && error === undefined)) return;
    for (const callback of warmWaiters.splice(0)) callback();
  }

  function usedListeners(): Listener[] {
    const states = [...entries.values()].flatMap(({ active, warming }) => [active, warming]);
    return [...states, ...leaving.values(), ...draining].flatMap((state) =>
      state === undefined ? [] : [state.resource.value],
    );
  }

  function onAnswered(): void {
    isAnswered = true;
    countStates();
    for (const callback of answerWaiters.splice(0)) callback();
  }

  /** Names of listeners that want an address of another one, with the other's name. */
  function addressConflicts(upserts: readonly ReceivedResource<Listener>[]): ReadonlyMap<string, string> {
    const current = [...entries.values()].flatMap(({ name, active, warming }) => {
      const resource = (warming ?? active)?.resource;
      return resource === undefined ? [] : [{ name, address: resource.value.address }];
    });
    return findAddressConflicts(
      current,
      upserts.map(({ name, value }) => ({ name, address: value.address })),
    );
  }

  function fail(entry: Entry, candidate: Candidate, message: string): void {
    entry.error = { message, at: clock.now() };
    stats.createFailure.inc();
    logger.error(
      { listener: entry.name, err: message, address: formatAddress(candidate.resource.value.address) },
      'cannot listen',
    );
    options.onBindFailure(entry, message);
    countStates();
  }

  function activate(entry: Entry, candidate: Candidate, bound: ListenAddress): void {
    const previous = entry.active;
    const listener: Listener = { ...candidate.resource.value, address: bound };
    const isInPlace =
      previous !== undefined && differsInFilterChainsOnly(previous.resource.value, candidate.resource.value);
    entry.active = { resource: candidate.resource, bound, uses: candidate.uses };
    candidate.secrets?.countIn(scopeNameOf(listener));
    heldAddresses.add(bindingKey(bound));
    entry.warming = undefined;
    entry.updatedAt = clock.now();
    entry.error = undefined;
    if (isInPlace) stats.inPlaceUpdated.inc();
    const generation = dependencies.publish({ listeners: [{ listener, isInPlace }] });
    // The old routes serve the connections that drain; they are let go when those had their time.
    if (previous !== undefined) releaseAfterDrain(generation, previous);
    logger.info(
      { listener: entry.name, address: formatAddress(bound), version: candidate.resource.version },
      'listener is active',
    );
    countStates();
  }

  function releaseAfterDrain(generation: number, state: ActiveState): void {
    stats.draining.inc();
    draining.add(state);
    dependencies.whenApplied(generation, () => {
      const address = bindingKey(state.bound);
      const owners = [...[...entries.values()].map(({ active }) => active), ...leaving.values()];
      const isHeld = owners.some((owner) => owner !== undefined && bindingKey(owner.bound) === address);
      if (!isHeld) heldAddresses.delete(address);
      clock.setTimer(options.drainTimeMs, () => {
        stats.draining.dec();
        draining.delete(state);
        for (const use of state.uses) use.release();
        options.onNamesDropped();
      });
    });
  }

  /** Everything that is ready and in nobody's way changes, in one step. */
  function advance(): void {
    if (isUpdating) return;
    const blocked = findBlocked([
      ...[...entries.values()].flatMap(({ name, active, warming }) =>
        warming === undefined
          ? []
          : [
              {
                name,
                bound: active?.bound,
                wanted: warming.resource.value.address,
                isReady: warming.state !== 'warming',
              },
            ],
      ),
      ...[...leaving].map(([name, { bound }]) => ({ name, bound, wanted: undefined, isReady: true })),
    ]);
    for (const entry of entries.values()) {
      const { name, warming } = entry;
      if (warming?.state === 'ready' && !blocked.has(name)) bind(entry, warming);
    }
    for (const [name, state] of leaving) {
      if (blocked.has(name)) continue;
      leaving.delete(name);
      releaseAfterDrain(dependencies.publish({ removedListeners: [name] }), state);
      logger.info({ listener: name }, 'listener is removed');
    }
  }

  function bind(entry: Entry, candidate: Candidate): void {
    candidate.state = 'binding';
    const wanted = candidate.resource.value.address;
    const previous = entry.active;
    // A listener on "any port" keeps the port that it was given.
    const keepsPort =
      isAnyPort(wanted) &&
      previous !== undefined &&
      bindingKey(previous.resource.value.address) === bindingKey(wanted);
    const address = keepsPort ? previous.bound : wanted;
    if (heldAddresses.has(bindingKey(address))) {
      activate(entry, candidate, address);
      return;
    }
    dependencies.probeAddress(wanted).then(
      (address) => {
        if (entry.warming === candidate) activate(entry, candidate, address);
      },
      (error: unknown) => {
        if (entry.warming !== candidate) return;
        const message = error instanceof Error ? error.message : String(error);
        if (entry.error?.message !== message) fail(entry, candidate, message);
        const retry: Timer = clock.setTimer(bindRetryMs, () => bind(entry, candidate));
        candidate.cancel = () => retry.cancel();
      },
    );
  }

  function warm(entry: Entry, candidate: Candidate): void {
    const { routes, clusterNames, tls } = dependenciesOf(candidate.resource.value);
    let missingCount = routes.length + 2;
    function onReady(): void {
      missingCount -= 1;
      if (missingCount > 0 || entry.warming !== candidate) return;
      candidate.state = 'ready';
      advance();
    }
    candidate.uses.push((candidate.secrets = dependencies.acquireSecrets(entry.name, tls, onReady)));
    for (const need of routes) candidate.uses.push(dependencies.acquireRoutes(need, onReady));
    const wait = dependencies.waitForClusters(clusterNames, onReady);
    if (missingCount > 0) candidate.cancel = () => wait.cancel();
  }

  function dropWarming(entry: Entry): void {
    const candidate = entry.warming;
    if (candidate === undefined) return;
    entry.warming = undefined;
    candidate.cancel();
    for (const use of candidate.uses) use.release();
  }

  function addOrUpdate(resource: ReceivedResource<Listener>, isStatic: boolean): void {
    const known = entries.get(resource.name);
    if (known !== undefined) {
      if (isEqual(known.warming?.resource, resource)) return;
      if (isEqual(known.active?.resource, resource)) {
        // Back to what serves: the candidate in between is dropped.
        if (known.warming !== undefined) stats.modified.inc();
        dropWarming(known);
        advance();
        countStates();
        return;
      }
    }
    const entry: Entry = known ?? {
      name: resource.name,
      isStatic,
      // One that was about to go stays.
      active: leaving.get(resource.name),
      warming: undefined,
      updatedAt: 0,
      error: undefined,
    };
    leaving.delete(resource.name);
    entries.set(resource.name, entry);
    (known === undefined ? stats.added : stats.modified).inc();
    dropWarming(entry);
    entry.error = undefined;
    const candidate: Candidate = {
      resource,
      uses: [],
      secrets: undefined,
      state: 'warming',
      cancel: () => undefined,
    };
    entry.warming = candidate;
    warm(entry, candidate);
    countStates();
  }

  function remove(name: string): void {
    const entry = entries.get(name);
    if (entry === undefined || entry.isStatic) return;
    entries.delete(name);
    stats.removed.inc();
    dropWarming(entry);
    if (entry.active !== undefined) leaving.set(name, entry.active);
    countStates();
  }

  function problemsOf(
    resource: ReceivedResource<Listener>,
    conflicts: ReadonlyMap<string, string>,
  ): Problem[] {
    if (stopped === 'all' || (stopped === 'inbound' && resource.value.trafficDirection === 'inbound')) {
      return [{ path: '', message: 'the proxy is draining and takes no new listener' }];
    }
    const other = conflicts.get(resource.name);
    if (other === undefined) return findUnwritableLogs(resource.value);
    const message = `${formatAddress(resource.value.address)} is the address of listener '${other}'`;
    return [{ path: 'address', message }];
  }

  return {
    onUpdate(update) {
      systemVersion = update.systemVersion;
      isUpdating = true;
      for (const name of update.removed) remove(name);
      const rejected: RejectedResource[] = [];
      const upserts = update.upserts.filter(({ name }) => entries.get(name)?.isStatic !== true);
      const conflicts = addressConflicts(upserts);
      for (const resource of upserts) {
        const problems = problemsOf(resource, conflicts);
        if (problems.length > 0) rejected.push({ name: resource.name, problems });
        else addOrUpdate(resource, false);
      }
      isUpdating = false;
      // What was removed goes now, unless somebody who came takes its address.
      advance();
      onAnswered();
      return rejected;
    },
    onRejected: onAnswered,
    onInitialFetchTimeout() {
      logger.warn('listeners did not come in time');
      onAnswered();
    },
    whenAnswered(callback) {
      if (isAnswered) callback();
      else answerWaiters.push(callback);
    },
    namedClusters: () =>
      new Set(usedListeners().flatMap((listener) => [...dependenciesOf(listener).clusterNames])),
    addStatic: (listener) => addOrUpdate(listener, true),
    whenWarm(callback) {
      warmWaiters.push(callback);
      countStates();
    },
    stopAdding(inboundOnly) {
      stopped = inboundOnly ? 'inbound' : 'all';
    },
    inspect: () =>
      [...entries.values()].map(({ name, isStatic, active, warming, updatedAt, error }) => ({
        name,
        isStatic,
        active: active?.resource,
        warming: warming?.resource,
        boundAddress: active?.bound,
        updatedAt,
        error,
      })),
    get systemVersion() {
      return systemVersion;
    },
  };
}
