import type { GrpcStatsFilterConfig } from '@heddle/shared/xds/api';
import type { CountedMethods, GrpcStatsConfig } from '../../model/grpc-filters.ts';
import type { HttpFilterDecoder } from '../http-filter-decoder.ts';

const type = 'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig';

export const grpcStatsDecoder: HttpFilterDecoder = {
  type,
  isTerminal: false,
  decode(context, any, path): GrpcStatsConfig | undefined {
    const message = context.unpack(type, any, path);
    return message && { methods: decodeMethods(message), hasUpstreamTime: message.enableUpstreamStats };
  },
};

/** Without either no method is counted by name, as in Envoy since 1.17. */
function decodeMethods(message: GrpcStatsFilterConfig): CountedMethods {
  const list = message.individualMethodStatsAllowlist;
  if (list !== undefined) {
    const names = list.services.flatMap(({ name, methodNames }) =>
      methodNames.map((methodName) => `${name}/${methodName}`),
    );
    return { kind: 'listed', names };
  }
  if (message.statsForAllMethods !== true) return { kind: 'none' };
  return { kind: 'all', replacesDots: message.replaceDotsInGrpcServiceName };
}
