import type { Socket } from 'node:net';

/** What a peer may still send when we have closed: enough for what was on its way, so that our last words arrive. */
export const maxDroppedBytes = 1024 * 1024;

export interface SocketConnectionOptions {
  /** Envoy's `delayed_close_timeout`: how long a close waits for the peer, and for a stuck flush. 0 = not at all. */
  readonly delayedCloseTimeoutMs?: number;
  /** The socket encrypts, and its handshake is still to come: `connecting` until `markConnected`. */
  readonly tls?: TlsLayer;
}

/** What a socket that encrypts needs otherwise. */
export interface TlsLayer {
  /** The socket below it, which alone can be reset. */
  readonly plainSocket: Socket;
  /** The system's or OpenSSL's error as `onClose` tells it. */
  readonly toErrorText: (error: NodeJS.ErrnoException) => string;
}
