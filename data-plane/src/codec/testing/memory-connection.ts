import type {
  CloseKind,
  Connection,
  ConnectionHandlers,
  ConnectionState,
  SocketAddress,
} from '../../transport/connection.ts';

/** A connection without a socket: what was written is there to be read, and nothing happens by itself. */
export class MemoryConnection implements Connection {
  readonly id = 1;
  readonly remoteAddress: SocketAddress = { address: '127.0.0.1', port: 40_000 };
  readonly localAddress: SocketAddress = { address: '127.0.0.1', port: 80 };
  state: ConnectionState = 'open';
  readonly isSecure = false;
  readonly alpnProtocol = '';
  bytesRead = 0;
  bytesWritten = 0;
  writeBufferedBytes = 0;
  readDisableCount = 0;
  isWriteShut = false;
  closeKind: CloseKind | undefined;
  handlers: ConnectionHandlers | undefined;
  #written = '';

  setHandlers(handlers: ConnectionHandlers): void {
    this.handlers = handlers;
  }

  writeCopy(bytes: Buffer, start: number, end: number): void {
    this.write(bytes.subarray(start, end));
  }

  write(data: Buffer | string): void {
    if (this.state !== 'open' || this.isWriteShut) return;
    this.#written += typeof data === 'string' ? data : data.toString('latin1');
    this.bytesWritten += data.length;
  }

  readDisable(disable: boolean): void {
    this.readDisableCount += disable ? 1 : -1;
  }

  shutdownWrite(): void {
    this.isWriteShut = true;
  }

  close(kind: CloseKind): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.closeKind = kind;
  }

  setWriteBufferLimit(): void {
    // Nothing is buffered here.
  }

  /** Everything written since the last call, in latin1. */
  takeWritten(): string {
    const written = this.#written;
    this.#written = '';
    return written;
  }
}
