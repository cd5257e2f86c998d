import type { FilterChain } from '../../config/model/listener.ts';
import type { Connection } from '../../transport/connection.ts';
import type { DownstreamSession, NetworkFilterFactory, SessionOwner } from '../network/network-filter.ts';
import type { Drain, DrainStrategy } from './drain.ts';
import type { ListenerStats } from './listener-stats.ts';

/** A filter chain with its connections. Updates of the listener keep it for as long as its hash is unchanged. */
export class ActiveFilterChain {
  readonly chain: FilterChain;
  readonly #factory: NetworkFilterFactory;
  readonly #sessions = new Set<DownstreamSession>();
  readonly #drain: Drain;
  #onRetired: (() => void) | undefined;

  constructor(chain: FilterChain, factory: NetworkFilterFactory, drain: Drain, onRetired: () => void) {
    this.chain = chain;
    this.#factory = factory;
    this.#drain = drain;
    this.#onRetired = onRetired;
  }

  get match(): FilterChain['match'] {
    return this.chain.match;
  }

  get connectionCount(): number {
    return this.#sessions.size;
  }

  /** Takes a connection over. `shouldDrain` is the listener's own reason to end connections. */
  accept(connection: Connection, stats: ListenerStats, shouldDrain: () => boolean, onEnd: () => void): void {
    const connectedMs = stats.onConnect();
    const owner: SessionOwner = {
      drainClose: () => this.#drain.drainClose() || shouldDrain(),
      onSessionEnd: (session) => {
        this.#sessions.delete(session);
        stats.onDisconnect(connectedMs);
        onEnd();
      },
    };
    this.#sessions.add(this.#factory.createSession(connection, owner));
  }

  drain(strategy: DrainStrategy, drainTimeMs: number): void {
    this.#drain.start(strategy, drainTimeMs);
    this.announceDrain(strategy, drainTimeMs);
  }

  /** Its connections end, for this chain's reasons or its listener's: those that need not wait for an answer are told. */
  announceDrain(strategy: DrainStrategy, drainTimeMs: number): void {
    for (const session of this.#sessions) session.drainWithin?.(strategy === 'immediate' ? 0 : drainTimeMs);
  }

  /** No listener has it any more, and its connections are gone. Idempotent. */
  retire(): void {
    this.#onRetired?.();
    this.#onRetired = undefined;
  }

  /** Ends what is left. */
  close(): void {
    for (const session of [...this.#sessions]) session.close();
  }
}
