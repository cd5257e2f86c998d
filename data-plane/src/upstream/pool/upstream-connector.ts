import type { Connection, SocketAddress } from '../../transport/connection.ts';

/** How the upstream half opens connections; given by the composition root, which knows transport/. */
export interface UpstreamConnector {
  /**
   * Returns at once, in state `connecting`. Then `onConnected`, or `onClose` with `connect-failure` or
   * `connect-timeout`. The caller sets the handlers in the same tick.
   */
  connect(address: SocketAddress, connectTimeoutMs: number): Connection;
}
