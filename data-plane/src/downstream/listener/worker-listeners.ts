import type { Rng } from '@heddle/shared/random/rng';
import type { Logger } from '@heddle/shared/logging/logger';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import { formatAddress } from '../../config/model/address.ts';
import type { FilterChain, Listener } from '../../config/model/listener.ts';
import type { ListenerUpdate } from '../../config/worker-protocol.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import type { Connection, ConnectionHandlers, SocketAddress } from '../../transport/connection.ts';
import { ListenSocket } from '../../transport/listen-socket.ts';
import type { TransportContext } from '../../transport/transport-context.ts';
import type { NetworkFilterFactory } from '../network/network-filter.ts';
import { ActiveFilterChain } from './active-filter-chain.ts';
import { ActiveListener } from './active-listener.ts';
import { Drain, type DrainStrategy } from './drain.ts';
import { ListenerStats } from './listener-stats.ts';

export interface WorkerListenersDependencies {
  readonly transport: TransportContext;
  readonly wheel: TimerWheel;
  readonly rng: Rng;
  readonly stats: StatsScope;
  readonly logger: Logger;
  readonly workerIndex: number;
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
  /** An inherited, listening socket for an address. */
  inheritedSocket?(address: SocketAddress): number | undefined;
  /** Connection limits: false closes a new connection, counted as overflow. */
  mayAccept?(listener: Listener): boolean;
  /** While draining, no connection is open. `isListening`: there may be further ones. */
  onDrained?(isListening: boolean): void;
}

/** What became of an update in this worker. */
export interface ListenFailure {
  readonly listener: string;
  readonly message: string;
}

/**
 * The open socket of one address. It outlives the listeners that use it one after the other: closing it would reset
 * the connections that wait in its queue.
 */
interface ListeningAddress {
  listener: ActiveListener;
  socket: ListenSocket | undefined;
  /** No listener wants it any more. */
  isClosing: boolean;
  /** Closed, perhaps before it was open. */
  isClosed: boolean;
}

/** The listeners of one worker: takes updates, accepts, drains. */
export class WorkerListeners {
  readonly #dependencies: WorkerListenersDependencies;
  readonly #listeners = new Map<string, ActiveListener>();
  readonly #addresses = new Map<string, ListeningAddress>();
  /** Chains of replaced and removed listeners that still have connections. */
  readonly #drainingChains = new Set<ActiveFilterChain>();
  /** All listeners, or the inbound ones: `/drain_listeners`, SIGTERM. */
  readonly #serverDrain: Drain;
  #isServerDrainInboundOnly = false;
  #isHealthFailed = false;
  /** Which listeners open no socket any more. */
  #stoppedListening: 'none' | 'inbound' | 'all' = 'none';
  #connectionCount = 0;

  constructor(dependencies: WorkerListenersDependencies) {
    this.#dependencies = dependencies;
    this.#serverDrain = new Drain(dependencies.wheel, dependencies.rng);
  }

