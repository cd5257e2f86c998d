import { createHttp1ClientCodec } from './codec/http1/client-codec.ts';
import { createHttp1ClientOptions, type Http1ClientOptions } from './codec/http1/options.ts';
import type { Http1Workspace } from './codec/http1/workspace.ts';
import type { UpstreamHttpOptions } from './config/model/cluster.ts';
import { connectSocket } from './transport/connect-socket.ts';
import type { TransportContext } from './transport/transport-context.ts';
import type { ClientCodecFactory, UpstreamConnector } from './upstream/pool/upstream-connector.ts';

/** Opens sockets for the upstream half: of a worker for requests, of the main thread for health checks. */
export function createConnector(transport: TransportContext): UpstreamConnector {
  return {
    connect: (remoteAddress, connectTimeoutMs) =>
      connectSocket(transport, { remoteAddress, connectTimeoutMs }),
  };
}

/** The options of a cluster are compiled once; its connections share them. */
export function createClientCodecFactory(workspace: Http1Workspace): ClientCodecFactory {
  const compiled = new WeakMap<UpstreamHttpOptions, Http1ClientOptions>();
  return (connection, callbacks, options) => {
    let codecOptions = compiled.get(options);
    if (codecOptions === undefined) {
      codecOptions = createHttp1ClientOptions(workspace, {
        maxHeadBytes: options.maxResponseHeadersBytes,
        maxFieldCount: options.maxHeadersCount,
        enableTrailers: options.enableTrailers,
      });
      compiled.set(options, codecOptions);
    }
    return createHttp1ClientCodec(connection, callbacks, codecOptions);
  };
}
