import type { SocketConnection } from '../../../transport/socket-connection.ts';
import type { ClientHello } from '../../../transport/tls/client-hello.ts';

/** An accepted connection while its listener filters run, and what they found out. */
export interface AcceptedConnection {
  readonly connection: SocketConnection;
  /** What came and no filter has taken; whoever takes the connection over gets it first. */
  bytes: Buffer;
  /** Undefined: nobody has looked for a ClientHello. */
  clientHello: ClientHello | 'none' | undefined;
  /** Of plain text; a ClientHello has its own. */
  applicationProtocols: readonly string[];
}

/**
 * - `continue`: the next one's turn.
 * - `wait`: more bytes are needed.
 * - `close`: not to be served.
 */
export type ListenerFilterStatus = 'continue' | 'wait' | 'close';

/**
 * One filter of one listener in one worker, for all of its connections. Called at first with what the filters before it
 * left, perhaps nothing, and with everything once more whenever more has come. What it takes it cuts off `bytes`.
 */
export interface ListenerFilter {
  inspect(accepted: AcceptedConnection): ListenerFilterStatus;
}
