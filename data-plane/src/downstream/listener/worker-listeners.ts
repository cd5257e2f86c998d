import type { Rng } from '@heddle/shared/random/rng';
import type { Logger } from '@heddle/shared/logging/logger';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { FilterChain, Listener } from '../../config/model/listener.ts';
import type { ListenerUpdate } from '../../config/worker-protocol.ts';
import { SharedScopes } from '../../stats/shared-scopes.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import type { SocketAddress } from '../../transport/connection.ts';
import { ListenSocket } from '../../transport/listen-socket.ts';
import { CurrentContext } from '../../transport/tls/current-context.ts';
import { DownstreamTlsContext } from '../../transport/tls/downstream-tls-context.ts';
import type { WorkerSecrets } from '../../transport/tls/worker-secrets.ts';
import type { TransportContext } from '../../transport/transport-context.ts';
import type { CreateUdpFilter } from '../udp/udp-filter.ts';
import { WorkerUdpListeners } from '../udp/udp-listeners.ts';
import type { NetworkFilterFactory } from '../network/network-filter.ts';
import { statsPrefixesOf } from '../network/stats-prefixes.ts';
import { ActiveFilterChain } from './active-filter-chain.ts';
import { ActiveListener } from './active-listener.ts';
import { ConnectionAdmission } from './connection-admission.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { Drain, type DrainStrategy } from './drain.ts';
import { createListenerFilters, listenerFilterScopes } from './filters/create-listener-filters.ts';
import { ListenerStats, scopeNameOf } from './listener-stats.ts';
import {
  acceptingWorkerOf,
  addressKey,
  setEntryAccepting,
  type ListeningAddress,
} from './listening-address.ts';
import { PendingConnections } from './pending-connections.ts';
import type { ChainTls } from './tls-session.ts';

export interface WorkerListenersDependencies {
  readonly transport: TransportContext;
  readonly secrets: WorkerSecrets;
  readonly wheel: TimerWheel;
  readonly rng: Rng;
  readonly stats: StatsScope;
  readonly logger: Logger;
  readonly workerIndex: number;
  /** 1 unless told. */
  readonly workerCount?: number;
  readonly hasReusePort: boolean;
  /** `--drain-time-s`, `--drain-strategy`: how what was replaced or removed goes. */
  readonly drainTimeMs: number;
  readonly drainStrategy: DrainStrategy;
  /** Makes the terminal network filter of a chain. @throws when the configuration does not compile */
  createNetworkFilter(
    chain: FilterChain,
    listener: Listener,
    listenerStats: StatsScope,
  ): NetworkFilterFactory;
  readonly createUdpFilter: CreateUdpFilter;
  /** An inherited, listening socket for an address. */
  inheritedSocket?(address: SocketAddress): number | undefined;
  readonly limits?: ConnectionLimits;
  /** While draining, no connection is open. `isListening`: there may be further ones. */
  onDrained?(isListening: boolean): void;
}

/** What became of an update in this worker. */
export interface ListenFailure {
  readonly listener: string;
  readonly message: string;
}

/** The listeners of one worker: takes updates, accepts, drains. */
export class WorkerListeners {
  readonly #dependencies: WorkerListenersDependencies;
  /** Statistics go with the last listener or filter chain that counts in them. */
  readonly #scopes: SharedScopes;
  readonly #listeners = new Map<string, ActiveListener>();
  readonly #addresses = new Map<string, ListeningAddress>();
  readonly #udp: WorkerUdpListeners;
  /** Chains of replaced and removed listeners that still have connections. */
  readonly #drainingChains = new Set<ActiveFilterChain>();
  /** All listeners, or the inbound ones: `/drain_listeners`, SIGTERM. */
  readonly #serverDrain: Drain;
  #isServerDrainInboundOnly = false;
  #isHealthFailed = false;
  /** Which listeners open no socket any more. */
  #stoppedListening: 'none' | 'inbound' | 'all' = 'none';
  /** False while the worker is overloaded. */
  #isAccepting = true;
  readonly #pending: PendingConnections;
  readonly #admission: ConnectionAdmission;

