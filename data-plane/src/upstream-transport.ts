import { connectSocket } from './transport/connect-socket.ts';
import type { TransportContext } from './transport/transport-context.ts';
import type { UpstreamConnector } from './upstream/pool/upstream-connector.ts';

/** Opens sockets for the upstream half: of a worker for requests, of the main thread for health checks. */
export function createConnector(transport: TransportContext): UpstreamConnector {
  return {
    connect: (remoteAddress, connectTimeoutMs) =>
      connectSocket(transport, { remoteAddress, connectTimeoutMs }),
  };
}
