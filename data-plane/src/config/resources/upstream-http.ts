import { toTypeName } from '@heddle/shared/xds/type-urls';
import type {
  ApiMessages,
  Cluster as ClusterMessage,
  Http1ProtocolOptions,
  Http2ProtocolOptions,
  HttpProtocolOptions,
  UpstreamHttpProtocolOptions,
} from '@heddle/shared/xds/api';
import type { AutomaticNames, UpstreamHttpOptions, UpstreamProtocol } from '../model/cluster.ts';
import { joinPath, type DecodeContext } from './decode-context.ts';
import { decodeHeaderKeyFormat } from './header-key-format.ts';
import { decodeHttp2ProtocolOptions } from './http2-protocol-options.ts';
import { defined, toMsOr } from './scalars.ts';

const optionsType = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const defaultIdleTimeoutMs = 3_600_000;
/** Where nothing is configured, HTTP/1.1 answers may have larger heads than HTTP/2 ones. */
const defaultMaxHeadersKb = { http1: 80, http2: 60, downstream: 80, auto: 80 } as const;
const defaultMaxHeadersCount = 100;

type HttpProtocolOptionsExtension = ApiMessages[typeof optionsType];

/** What a cluster's message says of HTTP, in either of its forms. */
interface GivenOptions {
  readonly protocol: UpstreamProtocol;
  readonly common: HttpProtocolOptions | undefined;
  readonly http1: Http1ProtocolOptions | undefined;
  /** Absent: HTTP/2 is not spoken, unless the server chooses. */
  readonly http2: Http2ProtocolOptions | undefined;
  readonly http1Path: string;
  readonly names?: UpstreamHttpProtocolOptions | undefined;
}

/** The typed extension, or the deprecated fields of the cluster itself. */
export function decodeUpstreamHttp(
  context: DecodeContext,
  message: ClusterMessage,
  path: string,
): UpstreamHttpOptions {
  const { protocol, common, http1, http2, http1Path, names } = givenOptions(context, message, path);
  const speaksHttp2 = http2 !== undefined || protocol === 'auto';
  return {
    protocol,
    idleTimeoutMs: toMsOr(common?.idleTimeout, defaultIdleTimeoutMs),
    maxConnectionDurationMs: toMsOr(common?.maxConnectionDuration, 0),
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? message.maxRequestsPerConnection ?? 0,
    maxResponseHeadersBytes: (common?.maxResponseHeadersKb ?? defaultMaxHeadersKb[protocol]) * 1024,
    maxHeadersCount: common?.maxHeadersCount ?? defaultMaxHeadersCount,
    enableTrailers: http1?.enableTrailers ?? false,
    ...defined<Pick<UpstreamHttpOptions, 'headerKeyFormat' | 'http2' | 'automaticNames'>>({
      automaticNames: decodeAutomaticNames(names),
      headerKeyFormat: decodeHeaderKeyFormat(context, http1, http1Path),
      http2: speaksHttp2 ? decodeHttp2ProtocolOptions(http2) : undefined,
    }),
  };
}

function decodeAutomaticNames(message: UpstreamHttpProtocolOptions | undefined): AutomaticNames | undefined {
  if (message === undefined || !(message.autoSni || message.autoSanValidation)) return undefined;
  return {
    sni: message.autoSni,
    sanValidation: message.autoSanValidation,
    headerName: message.overrideAutoSniHeader.toLowerCase(),
  };
}

function givenOptions(context: DecodeContext, message: ClusterMessage, path: string): GivenOptions {
  let given = optionsOfCluster(message, path);
  for (const [name, any] of Object.entries(message.typedExtensionProtocolOptions)) {
    const anyPath = joinPath(path, `typed_extension_protocol_options[${JSON.stringify(name)}]`);
    if (toTypeName(any.typeUrl) !== optionsType) {
      context.refuseType(any, name, anyPath, [optionsType]);
      continue;
    }
    const options = context.unpack(optionsType, any, anyPath);
    if (options === undefined) continue;
    given = optionsOfExtension(options, anyPath);
  }
  return given;
}

function optionsOfExtension(options: HttpProtocolOptionsExtension, path: string): GivenOptions {
  const { explicitHttpConfig: explicit, useDownstreamProtocolConfig: downstream, autoConfig: auto } = options;
  const common = options.commonHttpProtocolOptions;
  const names = options.upstreamHttpProtocolOptions;
  if (downstream !== undefined || auto !== undefined) {
    const { httpProtocolOptions: http1, http2ProtocolOptions: http2 } = downstream ?? auto ?? {};
    const name = downstream === undefined ? 'auto_config' : 'use_downstream_protocol_config';
    const http1Path = `${path}.${name}.http_protocol_options`;
    const protocol = downstream === undefined ? 'auto' : 'downstream';
    return { protocol, common, http1, http2, http1Path, names };
  }
  return {
    protocol: explicit?.http2ProtocolOptions === undefined ? 'http1' : 'http2',
    common,
    http1: explicit?.httpProtocolOptions,
    http2: explicit?.http2ProtocolOptions,
    http1Path: `${path}.explicit_http_config.http_protocol_options`,
    names,
  };
}

function optionsOfCluster(message: ClusterMessage, path: string): GivenOptions {
  const { http2ProtocolOptions: http2, protocolSelection } = message;
  const followsDownstream = protocolSelection === 'USE_DOWNSTREAM_PROTOCOL';
  return {
    protocol: followsDownstream ? 'downstream' : http2 === undefined ? 'http1' : 'http2',
    common: message.commonHttpProtocolOptions,
    http1: message.httpProtocolOptions,
    http2,
    http1Path: joinPath(path, 'http_protocol_options'),
    names: message.upstreamHttpProtocolOptions,
  };
}
