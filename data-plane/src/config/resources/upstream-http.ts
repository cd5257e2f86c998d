import { toTypeName } from '@heddle/shared/xds/type-urls';
import type {
  Cluster as ClusterMessage,
  Http1ProtocolOptions,
  HttpProtocolOptions,
} from '@heddle/shared/xds/api';
import type { UpstreamHttpOptions } from '../model/cluster.ts';
import { joinPath, type DecodeContext } from './decode-context.ts';
import { decodeHeaderKeyFormat } from './header-key-format.ts';
import { defined, toMsOr } from './scalars.ts';

const optionsType = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const defaultIdleTimeoutMs = 3_600_000;
/** Where nothing is configured, HTTP/1.1 answers may have larger heads than HTTP/2 ones. */
const defaultMaxHeadersKb = { http1: 80, http2: 60 } as const;
const defaultMaxHeadersCount = 100;

/** Whether clusters may speak HTTP/2. Only the management server's may, which the gRPC library talks to. */
export interface UpstreamHttpRules {
  readonly isHttp2Allowed: boolean;
}

/** The typed extension, or the deprecated fields of the cluster itself. */
export function decodeUpstreamHttp(
  context: DecodeContext,
  message: ClusterMessage,
  path: string,
  rules: UpstreamHttpRules,
): UpstreamHttpOptions {
  const extensions = Object.entries(message.typedExtensionProtocolOptions);
  let common = message.commonHttpProtocolOptions;
  let http1 = message.httpProtocolOptions;
  let isHttp2 = message.http2ProtocolOptions !== undefined;
  let http1Path = joinPath(path, 'http_protocol_options');
  let http2Path = joinPath(path, 'http2_protocol_options');
  for (const [name, any] of extensions) {
    const anyPath = joinPath(path, `typed_extension_protocol_options[${JSON.stringify(name)}]`);
    if (toTypeName(any.typeUrl) !== optionsType) {
      context.refuseType(any, name, anyPath, [optionsType]);
      continue;
    }
    const options = context.unpack(optionsType, any, anyPath);
    common = options?.commonHttpProtocolOptions;
    http1 = options?.explicitHttpConfig?.httpProtocolOptions;
    isHttp2 = options?.explicitHttpConfig?.http2ProtocolOptions !== undefined;
    http1Path = `${anyPath}.explicit_http_config.http_protocol_options`;
    http2Path = `${anyPath}.explicit_http_config.http2_protocol_options`;
  }
  if (isHttp2 && !rules.isHttp2Allowed) {
    context.refuse(
      http2Path,
      'HTTP/2 to upstreams is not supported by Heddle yet (only to the management server)',
    );
  }
  return {
    ...toOptions(message, common, http1, isHttp2),
    ...defined<Pick<UpstreamHttpOptions, 'headerKeyFormat'>>({
      headerKeyFormat: decodeHeaderKeyFormat(context, http1, http1Path),
    }),
  };
}

function toOptions(
  message: ClusterMessage,
  common: HttpProtocolOptions | undefined,
  http1: Http1ProtocolOptions | undefined,
  isHttp2: boolean,
): UpstreamHttpOptions {
  const protocol = isHttp2 ? 'http2' : 'http1';
  return {
    protocol,
    idleTimeoutMs: toMsOr(common?.idleTimeout, defaultIdleTimeoutMs),
    maxConnectionDurationMs: toMsOr(common?.maxConnectionDuration, 0),
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? message.maxRequestsPerConnection ?? 0,
    maxResponseHeadersBytes: (common?.maxResponseHeadersKb ?? defaultMaxHeadersKb[protocol]) * 1024,
    maxHeadersCount: common?.maxHeadersCount ?? defaultMaxHeadersCount,
    enableTrailers: http1?.enableTrailers ?? false,
  };
}
