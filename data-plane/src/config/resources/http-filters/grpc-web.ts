import type { HttpFilterDecoder } from '../http-filter-decoder.ts';

const type = 'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb';

/** It has no settings. */
export const grpcWebDecoder: HttpFilterDecoder = {
  type,
  isTerminal: false,
  decode(context, any, path) {
    return context.unpack(type, any, path) && {};
  },
};
