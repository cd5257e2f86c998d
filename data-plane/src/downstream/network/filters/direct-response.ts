import type { Connection, ConnectionHandlers } from '../../../transport/connection.ts';
import type { DownstreamSession, NetworkFilterFactory, SessionOwner } from '../network-filter.ts';

/** Envoy's `direct_response`: says the same to every client, and closes. `body`: latin1. */
export function createDirectResponseFilter(body: string): NetworkFilterFactory {
  return { createSession: (connection, owner) => new DirectResponseSession(connection, owner, body) };
}

class DirectResponseSession implements DownstreamSession, ConnectionHandlers {
  readonly #connection: Connection;
  readonly #owner: SessionOwner;
  readonly #body: string;

  constructor(connection: Connection, owner: SessionOwner, body: string) {
    this.#connection = connection;
    this.#owner = owner;
    this.#body = body;
    connection.setHandlers(this);
  }

  onNewConnection(): void {
    if (this.#body !== '') this.#connection.write(this.#body);
    this.#connection.close('flush-and-delay');
  }

  onData(): void {
    // Nobody listens.
  }

  onEnd(): void {
    // It is closing already.
  }

  onClose(): void {
    this.#owner.onSessionEnd(this);
  }

  close(): void {
    this.#connection.close('abort');
  }
}
