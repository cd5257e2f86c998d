import type { FilterChain } from '../../config/model/listener.ts';
import type { SocketConnection } from '../../transport/socket-connection.ts';
import { ConnectionInfo } from '../network/connection-info.ts';
import type { DownstreamSession, NetworkFilterFactory, SessionOwner } from '../network/network-filter.ts';
import type { Drain, DrainStrategy } from './drain.ts';
import type { AcceptedConnection } from './filters/listener-filter.ts';
import type { ListenerStats } from './listener-stats.ts';
import { TlsSession, type ChainTls } from './tls-session.ts';

/** A filter chain with its connections. Updates of the listener keep it for as long as its hash is unchanged. */
export class ActiveFilterChain {
  readonly chain: FilterChain;
  readonly #factory: NetworkFilterFactory;
  readonly #sessions = new Set<DownstreamSession>();
  readonly #drain: Drain;
  /** Undefined: connections are plain. */
  readonly #tls: ChainTls | undefined;
  #onRetired: (() => void) | undefined;

  constructor(
    chain: FilterChain,
    factory: NetworkFilterFactory,
    drain: Drain,
    tls: ChainTls | undefined,
    onRetired: () => void,
  ) {
    this.chain = chain;
    this.#factory = factory;
    this.#drain = drain;
    this.#tls = tls;
    this.#onRetired = onRetired;
  }

  get match(): FilterChain['match'] {
    return this.chain.match;
  }

  get connectionCount(): number {
    return this.#sessions.size;
  }

  /**
   * Takes a connection over, with what listener filters have read of it and found out (`accepted`). `shouldDrain` is
   * the listener's own reason to end connections.
   */
  accept(
    connection: SocketConnection,
    accepted: AcceptedConnection | undefined,
    stats: ListenerStats,
    shouldDrain: () => boolean,
    onEnd: () => void,
  ): void {
    const connectedMs = stats.onConnect();
    const owner: SessionOwner = {
      info: new ConnectionInfo(serverNameOf(accepted)),
      drainClose: () => this.#drain.drainClose() || shouldDrain(),
      onSessionEnd: (session) => {
        this.#sessions.delete(session);
        stats.onDisconnect(connectedMs);
        onEnd();
      },
    };
    if (this.#tls !== undefined) {
      this.#sessions.add(new TlsSession(connection, this.#tls, this.#factory, stats, owner, accepted));
      return;
    }
    const session = this.#factory.createSession(connection, owner);
    this.#sessions.add(session);
    session.onNewConnection?.();
    if (accepted !== undefined && accepted.bytes.length > 0) connection.unread(accepted.bytes);
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

function serverNameOf(accepted: AcceptedConnection | undefined): string {
  const hello = accepted?.clientHello;
  return hello === undefined || hello === 'none' ? '' : hello.serverName;
}
