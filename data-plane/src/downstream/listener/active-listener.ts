import type { FilterChain, Listener } from '../../config/model/listener.ts';
import type { Connection } from '../../transport/connection.ts';
import type { ClientHello } from '../../transport/tls/client-hello.ts';
import type { ActiveFilterChain } from './active-filter-chain.ts';
import { findFilterChain } from './filter-chain-match.ts';
import type { ListenerStats } from './listener-stats.ts';

const noProtocols: readonly string[] = [];

/** A listener as one worker runs it: its configuration, and the filter chains that take its connections. */
export class ActiveListener {
  readonly config: Listener;
  readonly stats: ListenerStats;
  readonly #chains: readonly ActiveFilterChain[];
  readonly #defaultChain: ActiveFilterChain | undefined;

  /**
   * `createChain` is called for every chain whose hash `previous` does not have. When it throws, nothing has changed.
   */
  constructor(
    config: Listener,
    stats: ListenerStats,
    createChain: (chain: FilterChain) => ActiveFilterChain,
    previous: ActiveListener | undefined,
  ) {
    this.config = config;
    this.stats = stats;
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

  /** The chain for a connection; `hello`: what it begins with. Undefined: it is to be closed. */
  chainFor(connection: Connection, hello: ClientHello | undefined): ActiveFilterChain | undefined {
    const { localAddress, remoteAddress } = connection;
    const inspected = {
      localAddress,
      remoteAddress,
      isTls: hello !== undefined,
      serverName: hello?.serverName ?? '',
      applicationProtocols: hello?.applicationProtocols ?? noProtocols,
    };
    return findFilterChain(this.#chains, inspected) ?? this.#defaultChain;
  }
}
