import type { FilterChain, Listener } from '../../config/model/listener.ts';
import type { Connection } from '../../transport/connection.ts';
import type { ActiveFilterChain } from './active-filter-chain.ts';
import type { AcceptedConnection, ListenerFilter } from './filters/listener-filter.ts';
import { findFilterChain } from './filter-chain-match.ts';
import type { ListenerStats } from './listener-stats.ts';
import { directRemoteAddressOf } from '../../transport/connection-origin.ts';

/** A listener as one worker runs it: its configuration, and the filter chains that take its connections. */
export class ActiveListener {
  readonly config: Listener;
  readonly stats: ListenerStats;
  /** What a connection passes before its chain is chosen. */
  readonly filters: readonly ListenerFilter[];
  readonly #chains: readonly ActiveFilterChain[];
  readonly #defaultChain: ActiveFilterChain | undefined;

  /**
   * `createChain` is called for every chain whose hash `previous` does not have. When it throws, nothing has changed.
   */
  constructor(
    config: Listener,
    stats: ListenerStats,
    filters: readonly ListenerFilter[],
    createChain: (chain: FilterChain) => ActiveFilterChain,
    previous: ActiveListener | undefined,
  ) {
    this.config = config;
    this.stats = stats;
    this.filters = filters;
    const kept = new Map(previous?.chains.map((chain) => [chain.chain.hash, chain]));
    const take = (chain: FilterChain): ActiveFilterChain => kept.get(chain.hash) ?? createChain(chain);
    this.#chains = config.filterChains.map(take);
    this.#defaultChain =
      config.defaultFilterChain === undefined ? undefined : take(config.defaultFilterChain);
  }

  /** The default one too. */
  get chains(): readonly ActiveFilterChain[] {
    return this.#defaultChain === undefined ? this.#chains : [...this.#chains, this.#defaultChain];
  }

  /** The chain for a connection; `accepted`: what listener filters found out. Undefined: it is to be closed. */
  chainFor(connection: Connection, accepted: AcceptedConnection | undefined): ActiveFilterChain | undefined {
    const { localAddress, remoteAddress } = connection;
    const found = accepted?.clientHello;
    const hello = found === 'none' ? undefined : found;
    const inspected = {
      localAddress,
      remoteAddress,
      directRemoteAddress: directRemoteAddressOf(connection),
      isTls: hello !== undefined,
      serverName: hello?.serverName ?? '',
      applicationProtocols: hello?.applicationProtocols ?? accepted?.applicationProtocols ?? [],
    };
    return findFilterChain(this.#chains, inspected) ?? this.#defaultChain;
  }
}
