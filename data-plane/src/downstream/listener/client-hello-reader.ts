import type { ConnectionHandlers } from '../../transport/connection.ts';
import type { SocketConnection } from '../../transport/socket-connection.ts';
import { readClientHello, type ClientHello } from '../../transport/tls/client-hello.ts';

/** What a connection begins with. */
export interface FirstBytes {
  /** Undefined: no ClientHello. */
  readonly hello: ClientHello | undefined;
  /** Everything that has come; whoever takes the connection gets it first. */
  readonly bytes: Buffer;
}

export interface ClientHelloReaderOwner {
  onFirstBytes(first: FirstBytes): void;
  /** Nothing but a part of a ClientHello, and more than it may have. */
  onTooLarge(): void;
  /** The client went; the connection is closed, or about to be. */
  onGone(): void;
}

/** Reads a connection that was just accepted until it is known how it begins. Tells its owner once. */
export class ClientHelloReader implements ConnectionHandlers {
  readonly #connection: SocketConnection;
  readonly #maxBytes: number;
  #owner: ClientHelloReaderOwner | undefined;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(connection: SocketConnection, maxBytes: number, owner: ClientHelloReaderOwner) {
    this.#connection = connection;
    this.#maxBytes = maxBytes;
    this.#owner = owner;
    connection.setHandlers(this);
  }

  onData(chunk: Buffer): void {
    // The chunk is lent.
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const bytes = this.#bytes;
    const reading = readClientHello(bytes);
    if (reading.kind === 'incomplete') {
      if (bytes.length >= this.#maxBytes) this.#takeOwner()?.onTooLarge();
      return;
    }
    this.#takeOwner()?.onFirstBytes({ hello: reading.kind === 'hello' ? reading.hello : undefined, bytes });
  }

  onEnd(): void {
    this.#connection.close('flush');
    this.#takeOwner()?.onGone();
  }

  onClose(): void {
    this.#takeOwner()?.onGone();
  }

  #takeOwner(): ClientHelloReaderOwner | undefined {
    const owner = this.#owner;
    this.#owner = undefined;
    return owner;
  }
}
