import { setImmediate as nextTurn } from 'node:timers/promises';
import { createServer, type AddressInfo, type ListenOptions, type Server, type Socket } from 'node:net';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { toLocalAddress, toRemoteAddress } from './connect-socket.ts';
import { formatAddress } from '../config/model/address.ts';
import type { SocketAddress } from './connection.ts';
import { interceptAccept } from './accepted-socket.ts';
import { SocketReader } from './socket-reader.ts';
import { SocketConnection } from './socket-connection.ts';
import { toSystemErrorText } from './system-error-text.ts';
import type { TransportContext } from './transport-context.ts';

export interface ListenSocketOptions {
  /** Port 0 takes a free one. */
  readonly address: SocketAddress;
  /** Envoy's `tcp_backlog_size`; 511 when absent. */
  readonly backlog?: number;
  /** Several workers listen on one address (Linux). */
  readonly hasReusePort?: boolean;
  /** An inherited, listening socket; then `address` only names it. */
  readonly fd?: number;
  /** An IPv6 socket that takes no IPv4. */
  readonly isIpv6Only?: boolean;
  readonly delayedCloseTimeoutMs?: number;
}

/** Accepted while accepting is paused, and not yet seen by anybody. */
const maxHeldSockets = 1024;
const defaultBacklog = 511;

/**
 * One listening socket of one address, owned by a worker for as long as the address is configured: a changed
 * listener takes it over by `setOnAccept`, since closing it would reset what waits in its queue.
 */
export class ListenSocket {
  readonly address: SocketAddress;
  readonly #server: Server;
  readonly #context: TransportContext;
  readonly #options: ListenSocketOptions;
  #onAccept: (connection: SocketConnection) => void;
  #isPaused = false;
  #acceptedCount = 0;
  #held: { socket: Socket; reader: SocketReader | undefined }[] = [];

  private constructor(
    server: Server,
    context: TransportContext,
    options: ListenSocketOptions,
    onAccept: (connection: SocketConnection) => void,
  ) {
    const bound = server.address() as AddressInfo;
    this.address = { address: bound.address, port: bound.port };
    this.#server = server;
    this.#context = context;
    this.#options = options;
    this.#onAccept = onAccept;
    server.on('connection', (socket: Socket) => this.#accept(socket, undefined));
    if (!context.hasFastAccept) return;
    interceptAccept(
      server,
      () => new SocketReader(context.readSlabs),
      (socket, reader) => this.#accept(socket, reader),
    );
  }

  /**
   * `onAccept` is called for each connection, in the tick of its acceptance, and sets its handlers before it
   * returns. Errors: HeddleError `port-in-use` when the address cannot be bound, with the system's word.
   */
  static listen(
    context: TransportContext,
    options: ListenSocketOptions,
    onAccept: (connection: SocketConnection) => void,
  ): Promise<ListenSocket> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: false });
    return new Promise((resolve, reject) => {
      // Stays in place: an error of a later accept must not end the worker.
      server.on('error', (error: NodeJS.ErrnoException) => {
        const where = formatAddress(options.address);
        const message = `cannot listen on ${where}: ${toSystemErrorText(error)}`;
        reject(new HeddleError('port-in-use', message, { cause: error }));
      });
      server.once('listening', () => resolve(new ListenSocket(server, context, options, onAccept)));
      server.listen(toListenOptions(options));
    });
  }

  /** Later connections go to another listener of the same address. */
  setOnAccept(onAccept: (connection: SocketConnection) => void): void {
    this.#onAccept = onAccept;
  }

  /** New connections wait, unread; past 1,024 of them the newest is reset. */
  pauseAccepting(): void {
    this.#isPaused = true;
  }

  resumeAccepting(): void {
    this.#isPaused = false;
    const held = this.#held;
    this.#held = [];
    for (const { socket, reader } of held) {
      socket.resume();
      this.#accept(socket, reader);
    }
  }

  /**
   * Settles when every connection that waits in the kernel's queue now was accepted: closing resets those in it. One
   * is accepted in each turn of the event loop, so a turn without one says that the queue is empty; as many as the
   * queue holds are enough when new ones keep coming.
   */
  async emptyQueue(): Promise<void> {
    const enoughCount = this.#acceptedCount + (this.#options.backlog ?? defaultBacklog);
    let countBefore = -1;
    // What is left of this turn accepts nothing.
    await nextTurn();
    while (this.#acceptedCount !== countBefore && this.#acceptedCount < enoughCount) {
      countBefore = this.#acceptedCount;
      await nextTurn();
    }
  }

  /** Stops listening; accepted connections live on, those held by a pause are reset. */
  close(): Promise<void> {
    for (const { socket } of this.#held) socket.resetAndDestroy();
    this.#held = [];
    // The descriptor is closed at once; the server would report only after its last connection ended.
    this.#server.close();
    return Promise.resolve();
  }

  #accept(socket: Socket, reader: SocketReader | undefined): void {
    this.#acceptedCount++;
    if (this.#isPaused) {
      this.#hold(socket, reader);
      return;
    }
    // A client that is gone already has no address any more.
    if (socket.destroyed || socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const { delayedCloseTimeoutMs } = this.#options;
    this.#onAccept(
      new SocketConnection(
        socket,
        this.#context,
        toRemoteAddress(socket),
        toLocalAddress(socket),
        delayedCloseTimeoutMs === undefined ? {} : { delayedCloseTimeoutMs },
        reader,
      ),
    );
  }

  #hold(socket: Socket, reader: SocketReader | undefined): void {
    if (this.#held.length >= maxHeldSockets) {
      socket.resetAndDestroy();
      return;
    }
    socket.on('error', () => socket.destroy());
    socket.pause();
    this.#held.push({ socket, reader });
  }
}

function toListenOptions(options: ListenSocketOptions): ListenOptions & { fd?: number } {
  if (options.fd !== undefined) return { fd: options.fd };
  return {
    host: options.address.address,
    port: options.address.port,
    backlog: options.backlog ?? defaultBacklog,
    exclusive: true,
    reusePort: (options.hasReusePort ?? false) && process.platform === 'linux',
    ipv6Only: options.isIpv6Only ?? false,
  };
}
