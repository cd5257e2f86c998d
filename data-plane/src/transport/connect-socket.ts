import { Socket } from 'node:net';
import { isPipe, toPipePath } from '../config/model/address.ts';
import type { SocketAddress } from './connection.ts';
import { SocketReader } from './socket-reader.ts';
import { SocketConnection } from './socket-connection.ts';
import type { SocketConnectionOptions } from './socket-connection-options.ts';
import type { TransportContext } from './transport-context.ts';

export interface ConnectOptions extends SocketConnectionOptions {
  /** An IP address or a pipe, never a name. */
  readonly remoteAddress: SocketAddress;
  /** Envoy's `connect_timeout`; 5 s there by default. */
  readonly connectTimeoutMs: number;
  /** Envoy's `upstream_bind_config`; port 0 takes any. */
  readonly sourceAddress?: SocketAddress;
  /** First probe after this many ms of silence; absent = no TCP keep-alive. */
  readonly keepAliveMs?: number;
  /** What goes out first, ahead of a TLS handshake too. Asked for when the connection is there. */
  readonly preamble?: ((localAddress: SocketAddress) => Buffer) | undefined;
}

/**
 * Begins to connect and returns at once, in state `connecting`. Then either `onConnected` or `onClose` with
 * `connect-failure` or `connect-timeout`; `close('abort')` cancels. Bytes written meanwhile are kept and sent.
 */
export function connectSocket(context: TransportContext, options: ConnectOptions): SocketConnection {
  const reader = new SocketReader(context.readSlabs);
  const socket = new Socket({ allowHalfOpen: true, onread: reader.onread });
  startConnecting(socket, options);
  const unbound = unboundAddress(options);
  const connection = new SocketConnection(socket, context, options.remoteAddress, unbound, options, reader);
  connection.startConnectTimeout(options.connectTimeoutMs);
  socket.once('connect', () => connection.markConnected(toLocalAddress(socket)));
  return connection;
}

/** A connection that cannot be made, as if it had been tried: `onClose` with `connect-failure`. */
export function failToConnect(context: TransportContext, options: ConnectOptions): SocketConnection {
  const socket = new Socket();
  const connection = new SocketConnection(socket, context, options.remoteAddress, unboundAddress(options), {
    ...options,
    tls: { plainSocket: socket, toErrorText: () => '' },
  });
  socket.destroy(new Error('not ready'));
  return connection;
}

export function startConnecting(socket: Socket, options: ConnectOptions): void {
  const { remoteAddress, sourceAddress, keepAliveMs, preamble } = options;
  socket.setNoDelay(true);
  if (keepAliveMs !== undefined) socket.setKeepAlive(true, keepAliveMs);
  // Before anybody else hears of the connection.
  if (preamble !== undefined) socket.once('connect', () => socket.write(preamble(toLocalAddress(socket))));
  if (isPipe(remoteAddress)) {
    socket.connect({ path: toPipePath(remoteAddress) });
    return;
  }
  socket.connect({
    host: remoteAddress.address,
    port: remoteAddress.port,
    autoSelectFamily: false,
    ...(sourceAddress === undefined
      ? {}
      : { localAddress: sourceAddress.address, localPort: sourceAddress.port }),
  });
}

/** The local address until the system has chosen one. */
export function unboundAddress({ remoteAddress, sourceAddress }: ConnectOptions): SocketAddress {
  if (isPipe(remoteAddress)) return { address: '', port: 0 };
  return sourceAddress ?? { address: remoteAddress.address.includes(':') ? '::' : '0.0.0.0', port: 0 };
}

/** Of a connection to a pipe: none. */
export function toLocalAddress(socket: Socket): SocketAddress {
  return { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
}

export function toRemoteAddress(socket: Socket): SocketAddress {
  return { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
}
