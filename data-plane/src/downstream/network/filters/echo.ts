import type { Connection, ConnectionHandlers } from '../../../transport/connection.ts';
import type { DownstreamSession, NetworkFilterFactory, SessionOwner } from '../network-filter.ts';

/** Envoy's `echo`: the client gets back what it sends, its end too. */
export function createEchoFilter(bufferLimitBytes: number): NetworkFilterFactory {
  return {
    createSession: (connection, owner) => new EchoSession(connection, owner, bufferLimitBytes),
  };
}

class EchoSession implements DownstreamSession, ConnectionHandlers {
  readonly #connection: Connection;
  readonly #owner: SessionOwner;

  constructor(connection: Connection, owner: SessionOwner, bufferLimitBytes: number) {
    this.#connection = connection;
    this.#owner = owner;
    if (bufferLimitBytes > 0) connection.setWriteBufferLimit(bufferLimitBytes);
    connection.setHandlers(this);
  }

  onData(chunk: Buffer): void {
    this.#connection.write(chunk);
  }

  onEnd(): void {
    this.#connection.shutdownWrite();
  }

  onClose(): void {
    this.#owner.onSessionEnd(this);
  }

  /** A client that sends and does not read is not read from either. */
  onAboveWriteHighWatermark(): void {
    this.#connection.readDisable(true);
  }

  onBelowWriteLowWatermark(): void {
    this.#connection.readDisable(false);
  }

  close(): void {
    this.#connection.close('abort');
  }
}
