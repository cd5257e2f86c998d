import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { formatAddress } from '../config/model/address.ts';
import type { SocketAddress } from './connection.ts';
import { toSystemErrorText } from './system-error-text.ts';

export interface UdpListenOptions {
  /** Port 0 takes a free one. */
  readonly address: SocketAddress;
  /** Several workers listen on one address (Linux): the kernel gives all datagrams of one client to one of them. */
  readonly hasReusePort?: boolean;
}

export interface UdpListenHandlers {
  /** `datagram` is the handler's own. */
  onDatagram(datagram: Buffer, peer: SocketAddress): void;
  onError(): void;
}

/** A socket that datagrams of many peers come to. */
export class UdpListenSocket {
  readonly address: SocketAddress;
  readonly #socket: Socket;
  #handlers: UdpListenHandlers;

  private constructor(socket: Socket, handlers: UdpListenHandlers) {
    const { address, port } = socket.address();
    this.address = { address, port };
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on('message', (datagram, peer) => this.#handlers.onDatagram(datagram, toAddress(peer)));
    socket.on('error', () => this.#handlers.onError());
  }

  /** Errors: HeddleError `port-in-use` when the address cannot be bound, with the system's word. */
  static listen(
    { address, hasReusePort = false }: UdpListenOptions,
    handlers: UdpListenHandlers,
  ): Promise<UdpListenSocket> {
    const socket = create(address, hasReusePort && process.platform === 'linux');
    return new Promise((resolve, reject) => {
      socket.once('error', (error: NodeJS.ErrnoException) => {
        socket.close();
        const message = `cannot listen on udp ${formatAddress(address)}: ${toSystemErrorText(error)}`;
        reject(new HeddleError('port-in-use', message, { cause: error }));
      });
      socket.bind({ address: address.address, port: address.port, exclusive: true }, () => {
        socket.removeAllListeners('error');
        resolve(new UdpListenSocket(socket, handlers));
      });
    });
  }

  /** Datagrams that come later are another handler's. */
  setHandlers(handlers: UdpListenHandlers): void {
    this.#handlers = handlers;
  }

  send(datagram: Buffer, peer: SocketAddress, onSent: (error: Error | null) => void): void {
    this.#socket.send(datagram, peer.port, peer.address, onSent);
  }

  close(): void {
    this.#socket.close();
  }
}

/** A socket that exchanges datagrams with one host, and hears nobody else. */
export class UdpHostSocket {
  readonly #socket: Socket;

  /** Bound to a port, and connected, when this returns. @throws NodeJS.ErrnoException */
  constructor(
    host: SocketAddress,
    handlers: Omit<UdpListenHandlers, 'onDatagram'> & { onDatagram(datagram: Buffer): void },
  ) {
    this.#socket = create(host, false);
    this.#socket.on('message', (datagram) => handlers.onDatagram(datagram));
    // Such as a refusal of the host's machine.
    this.#socket.on('error', () => handlers.onError());
    this.#socket.connect(host.port, host.address);
  }

  get localAddress(): SocketAddress {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  send(datagram: Buffer, onSent: (error: Error | null) => void): void {
    try {
      this.#socket.send(datagram, onSent);
    } catch (error) {
      // It could not be connected, which was an error before.
      onSent(error instanceof Error ? error : new Error(String(error)));
    }
  }

  close(): void {
    this.#socket.close();
  }
}

function create({ address }: SocketAddress, reusePort: boolean): Socket {
  const isIpv6 = isIPv6(address);
  return createSocket({
    type: isIpv6 ? 'udp6' : 'udp4',
    ...(reusePort ? { reusePort } : {}),
    // Addresses are no names: what Node would look up is known, and so it does everything at once.
    lookup: (text, _options, callback) => callback(null, text, isIpv6 ? 6 : 4),
  });
}

function toAddress({ address, port }: RemoteInfo): SocketAddress {
  return { address, port };
}
