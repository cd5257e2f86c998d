import type { ApiConfigSource, HeaderValue } from '@heddle/shared/xds/api';
import { defaultBackOff } from '../ads/back-off.ts';
import type { AdsConfig } from '../model/bootstrap.ts';
import type { GrpcService } from '../model/resource-source.ts';
import type { DecodeContext } from './decode-context.ts';
import { defined, toMsOr } from './scalars.ts';

const defaultRateLimit = { maxTokens: 100, fillPerSecond: 10 };

/** An `ApiConfigSource` but for the cluster that it names. */
export function decodeGrpcSource(context: DecodeContext, source: ApiConfigSource, path: string): GrpcService {
  const [service, ...others] = source.grpcServices;
  if (service === undefined)
    context.refuse(`${path}.grpc_services`, 'must name the cluster of the management server');
  // Envoy's failover, which is off by default there.
  if (others.length > 0)
    context.refuse(`${path}.grpc_services[1]`, 'is not supported by Heddle yet: there can be one server');
  if (source.clusterNames.length > 0)
    context.refuse(`${path}.cluster_names`, 'must not be set: a stream goes to grpc_services');
  for (const field of ['refresh_delay', 'request_timeout'] as const) {
    const value = field === 'refresh_delay' ? source.refreshDelay : source.requestTimeout;
    if (value !== undefined)
      context.ignore(`${path}.${field}`, 'only affects polling, and streams do not poll');
  }
  const clusterName = service?.envoyGrpc?.clusterName ?? '';
  const backOff = service?.envoyGrpc?.retryPolicy?.retryBackOff;
  const baseMs = toMsOr(backOff?.baseInterval, defaultBackOff.baseMs);
  const defaultMaxMs = backOff === undefined ? defaultBackOff.maxMs : baseMs * 10;
  return {
    variant: source.apiType === 'DELTA_GRPC' ? 'delta' : 'sotw',
    clusterName,
    authority: service?.envoyGrpc?.authority || clusterName,
    initialMetadata: decodeMetadata(context, service?.initialMetadata ?? [], path),
    backOff: { baseMs, maxMs: toMsOr(backOff?.maxInterval, defaultMaxMs) },
    ...defined<Pick<AdsConfig, 'rateLimit'>>({
      rateLimit:
        source.rateLimitSettings === undefined
          ? undefined
          : {
              maxTokens: source.rateLimitSettings.maxTokens ?? defaultRateLimit.maxTokens,
              fillPerSecond: source.rateLimitSettings.fillRate ?? defaultRateLimit.fillPerSecond,
            },
    }),
  };
}

/** What a gRPC library would choke on when the stream opens is refused now. */
function decodeMetadata(
  context: DecodeContext,
  headers: readonly HeaderValue[],
  path: string,
): AdsConfig['initialMetadata'] {
  return headers.map(({ key, value }, i) => {
    const headerPath = `${path}.grpc_services[0].initial_metadata[${i}]`;
    const name = key.toLowerCase();
    if (!/^[0-9a-z_.-]+$/.test(name))
      context.refuse(`${headerPath}.key`, `${JSON.stringify(key)} is no name of gRPC metadata`);
    if (name.endsWith('-bin'))
      context.refuse(`${headerPath}.key`, 'binary metadata is not supported by Heddle yet');
    if (!/^[\x20-\x7e]*$/.test(value)) context.refuse(`${headerPath}.value`, 'must be printable ASCII');
    return { key: name, value };
  });
}
