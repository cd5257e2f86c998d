import { connectSocket } from './transport/connect-socket.ts';
import { connectTls } from './transport/tls/connect-tls.ts';
import { TlsStats } from './transport/tls/tls-stats.ts';
import { UpstreamTlsContext } from './transport/tls/upstream-tls-context.ts';
import type { TransportContext } from './transport/transport-context.ts';
import type { UpstreamConnector } from './upstream/pool/upstream-connector.ts';

/** Opens sockets for the upstream half: of a worker for requests, of the main thread for health checks. */
export function createConnector(transport: TransportContext): UpstreamConnector {
  const plain: UpstreamConnector = {
    connect: ({ address }, connectTimeoutMs) =>
      connectSocket(transport, { remoteAddress: address, connectTimeoutMs }),
    forCluster({ tls }, scope) {
      if (tls === undefined) return plain;
      const stats = new TlsStats(scope.scope('ssl.'), 'upstream');
      const context = new UpstreamTlsContext(tls, stats);
      return {
        connect: ({ address, hostname }, connectTimeoutMs, alpnProtocols, options) => {
          const wanted = context.wantedServer(hostname, options);
          return connectTls(
            transport,
            { remoteAddress: address, connectTimeoutMs },
            context,
            wanted,
            alpnProtocols,
          );
        },
      };
    },
  };
  return plain;
}
