import {
  deafHandlers,
  type CloseKind,
  type Connection,
  type ConnectionHandlers,
  type ConnectionState,
  type SocketAddress,
} from '../../transport/connection.ts';

export interface FilteredConnectionOwner {
  /** For the write filters, if there are any. The bytes are the owner's. */
  onWrite(bytes: Buffer, endStream: boolean): void;
  /** Nobody who holds it wants it not to be read any more. */
  onReadEnabled(): void;
  onTerminalClose(kind: CloseKind): void;
}

const noBytes = Buffer.alloc(0);

/** A connection as filters see it: what is written to it passes the write filters. */
export class FilteredConnection implements Connection {
  handlers: ConnectionHandlers = deafHandlers;
  readonly #connection: Connection;
  readonly #owner: FilteredConnectionOwner;
  readonly #isWriteFiltered: boolean;
  #readDisableCount = 0;

  constructor(connection: Connection, owner: FilteredConnectionOwner, isWriteFiltered: boolean) {
    this.#connection = connection;
    this.#owner = owner;
    this.#isWriteFiltered = isWriteFiltered;
  }

  get isReadDisabled(): boolean {
    return this.#readDisableCount > 0;
  }

  get id(): number {
    return this.#connection.id;
  }

  get remoteAddress(): SocketAddress {
    return this.#connection.remoteAddress;
  }

  get localAddress(): SocketAddress {
    return this.#connection.localAddress;
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  get isSecure(): boolean {
    return this.#connection.isSecure;
  }

  get tls(): Connection['tls'] {
    return this.#connection.tls;
  }

  get origin(): Connection['origin'] {
    return this.#connection.origin;
  }

  get alpnProtocol(): string {
    return this.#connection.alpnProtocol;
  }

  get writeBufferedBytes(): number {
    return this.#connection.writeBufferedBytes;
  }

  get bytesRead(): number {
    return this.#connection.bytesRead;
  }

  get bytesWritten(): number {
    return this.#connection.bytesWritten;
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.handlers = handlers;
  }

  write(data: Buffer | string): void {
    if (!this.#isWriteFiltered) this.#connection.write(data);
    else this.#owner.onWrite(typeof data === 'string' ? Buffer.from(data, 'latin1') : data, false);
  }

  writeCopy(bytes: Buffer, start: number, end: number): void {
    if (!this.#isWriteFiltered) this.#connection.writeCopy(bytes, start, end);
    else this.#owner.onWrite(Buffer.from(bytes.subarray(start, end)), false);
  }

  readDisable(disable: boolean): void {
    this.#connection.readDisable(disable);
    if (disable) this.#readDisableCount++;
    else if (this.#readDisableCount > 0 && --this.#readDisableCount === 0) this.#owner.onReadEnabled();
  }

  shutdownWrite(): void {
    if (this.#isWriteFiltered) this.#owner.onWrite(noBytes, true);
    else this.#connection.shutdownWrite();
  }

  close(kind: CloseKind): void {
    this.#owner.onTerminalClose(kind);
  }

  setWriteBufferLimit(limitBytes: number): void {
    this.#connection.setWriteBufferLimit(limitBytes);
  }

  setDelayedCloseTimeout(timeoutMs: number): void {
    this.#connection.setDelayedCloseTimeout?.(timeoutMs);
  }

  shareWrites(): void {
    this.#connection.shareWrites?.();
  }
}