  /** Connections of all listeners, draining ones included. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** Where a listener accepts; undefined before its socket is open. */
  addressOf(listenerName: string): SocketAddress | undefined {
    const listener = this.#listeners.get(listenerName);
    if (listener === undefined) return undefined;
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
    for (const name of removed) {
      const listener = this.#listeners.get(name);
      if (listener === undefined) continue;
      this.#listeners.delete(name);
      obsolete.add(addressKey(listener.config));
      this.#drainChains(listener.chains);
    }
    for (const update of updates) {
      const previous = this.#listeners.get(update.listener.name);
      const listener = this.#build(update, previous, failures);
      if (listener === undefined) continue;
      this.#listeners.set(update.listener.name, listener);
      if (previous !== undefined) {
        obsolete.add(addressKey(previous.config));
        const kept = new Set(listener.chains);
        this.#drainChains(previous.chains.filter((chain) => !kept.has(chain)));
      }
      opening.push(this.#takeAddress(listener));
    }
    for (const { config } of this.#listeners.values()) obsolete.delete(addressKey(config));
    const closing = Promise.all([...obsolete].map((key) => this.#closeAddress(key)));
    for (const failure of await Promise.all(opening)) if (failure !== undefined) failures.push(failure);
    await closing;
    return failures;
  }

  /** Ends connections as answers allow, and what is left at the end of the drain time. Accepting goes on. */
  drain(strategy: DrainStrategy, drainTimeMs: number, inboundOnly: boolean): void {
    this.#isServerDrainInboundOnly = inboundOnly;
    this.#serverDrain.start(strategy, drainTimeMs);
    this.#dependencies.wheel.setTimer(drainTimeMs, () => {
      for (const listener of this.#listeners.values()) {
        if (this.#isServerDrained(listener)) for (const chain of listener.chains) chain.close();
      }
    });
    this.#reportIfDrained();
  }

  /** Settles when no further connection comes. Listeners that are added later do not listen either. */
  async stopListening(inboundOnly: boolean): Promise<void> {
    if (this.#stoppedListening !== 'all') this.#stoppedListening = inboundOnly ? 'inbound' : 'all';
    const closing: Promise<void>[] = [];
    for (const [key, { listener }] of this.#addresses) {
      if (this.#mayNotListen(listener)) closing.push(this.#closeAddress(key));
    }
    await Promise.all(closing);
    this.#reportIfDrained();
  }

  /** `/healthcheck/fail`: listeners of drain type `default` end their connections with the next answer. */
  setHealthFailed(isFailed: boolean): void {
    this.#isHealthFailed = isFailed;
  }

  /** Stops accepting and ends every connection. */
  close(): void {
    for (const [key, entry] of [...this.#addresses]) this.#closeNow(key, entry);
    for (const listener of this.#listeners.values()) for (const chain of listener.chains) chain.close();
    for (const chain of [...this.#drainingChains]) chain.close();
  }

  #build(
    { listener: config, isInPlace }: ListenerUpdate,
    previous: ActiveListener | undefined,
    failures: ListenFailure[],
  ): ActiveListener | undefined {
    const { stats: scope, workerIndex, wheel, rng, createNetworkFilter } = this.#dependencies;
    const stats = new ListenerStats(scope, config, workerIndex, wheel);
    try {
      return new ActiveListener(
        config,
        stats,
        (chain) =>
          new ActiveFilterChain(
            chain,
            createNetworkFilter(chain, config, stats.scope),
            new Drain(wheel, rng),
          ),
        isInPlace ? previous : undefined,
      );
    } catch (err) {
      failures.push({ listener: config.name, message: messageOf(err) });
      return undefined;
    }
  }

  async #takeAddress(listener: ActiveListener): Promise<ListenFailure | undefined> {
    if (this.#mayNotListen(listener)) return undefined;
    const key = addressKey(listener.config);
    const taken = this.#addresses.get(key);
    if (taken !== undefined) {
      taken.listener = listener;
      taken.isClosing = false;
      return undefined;
    }
    const entry: ListeningAddress = { listener, socket: undefined, isClosing: false, isClosed: false };
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
        (connection) => this.#accept(entry, connection),
      );
      if (entry.isClosed) await socket.close();
      else entry.socket = socket;
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

  #accept({ listener, isClosing }: ListeningAddress, connection: Connection): void {
    if (this.#dependencies.mayAccept?.(listener.config) === false) {
      listener.stats.overflow.inc();
      turnAway(connection);
      return;
    }
    const chain = listener.chainFor(connection);
    if (chain === undefined) {
      listener.stats.noFilterChainMatch.inc();
      turnAway(connection);
      return;
    }
    this.#connectionCount++;
    chain.accept(
      connection,
      listener.stats,
      () => this.#shouldDrain(listener),
      () => this.#onConnectionEnd(chain),
    );
    if (isClosing) this.#drainChains([chain]);
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

  #mayNotListen({ config }: ActiveListener): boolean {
    if (this.#stoppedListening === 'inbound') return config.trafficDirection === 'inbound';
    return this.#stoppedListening === 'all';
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

  #onConnectionEnd(chain: ActiveFilterChain): void {
    this.#connectionCount--;
    if (chain.connectionCount === 0) this.#drainingChains.delete(chain);
    this.#reportIfDrained();
  }

  #reportIfDrained(): void {
    if (!this.#serverDrain.isDraining || this.#connectionCount > 0) return;
    this.#dependencies.onDrained?.(this.#addresses.size > 0);
  }
}

/** Several listeners may ask for a free port; each gets its own. */
function addressKey({ address, name }: Listener): string {
  return address.port === 0 ? `${address.address}:0 ${name}` : formatAddress(address);
}

const deafHandlers: ConnectionHandlers = {
  onData: () => undefined,
  onEnd: () => undefined,
  onClose: () => undefined,
};

function turnAway(connection: Connection): void {
  connection.setHandlers(deafHandlers);
  connection.close('flush');
}
