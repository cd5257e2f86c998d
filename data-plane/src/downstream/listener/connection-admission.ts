import { deafHandlers } from '../../transport/connection.ts';
import type { SocketConnection } from '../../transport/socket-connection.ts';
import type { ActiveFilterChain } from './active-filter-chain.ts';
import type { ActiveListener } from './active-listener.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { AcceptedConnection } from './filters/listener-filter.ts';
import type { ListeningAddress } from './listening-address.ts';
import type { PendingConnections } from './pending-connections.ts';

export interface AdmissionOwner {
  readonly limits: ConnectionLimits | undefined;
  readonly pending: PendingConnections;
  /** The listener's own reason to end connections. */
  shouldDrain(listener: ActiveListener): boolean;
  /** A connection came while its address closed: unless the chain goes on serving, nothing else would end it. */
  drainChain(chain: ActiveFilterChain): void;
  /** A connection is gone; `chain` is undefined for one that had none yet. */
  onConnectionEnd(chain: ActiveFilterChain | undefined): void;
}

/** The way of a connection from its acceptance to its filter chain: limits, inspection, match. */
export class ConnectionAdmission {
  readonly #owner: AdmissionOwner;
  #connectionCount = 0;

  constructor(owner: AdmissionOwner) {
    this.#owner = owner;
  }

  /** Of all listeners, draining ones and those without a filter chain yet included. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  accept(entry: ListeningAddress, connection: SocketConnection): void {
    const { listener } = entry;
    const { config, stats } = listener;
    if (entry.isTurningAway) {
      stats.overflow.inc();
      turnAway(connection);
      return;
    }
    const { limits, pending } = this.#owner;
    const exceeded = limits?.exceeded(config.name, config.ignoresGlobalConnectionLimit);
    if (exceeded !== undefined) {
      (exceeded === 'global' ? stats.globalOverflow : stats.overflow).inc();
      turnAway(connection);
      return;
    }
    this.#count(config.name, 1);
    const { listenerFilters } = config;
    if (listenerFilters === undefined) {
      this.#admit(entry, listener, connection, undefined);
      return;
    }
    pending.inspect(connection, listener.filters, listenerFilters, stats, (accepted, isFit) => {
      // A listener that took the address over meanwhile decides.
      if (isFit && !entry.isClosed) this.#admit(entry, listener, connection, accepted);
      else this.#reject(listener, connection);
    });
  }

  /** `acceptedBy`: counts the connection, whatever takes it. */
  #admit(
    entry: ListeningAddress,
    acceptedBy: ActiveListener,
    connection: SocketConnection,
    accepted: AcceptedConnection | undefined,
  ): void {
    const { listener, isClosing } = entry;
    const chain = listener.chainFor(connection, accepted);
    if (chain === undefined) {
      listener.stats.noFilterChainMatch.inc();
      this.#reject(acceptedBy, connection);
      return;
    }
    chain.accept(
      connection,
      accepted,
      listener.stats,
      () => this.#owner.shouldDrain(listener),
      () => {
        this.#count(acceptedBy.config.name, -1);
        this.#owner.onConnectionEnd(chain);
      },
    );
    if (isClosing) this.#owner.drainChain(chain);
  }

  #reject(listener: ActiveListener, connection: SocketConnection): void {
    turnAway(connection);
    this.#count(listener.config.name, -1);
    this.#owner.onConnectionEnd(undefined);
  }

  #count(listenerName: string, change: 1 | -1): void {
    this.#connectionCount += change;
    this.#owner.limits?.count(listenerName, change);
  }
}

function turnAway(connection: SocketConnection): void {
  connection.setHandlers(deafHandlers);
  connection.close('flush');
}
