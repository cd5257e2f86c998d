import type {
  Connection,
  ConnectionHandlers,
  ConnectionState,
  SocketAddress,
} from '../../transport/connection.ts';
import type { ConnectTarget } from '../../transport/transport-socket-options.ts';
import type { UpstreamConnector } from '../pool/upstream-connector.ts';

/** Connections that connect, or fail to, when the test says so. */
export class ScriptedConnector implements UpstreamConnector {
  readonly attempts: ScriptedConnection[] = [];

  connect({ address }: ConnectTarget): Connection {
    const connection = new ScriptedConnection(this.attempts.length, address);
    this.attempts.push(connection);
    return connection;
  }
}

class ScriptedConnection implements Connection {
  readonly id: number;
  readonly remoteAddress: SocketAddress;
  readonly localAddress: SocketAddress = { address: '127.0.0.1', port: 0 };
  readonly writeBufferedBytes = 0;
  readonly isSecure = false;
  readonly alpnProtocol = '';
  readonly bytesRead = 0;
  readonly bytesWritten = 0;
  state: ConnectionState = 'connecting';
  #handlers: ConnectionHandlers | undefined;

  constructor(id: number, remoteAddress: SocketAddress) {
    this.id = id;
    this.remoteAddress = remoteAddress;
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  succeed(): void {
    if (this.state !== 'connecting') return;
    this.state = 'open';
    this.#handlers?.onConnected?.();
  }

  fail(): void {
    if (this.state !== 'connecting') return;
    this.state = 'closed';
    this.#handlers?.onClose('connect-failure', 'Connection refused');
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }
  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#handlers?.onClose('local', '');
  }
  writeCopy(): void {
    // Nobody reads it.
  }

  write(): void {
    // Nobody reads it.
  }
  shutdownWrite(): void {
    // Nobody reads it.
  }
  readDisable(): void {
    // Nothing comes.
  }
  setWriteBufferLimit(): void {
    // Nothing is kept.
  }
}
