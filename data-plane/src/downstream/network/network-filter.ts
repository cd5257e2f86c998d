import type { Connection } from '../../transport/connection.ts';

/** When to end connections gently. One for each set of connections that drains together. */
export interface DrainDecision {
  /** Asked when an answer begins: should it be the connection's last? */
  drainClose(): boolean;
}

/** An accepted connection in the hands of its terminal network filter. */
export interface DownstreamSession {
  /** Ends it now; what is in flight is cut off. */
  close(): void;
  /**
   * Its filter chain drains. A connection that need not wait for an answer to be told does so within that time; others
   * ask `drainClose` when an answer begins.
   */
  drainWithin?(ms: number): void;
}

export interface SessionOwner extends DrainDecision {
  /** Once, last. */
  onSessionEnd(session: DownstreamSession): void;
}

/** The terminal network filter of one filter chain: takes over connections. */
export interface NetworkFilterFactory {
  /** In the tick of the acceptance; sets the connection's handlers. */
  createSession(connection: Connection, owner: SessionOwner): DownstreamSession;
}
