import type { Connection, ConnectionCloseReason } from '../../transport/connection.ts';
import type { ConnectionInfo } from './connection-info.ts';

/** When to end connections gently. One for each set of connections that drains together. */
export interface DrainDecision {
  /** Asked when an answer begins: should it be the connection's last? */
  drainClose(): boolean;
}

/** An accepted connection in the hands of its terminal network filter. */
export interface DownstreamSession {
  /** Once, when every filter before it has let the connection through. */
  onNewConnection?(): void;
  /** Ends it now; what is in flight is cut off. */
  close(): void;
  /**
   * Its filter chain drains. A connection that need not wait for an answer to be told does so within that time; others
   * ask `drainClose` when an answer begins.
   */
  drainWithin?(ms: number): void;
}

export interface SessionOwner extends DrainDecision {
  /** What the filters of a connection know of it together. */
  readonly info: ConnectionInfo;
  /** Once, last. */
  onSessionEnd(session: DownstreamSession): void;
}

/** The terminal network filter of one filter chain: takes over connections. */
export interface NetworkFilterFactory {
  /** In the tick of the acceptance; sets the connection's handlers. */
  createSession(connection: Connection, owner: SessionOwner): DownstreamSession;
}

export type FilterStatus = 'continue' | 'stop-iteration';

/** The bytes that pass a filter. It may take from them or put others in their place; those that it keeps it copies. */
export interface FilterBuffer {
  bytes: Buffer;
}

/**
 * A filter before the terminal one, made for each connection. With `onNewConnection` or `onData` it is a read filter, with
 * `onWrite` a write filter, with both it is both.
 */
export interface NetworkFilter {
  /** First of all, in the tick of the acceptance. */
  setCallbacks?(callbacks: NetworkFilterCallbacks): void;
  /** Once, in the order of the chain, before its first `onData`. To stop keeps it from all further filters. */
  onNewConnection?(): FilterStatus;
  /**
   * In the order of the chain. After a stop the bytes stay, and come again, with those behind them, through all filters
   * at the next read; or to those behind this filter at `continueReading`. `endStream`: the client's FIN stands behind.
   */
  onData?(data: FilterBuffer, endStream: boolean): FilterStatus;
  /** In the opposite order. After a stop the bytes are the filter's: what is still to be written it injects. */
  onWrite?(data: FilterBuffer, endStream: boolean): FilterStatus;
  onAboveWriteHighWatermark?(): void;
  onBelowWriteLowWatermark?(): void;
  /** Last, once; in the order of the chain, and before the terminal filter. */
  onClose?(reason: ConnectionCloseReason): void;
}

/** What a filter may do with the connection that it is on. */
export interface NetworkFilterCallbacks {
  /** What is written to it passes every write filter. */
  readonly connection: Connection;
  readonly info: ConnectionInfo;
  /** After a stop: the filters behind this one see the connection, and the bytes that are there. */
  continueReading(): void;
  /** Gives the filters behind this one bytes that are not (or no longer) those of the connection. */
  injectReadData(bytes: Buffer, endStream: boolean): void;
  /** Gives the write filters that come after this one bytes, and then the client. */
  injectWriteData(bytes: Buffer, endStream: boolean): void;
}
