import { describeStats } from './stats/describe-stats.ts';
import type { SocketAddress } from './transport/connection.ts';
import { connectSocket, failToConnect } from './transport/connect-socket.ts';
import { upstreamHeader } from './transport/proxy-protocol/upstream-header.ts';
import { connectTls } from './transport/tls/connect-tls.ts';
import { CurrentContext } from './transport/tls/current-context.ts';
import { TlsStats } from './transport/tls/tls-stats.ts';
import { UpstreamTlsContext } from './transport/tls/upstream-tls-context.ts';
import { WorkerSecrets } from './transport/tls/worker-secrets.ts';
import type { TransportContext } from './transport/transport-context.ts';
import type { UpstreamConnector } from './upstream/pool/upstream-connector.ts';

export const upstreamSecretStats = describeStats(
  ['cluster.<cluster>.client_ssl_socket_factory.'],
  (make) => ({
    notReady: make.counter(
      'upstream_context_secrets_not_ready',
      'Connections that were not made because a secret of the TLS context had not come.',
    ),
  }),
);

/** Opens sockets for the upstream half: of a worker for requests, of the main thread for health checks. */
export function createConnector(
  transport: TransportContext,
  secrets: WorkerSecrets = new WorkerSecrets(),
): UpstreamConnector {
  const plain: UpstreamConnector = {
    connect: ({ address }, connectTimeoutMs) =>
      connectSocket(transport, { remoteAddress: address, connectTimeoutMs }),
    forCluster({ tls, proxyProtocol, transportSocketMatches = [] }, scope) {
      const sockets = [tls, ...transportSocketMatches.map((match) => match.tls)];
      if (proxyProtocol === undefined && sockets.every((socket) => socket === undefined)) return plain;
      const stats = new TlsStats(scope.scope('ssl.'), 'upstream');
      // The cluster's own first.
      const contexts = sockets.map((socket) =>
        socket === undefined
          ? undefined
          : new CurrentContext(socket, secrets, (resolved) => new UpstreamTlsContext(resolved, stats)),
      );
      return {
        connect(target, connectTimeoutMs, alpnProtocols, options) {
          const current = contexts[target.transportSocket + 1];
          // Those of matches have none.
          const isProxied = proxyProtocol !== undefined && target.transportSocket < 0;
          const connectOptions = {
            remoteAddress: target.address,
            connectTimeoutMs,
            preamble: !isProxied
              ? undefined
              : (localAddress: SocketAddress) =>
                  upstreamHeader(proxyProtocol, options?.proxied, {
                    localAddress,
                    remoteAddress: target.address,
                  }),
          };
          if (current === undefined) return connectSocket(transport, connectOptions);
          const context = current.get();
          if (context === undefined) {
            upstreamSecretStats.create(scope.scope('client_ssl_socket_factory.')).notReady.inc();
            return failToConnect(transport, connectOptions);
          }
          const wanted = context.wantedServer(target.hostname, options);
          return connectTls(transport, connectOptions, context, wanted, alpnProtocols);
        },
      };
    },
  };
  return plain;
}
