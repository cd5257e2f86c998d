import { setImmediate as nextTurn } from 'node:timers/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { toLocalAddress, toRemoteAddress } from './connect-socket.ts';
import { formatAddress, isPipe, type ListenAddress } from '../config/model/address.ts';
import type { SocketAddress } from './connection.ts';
import { interceptAccept } from './accepted-socket.ts';
import { descriptorOf, pauseAccepting, resumeAccepting } from './pausable-handle.ts';
import { listenOnPipe } from './pipe-server.ts';
import { SocketReader } from './socket-reader.ts';
import { SocketConnection } from './socket-connection.ts';
import { toSystemErrorText } from './system-error-text.ts';
import type { TransportContext } from './transport-context.ts';

export interface ListenSocketOptions {
  /** Port 0 takes a free one. */
  readonly address: ListenAddress;
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
  #acceptedCount = 0;

  private constructor(
    server: Server,
    context: TransportContext,
    options: ListenSocketOptions,
    onAccept: (connection: SocketConnection) => void,
  ) {
    // Of a pipe the system would tell the name that it was made with.
    const bound = isPipe(options.address) ? options.address : (server.address() as AddressInfo);
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
      try {
        listen(server, context, options);
      } catch (error) {
        server.emit('error', error);
      }
    });
  }

  /** Later connections go to another listener of the same address. */
  setOnAccept(onAccept: (connection: SocketConnection) => void): void {
    this.#onAccept = onAccept;
  }

  /** New connections wait in the kernel's queue. False where Node cannot do that: they come as before. */
  pauseAccepting(): boolean {
    return this.#context.pausableHandles !== undefined && pauseAccepting(this.#server);
  }

  resumeAccepting(): void {
    resumeAccepting(this.#server, this.#options.backlog ?? defaultBacklog);
  }

  /**
   * Settles when every connection that waits in the kernel's queue now was accepted: closing resets those in it. One
   * is accepted in each turn of the event loop, so a turn without one says that the queue is empty; as many as the
   * queue holds are enough when new ones keep coming. Accepting must not be paused.
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

  /** Stops listening; accepted connections live on. */
  close(): Promise<void> {
    // The descriptor is closed at once; the server would report only after its last connection ended.
    this.#server.close();
    return Promise.resolve();
  }

  #accept(socket: Socket, reader: SocketReader | undefined): void {
    this.#acceptedCount++;
    const descriptor = descriptorOf(socket);
    if (descriptor !== undefined) this.#context.onDescriptor?.(descriptor);
    // The client of a pipe has no name: as in Envoy, the server's stands for it.
    const pipe = isPipe(this.address) ? this.address : undefined;
    // A client that is gone already has no address any more.
    if (socket.destroyed || (pipe === undefined && socket.remoteAddress === undefined)) {
      socket.destroy();
      return;
    }
    const { delayedCloseTimeoutMs } = this.#options;
    this.#onAccept(
      new SocketConnection(
        socket,
        this.#context,
        pipe ?? toRemoteAddress(socket),
        pipe ?? toLocalAddress(socket),
        delayedCloseTimeoutMs === undefined ? {} : { delayedCloseTimeoutMs },
        reader,
      ),
    );
  }
}

function listen(server: Server, { pausableHandles }: TransportContext, options: ListenSocketOptions): void {
  const { address, backlog = defaultBacklog, fd, isIpv6Only = false } = options;
  const hasReusePort = (options.hasReusePort ?? false) && process.platform === 'linux';
  if (fd !== undefined) {
    server.listen({ fd });
  } else if (isPipe(address)) {
    listenOnPipe(server, address, backlog);
  } else if (pausableHandles !== undefined) {
    server.listen(pausableHandles.bind({ ...address, hasReusePort, isIpv6Only }), backlog);
  } else {
    const { address: host, port } = address;
    server.listen({ host, port, backlog, exclusive: true, reusePort: hasReusePort, ipv6Only: isIpv6Only });
  }
}
