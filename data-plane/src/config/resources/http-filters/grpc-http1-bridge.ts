import type { GrpcHttp1BridgeConfig } from '../../model/grpc-filters.ts';
import type { HttpFilterDecoder } from '../http-filter-decoder.ts';

const type = 'envoy.extensions.filters.http.grpc_http1_bridge.v3.Config';

export const grpcHttp1BridgeDecoder: HttpFilterDecoder = {
  type,
  isTerminal: false,
  decode(context, any, path): GrpcHttp1BridgeConfig | undefined {
    const message = context.unpack(type, any, path);
    return (
      message && {
        upgradesProtobuf: message.upgradeProtobufToGrpc,
        ignoresQuery: message.ignoreQueryParameters,
      }
    );
  },
};
