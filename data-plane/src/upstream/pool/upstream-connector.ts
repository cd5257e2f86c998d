import type { ClientCodec, ClientCodecCallbacks } from '../../codec/codec.ts';
import type { UpstreamHttpOptions } from '../../config/model/cluster.ts';
import type { Connection, SocketAddress } from '../../transport/connection.ts';

/** How the upstream half opens connections; given by the composition root, which knows transport/. */
export interface UpstreamConnector {
  /**
   * Returns at once, in state `connecting`. Then `onConnected`, or `onClose` with `connect-failure` or
   * `connect-timeout`. The caller sets the handlers in the same tick.
   */
  connect(address: SocketAddress, connectTimeoutMs: number): Connection;
}

/** Makes the client half of the codec that a cluster speaks. */
export type ClientCodecFactory = (
  connection: Connection,
  callbacks: ClientCodecCallbacks,
  options: UpstreamHttpOptions,
) => ClientCodec;
