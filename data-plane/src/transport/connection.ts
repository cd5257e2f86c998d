import type { Address } from '../config/model/address.ts';
import type { ConnectionOrigin } from './connection-origin.ts';
import type { TlsFacts } from './tls-facts.ts';

/**
 * A byte stream between this worker and one peer, as codecs and network filters see it. One per socket, for
 * both halves. Implementations gather the writes of one tick into one `write` of the socket.
 */
export interface Connection {
  /** Unique in the process; `%CONNECTION_ID%`. */
  readonly id: number;
  readonly remoteAddress: SocketAddress;
  readonly localAddress: SocketAddress;
  /** Of an accepted connection that somebody forwards. */
  readonly origin?: ConnectionOrigin | undefined;
  readonly state: ConnectionState;
  /** Its bytes are encrypted on the wire. */
  readonly isSecure: boolean;
  /** Of a connection with TLS whose handshake is done. */
  readonly tls?: TlsFacts | undefined;
  /** What both sides agreed to speak during the TLS handshake; empty: nothing, or no TLS. */
  readonly alpnProtocol: string;
  /** Set once, by the owner, before any event can happen (in the tick that created the connection). */
  setHandlers(handlers: ConnectionHandlers): void;
  /**
   * Queues bytes; a string is latin1. A buffer that is the caller's own belongs to the connection until it was flushed;
   * a chunk that `onData` lends may be given as it is.
   * Ignored once closing or closed.
   */
  write(data: Buffer | string): void;
  /** The same for a small piece of a buffer that the caller goes on using: it is copied before this returns. */
  writeCopy(bytes: Buffer, start: number, end: number): void;
  /** Counted: reading stops at the first `true` and resumes when every `true` has had its `false`. */
  readDisable(disable: boolean): void;
  /**
   * Half-close: writes what is queued, then sends FIN; reading goes on. Later writes are ignored. When the peer's
   * FIN is there too, the connection closes by itself.
   */
  shutdownWrite(): void;
  /** Idempotent; a later `abort` overtakes a close that still flushes. `onClose` comes in a later tick. */
  close(kind: CloseKind): void;
  /** Bytes that were written and that the kernel has not taken. */
  readonly writeBufferedBytes: number;
  /** High watermark; the low one is half of it. 0 = none. Envoy: `per_connection_buffer_limit_bytes`. */
  setWriteBufferLimit(limitBytes: number): void;
  /** How long `flush-and-delay` waits for the peer; 0 = not at all. Sockets have 1 s until then. */
  setDelayedCloseTimeout?(timeoutMs: number): void;
  /** Requests of several other connections write to it: their writes go out together. */
  shareWrites?(): void;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export type ConnectionState = 'connecting' | 'open' | 'closing' | 'closed';

/**
 * - `flush`: write what is queued, send FIN, then close.
 * - `flush-and-delay`: the same, then wait for the peer to close, at most the delayed-close time-out, so that a
 *   last answer is not lost to a reset (RFC 9112, 9.6).
 * - `abort`: drop what is queued; reset.
 */
export type CloseKind = 'flush' | 'flush-and-delay' | 'abort';

/** Who ended it first: `remote` when the peer's FIN was there before `close` was called. */
export type ConnectionCloseReason = 'local' | 'remote' | 'reset' | 'connect-failure' | 'connect-timeout';

export interface ConnectionHandlers {
  /** Of one that began as `connecting`: the connection (and its TLS handshake) is there. */
  onConnected?(): void;
  /** `chunk` is lent until the call returns; a handler that keeps bytes copies them. */
  onData(chunk: Buffer): void;
  /** The peer sent FIN; this side can still write. */
  onEnd(): void;
  /** Last event, exactly once. `detail` is the system's word, such as `Connection refused`. */
  onClose(reason: ConnectionCloseReason, detail: string): void;
  /** A close has waited for the peer, or for what was to be flushed, as long as it may; `onClose` follows. */
  onDelayedCloseTimeout?(): void;
  onAboveWriteHighWatermark?(): void;
  onBelowWriteLowWatermark?(): void;
}

/** Of a connection that nobody cares for. */
export const deafHandlers: ConnectionHandlers = {
  onData: () => undefined,
  onEnd: () => undefined,
  onClose: () => undefined,
};

export type SocketAddress = Address;