  constructor(dependencies: WorkerListenersDependencies) {
    this.#dependencies = dependencies;
    this.#scopes = new SharedScopes(dependencies.stats);
    this.#udp = new WorkerUdpListeners({ ...dependencies, scopes: this.#scopes });
    this.#serverDrain = new Drain(dependencies.wheel, dependencies.rng);
    this.#pending = new PendingConnections(dependencies.wheel);
    this.#admission = new ConnectionAdmission({
      limits: dependencies.limits,
      pending: this.#pending,
      shouldDrain: (listener) => this.#shouldDrain(listener),
      drainChain: (chain) => {
        if (!this.#isActive(chain)) this.#drainChains([chain]);
      },
      onConnectionEnd: (chain) => this.#onConnectionEnd(chain),
    });
  }

  /** Connections of all listeners, draining ones included. */
  get connectionCount(): number {
    return this.#admission.connectionCount;
  }

  /** Where a listener accepts; undefined before its socket is open. */
  addressOf(listenerName: string): SocketAddress | undefined {
    const listener = this.#listeners.get(listenerName);
    if (listener === undefined) return this.#udp.addressOf(listenerName);
    return this.#addresses.get(addressKey(listener.config))?.socket?.address;
  }

  /**
   * Makes every listener first, then swaps, so one that does not compile changes nothing of its own. The result
   * settles when all sockets accept and those of no use any more are closed; failures leave the other listeners alone.
   */
  async apply(updates: readonly ListenerUpdate[], removed: readonly string[]): Promise<ListenFailure[]> {
    const failures: ListenFailure[] = [];
    const opening: Promise<ListenFailure | undefined>[] = [];
    const obsolete = new Set<string>();
    const replaced: Listener[] = [];
    const dropped: ActiveFilterChain[] = [];
    const datagrams = updates.filter(({ listener }) => listener.udp !== undefined);
    const streams = updates.filter(({ listener }) => listener.udp === undefined);
    // One that changes between UDP and streams goes here and comes there.
    this.#udp.remove([...removed, ...streams.map(({ listener }) => listener.name)]);
    for (const name of [...removed, ...datagrams.map(({ listener }) => listener.name)]) {
      const listener = this.#listeners.get(name);
      if (listener === undefined) continue;
      this.#listeners.delete(name);
      obsolete.add(addressKey(listener.config));
      replaced.push(listener.config);
      dropped.push(...listener.chains);
    }
    for (const update of streams) {
      const previous = this.#listeners.get(update.listener.name);
      const listener = this.#build(update, previous, failures);
      if (listener === undefined) continue;
      this.#listeners.set(update.listener.name, listener);
      if (previous !== undefined) {
        obsolete.add(addressKey(previous.config));
        replaced.push(previous.config);
        const kept = new Set(listener.chains);
        dropped.push(...previous.chains.filter((chain) => !kept.has(chain)));
      }
      opening.push(this.#takeAddress(listener));
    }
    this.#drainChains(dropped);
    for (const { config } of this.#listeners.values()) obsolete.delete(addressKey(config));
    const closing = Promise.all([...obsolete].map((key) => this.#closeAddress(key)));
    const udpOpening = this.#applyUdp(datagrams);
    for (const failure of await Promise.all(opening)) if (failure !== undefined) failures.push(failure);
    failures.push(...(await udpOpening));
    await closing;
    // What waited to be accepted has been counted by now.
    for (const config of replaced) this.#releaseScopes(config);
    for (const chain of dropped) if (chain.connectionCount === 0) chain.retire();
    return failures;
  }

  /** Ends connections as answers allow, and those without a request within the drain time. Accepting goes on. */
  drain(strategy: DrainStrategy, drainTimeMs: number, inboundOnly: boolean): void {
    this.#isServerDrainInboundOnly = inboundOnly;
    this.#serverDrain.start(strategy, drainTimeMs);
    for (const chain of this.#serverDrainedChains()) chain.announceDrain(strategy, drainTimeMs);
    this.#dependencies.wheel.setTimer(drainTimeMs, () => {
      // Those that came meanwhile. Whoever has a request under way is answered.
      for (const chain of this.#serverDrainedChains()) chain.announceDrain('immediate', 0);
    });
    this.#reportIfDrained();
  }

  /** Settles when no further connection comes. Listeners that are added later do not listen either. */
  async stopListening(inboundOnly: boolean): Promise<void> {
    if (this.#stoppedListening !== 'all') this.#stoppedListening = inboundOnly ? 'inbound' : 'all';
    const closing: Promise<void>[] = [];
    const udpListeners = this.#udp.listeners.filter((config) => this.#mayNotListen({ config }));
    this.#udp.remove(udpListeners.map(({ name }) => name));
    this.#udp.closeUnused();
    for (const [key, { listener }] of this.#addresses) {
      if (this.#mayNotListen(listener)) closing.push(this.#closeAddress(key));
    }
    await Promise.all(closing);
    this.#reportIfDrained();
  }

  /** While it does not accept, connections wait; where Node cannot let them wait they are closed, and counted. */
  setAccepting(isAccepting: boolean): void {
    this.#isAccepting = isAccepting;
    for (const entry of this.#addresses.values()) setEntryAccepting(entry, isAccepting);
  }

  /** `/healthcheck/fail`: listeners of drain type `default` end their connections with the next answer. */
  setHealthFailed(isFailed: boolean): void {
    this.#isHealthFailed = isFailed;
  }

  /** Stops accepting and ends every connection. */
  close(): void {
    for (const [key, entry] of [...this.#addresses]) this.#closeNow(key, entry);
    this.#pending.close();
    this.#udp.close();
    for (const listener of this.#listeners.values()) for (const chain of listener.chains) chain.close();
    for (const chain of [...this.#drainingChains]) chain.close();
  }

  async #applyUdp(updates: readonly ListenerUpdate[]): Promise<readonly ListenFailure[]> {
    const listeners = updates.map(({ listener }) => listener);
    const opened = this.#udp.apply(listeners.filter((config) => !this.#mayNotListen({ config })));
    this.#udp.closeUnused();
    return opened;
  }

  #build(
    { listener: config, isInPlace }: ListenerUpdate,
    previous: ActiveListener | undefined,
    failures: ListenFailure[],
  ): ActiveListener | undefined {
    const { workerIndex, wheel, stats: root } = this.#dependencies;
    const filters = config.listenerFilters?.filters ?? [];
    for (const name of listenerFilterScopes(filters)) this.#scopes.acquire(name);
    const stats = new ListenerStats(this.#scopes.acquire(scopeNameOf(config)), workerIndex, wheel);
    const created: ActiveFilterChain[] = [];
    const kept = isInPlace ? previous : undefined;
    try {
      return new ActiveListener(
        config,
        stats,
        kept?.filters ?? createListenerFilters(filters, wheel, root),
        (chain) => {
          const active = this.#createChain(chain, config, stats.scope);
          created.push(active);
          return active;
        },
        kept,
      );
    } catch (err) {
      failures.push({ listener: config.name, message: messageOf(err) });
      for (const chain of created) chain.retire();
      this.#releaseScopes(config);
      return undefined;
    }
  }

  #releaseScopes(config: Listener): void {
    const filters = config.listenerFilters?.filters ?? [];
    for (const name of [scopeNameOf(config), ...listenerFilterScopes(filters)]) this.#scopes.release(name);
  }

  /** The chain may outlive its listener, so it holds the statistics on its own. */
  #createChain(chain: FilterChain, config: Listener, listenerScope: StatsScope): ActiveFilterChain {
    const { wheel, rng, createNetworkFilter } = this.#dependencies;
    const scopeNames = [scopeNameOf(config), ...statsPrefixesOf(chain)];
    const release = (): void => {
      for (const name of scopeNames) this.#scopes.release(name);
    };
    for (const name of scopeNames) this.#scopes.acquire(name);
    try {
      const factory = createNetworkFilter(chain, config, listenerScope);
      return new ActiveFilterChain(chain, factory, new Drain(wheel, rng), this.#createTls(chain), release);
    } catch (err) {
      release();
      throw err;
    }
  }

  /** @throws Error if OpenSSL does not take what is configured */
  #createTls({ tls, transportSocketConnectTimeoutMs = 0 }: FilterChain): ChainTls | undefined {
    if (tls === undefined) return undefined;
    const { transport, wheel, secrets } = this.#dependencies;
    const current = new CurrentContext(
      tls,
      secrets,
      (resolved) => new DownstreamTlsContext(resolved, secrets.ticketSecret),
    );
    return {
      context: () => current.get(),
      transport,
      clock: wheel,
      handshakeTimeoutMs: transportSocketConnectTimeoutMs,
    };
  }

  async #takeAddress(listener: ActiveListener): Promise<ListenFailure | undefined> {
    const { workerIndex, workerCount = 1 } = this.#dependencies;
    const acceptingWorker = acceptingWorkerOf(listener.config.address, workerCount);
    if (this.#mayNotListen(listener) || (acceptingWorker ?? workerIndex) !== workerIndex) return undefined;
    const key = addressKey(listener.config);
    const taken = this.#addresses.get(key);
    if (taken !== undefined) {
      taken.listener = listener;
      taken.isClosing = false;
      return undefined;
    }
    const entry: ListeningAddress = {
      listener,
      socket: undefined,
      isClosing: false,
      isClosed: false,
      isTurningAway: false,
    };
    this.#addresses.set(key, entry);
    const { transport, hasReusePort, inheritedSocket } = this.#dependencies;
    const { address, tcpBacklogSize } = listener.config;
    const fd = inheritedSocket?.(address);
    try {
      const socket = await ListenSocket.listen(
        transport,
        {
          address,
          hasReusePort,
          ...(tcpBacklogSize === undefined ? {} : { backlog: tcpBacklogSize }),
          ...(fd === undefined ? {} : { fd }),
        },
        (connection) => this.#admission.accept(entry, connection),
      );
      if (entry.isClosed) await socket.close();
      else entry.socket = socket;
      if (!this.#isAccepting) setEntryAccepting(entry, false);
      return undefined;
    } catch (err) {
      if (this.#addresses.get(key) === entry) this.#addresses.delete(key);
      return { listener: entry.listener.config.name, message: messageOf(err) };
    }
  }

  /** What waits to be accepted is served first. A listener that wants the address meanwhile takes the socket over. */
  async #closeAddress(key: string): Promise<void> {
    const entry = this.#addresses.get(key);
    if (entry === undefined) return;
    entry.isClosing = true;
    if (!this.#isAccepting) setEntryAccepting(entry, true);
    await entry.socket?.emptyQueue();
    if (this.#addresses.get(key)?.isClosing === true) this.#closeNow(key, entry);
  }

  #closeNow(key: string, entry: ListeningAddress): void {
    if (this.#addresses.get(key) === entry) this.#addresses.delete(key);
    entry.isClosed = true;
    entry.socket?.close().catch((err: unknown) => {
      this.#dependencies.logger.warn({ err, listener: entry.listener.config.name }, 'socket did not close');
    });
  }

  #shouldDrain(listener: ActiveListener): boolean {
    if (this.#isHealthFailed && listener.config.drainType === 'default') return true;
    return this.#isServerDrained(listener) && this.#serverDrain.drainClose();
  }

  #isServerDrained({ config }: ActiveListener): boolean {
    return (
      this.#serverDrain.isDraining &&
      (!this.#isServerDrainInboundOnly || config.trafficDirection === 'inbound')
    );
  }

  #serverDrainedChains(): ActiveFilterChain[] {
    const drained = [...this.#listeners.values()].filter((listener) => this.#isServerDrained(listener));
    return drained.flatMap(({ chains }) => chains);
  }

  #mayNotListen({ config }: Pick<ActiveListener, 'config'>): boolean {
    if (this.#stoppedListening === 'inbound') return config.trafficDirection === 'inbound';
    return this.#stoppedListening === 'all';
  }

  #isActive(chain: ActiveFilterChain): boolean {
    return [...this.#listeners.values()].some(({ chains }) => chains.includes(chain));
  }

  #drainChains(chains: readonly ActiveFilterChain[]): void {
    const { drainStrategy, drainTimeMs, wheel } = this.#dependencies;
    for (const chain of chains) {
      if (chain.connectionCount === 0) continue;
      chain.drain(drainStrategy, drainTimeMs);
      this.#drainingChains.add(chain);
      wheel.setTimer(drainTimeMs, () => chain.close());
    }
  }

  #onConnectionEnd(chain: ActiveFilterChain | undefined): void {
    if (chain?.connectionCount === 0 && this.#drainingChains.delete(chain)) chain.retire();
    this.#reportIfDrained();
  }

  #reportIfDrained(): void {
    if (!this.#serverDrain.isDraining || this.connectionCount > 0) return;
    this.#dependencies.onDrained?.(this.#addresses.size > 0);
  }
}
