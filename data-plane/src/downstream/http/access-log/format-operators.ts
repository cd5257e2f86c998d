import { hostname } from 'node:os';
import type { HeaderMap } from '../../../codec/header-map.ts';
import { findDecodedParameter } from '../../../lang/query-matcher.ts';
import { toLatin1Text } from '../../../lang/latin1.ts';
import { formatAddress } from '../../../config/model/address.ts';
import type { SocketAddress } from '../../../transport/connection.ts';
import { responseFlags } from '../response-flag.ts';
import type { StreamInfo } from '../stream-info.ts';
import { formatGrpcStatus, grpcStatusOf, isGrpc } from '../grpc-status.ts';
import { compileLocalTimeFormat, compileTimeFormat } from './time-format.ts';

/** What a format string can speak of. Headers are those of the moment: before or after rewrites. */
export interface FormatContext {
  readonly streamInfo: StreamInfo;
  readonly requestHeaders: HeaderMap | undefined;
  readonly responseHeaders: HeaderMap | undefined;
  readonly responseTrailers: HeaderMap | undefined;
}

/** Undefined: there is no value (yet). Texts are bytes in latin1, as header values are. */
export type FormatOperator = (context: FormatContext) => string | number | undefined;

/** Makes the operator of one use; a string says what is wrong with its arguments. */
type OperatorFactory = (argument: string | undefined) => FormatOperator | string;

/** The operator of `%NAME(argument)%`, or why there is none. */
export function createOperator(name: string, argument: string | undefined): FormatOperator | string {
  const factory = factories[name];
  if (factory !== undefined) return factory(argument);
  if (alwaysAbsent.test(name)) return () => undefined;
  return `unknown operator %${name}%`;
}

/**
 * Nothing here sets these: no filter writes metadata, filter state, no connection is TLS or QUIC, and no
 * address is an internal one.
 */
const alwaysAbsent = new RegExp(
  '^(DYNAMIC_METADATA|(UPSTREAM_)?FILTER_STATE|(DOWNSTREAM|UPSTREAM)_(TLS|PEER|LOCAL)_[A-Z0-9_]+|' +
    'UPSTREAM_SERVER_NAME|ROUNDTRIP_DURATION|DOWNSTREAM_HANDSHAKE_DURATION|[A-Z_]+_ADDRESS_ENDPOINT_ID)$',
);

function plain(operator: FormatOperator): OperatorFactory {
  return (argument) => (argument === undefined || argument === '' ? operator : 'takes no arguments');
}

function text(read: (info: StreamInfo) => string): OperatorFactory {
  return plain(({ streamInfo }) => toLatin1Text(read(streamInfo)) || undefined);
}

function address(read: (info: StreamInfo) => SocketAddress | undefined): OperatorFactory {
  return plain(({ streamInfo }) => {
    const value = read(streamInfo);
    return value === undefined ? undefined : formatAddress(value);
  });
}

/** Whole milliseconds between two moments; undefined until both are there. */
function duration(
  from: (info: StreamInfo) => number | undefined,
  to: (info: StreamInfo) => number | undefined,
): OperatorFactory {
  return plain(({ streamInfo }) => {
    const startMs = from(streamInfo);
    const endMs = to(streamInfo);
    return startMs === undefined || endMs === undefined ? undefined : Math.floor(endMs - startMs);
  });
}

const headerName = /^[:!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** `X` or `X?Y`: the first field of that name, else of the other. */
function header(read: (context: FormatContext) => HeaderMap | undefined): OperatorFactory {
  return (argument) => {
    const [main, alternative, ...rest] = (argument ?? '').toLowerCase().split('?');
    if (main === undefined || !headerName.test(main) || rest.length > 0) return 'needs a header name';
    if (alternative !== undefined && !headerName.test(alternative)) return 'needs a header name behind ?';
    const mainName = nameInMap(main);
    if (alternative === undefined) return (context) => read(context)?.get(mainName);
    const otherName = nameInMap(alternative);
    return (context) => {
      const headers = read(context);
      return headers?.get(mainName) ?? headers?.get(otherName);
    };
  };
}

function nameInMap(name: string): string {
  return name === 'host' ? ':authority' : name;
}

function time(
  read: (info: StreamInfo) => number,
  compile: typeof compileTimeFormat = compileTimeFormat,
): OperatorFactory {
  return (argument) => {
    const formatTime = compile(argument ?? '');
    if (formatTime === undefined) return `unknown conversion in the time format "${argument ?? ''}"`;
    return ({ streamInfo }) => formatTime(read(streamInfo));
  };
}

/** `WQ` with query (default), `NQ` without; `ORIG` before the rewrite, `PATH` after it, `ORIG_OR_PATH` (default). */
function path(argument: string | undefined): FormatOperator | string {
  const [query = '', source = ''] = (argument ?? '').split(':');
  if (!['', 'WQ', 'NQ'].includes(query)) return 'takes WQ or NQ';
  if (!['', 'ORIG', 'PATH', 'ORIG_OR_PATH'].includes(source)) return 'takes ORIG, PATH or ORIG_OR_PATH';
  return ({ requestHeaders }) => {
    const original = source === 'PATH' ? undefined : requestHeaders?.get('x-envoy-original-path');
    const whole = original ?? (source === 'ORIG' ? undefined : requestHeaders?.get(':path'));
    return query === 'NQ' ? whole?.split('?', 1)[0] : whole;
  };
}

const timePoints: Readonly<Record<string, (info: StreamInfo) => number | undefined>> = {
  DS_RX_BEG: (info) => info.startedAtMs,
  DS_RX_END: (info) => info.requestReceivedMs,
  US_TX_BEG: (info) => info.firstUpstreamTxByteMs,
  US_TX_END: (info) => info.lastUpstreamTxByteMs,
  US_RX_BEG: (info) => info.firstUpstreamByteMs,
  US_RX_END: (info) => info.lastUpstreamByteMs,
  DS_TX_BEG: (info) => info.firstDownstreamTxByteMs,
  DS_TX_END: (info) => info.endedMs,
};
const unitsPerMs: Readonly<Record<string, number>> = { ms: 1, us: 1_000, ns: 1_000_000 };

function commonDuration(argument: string | undefined): FormatOperator | string {
  const [startName = '', endName = '', unit = 'ms', ...rest] = (argument ?? '').split(':');
  const from = timePoints[startName];
  const to = timePoints[endName];
  const perMs = unitsPerMs[unit];
  if (from === undefined || to === undefined || perMs === undefined || rest.length > 0) {
    return `takes START:END[:ms|us|ns] of ${Object.keys(timePoints).join(', ')}`;
  }
  return ({ streamInfo }) => {
    const startMs = from(streamInfo);
    const endMs = to(streamInfo);
    return startMs === undefined || endMs === undefined ? undefined : Math.floor((endMs - startMs) * perMs);
  };
}

function grpcStatus(argument: string | undefined): FormatOperator | string {
  const style = argument ?? '';
  if (!['', 'CAMEL_STRING', 'SNAKE_STRING', 'NUMBER'].includes(style)) {
    return 'takes CAMEL_STRING, SNAKE_STRING or NUMBER';
  }
  return ({ requestHeaders, responseHeaders, responseTrailers, streamInfo }) => {
    if (requestHeaders === undefined || !isGrpc(requestHeaders)) return undefined;
    const status = grpcStatusOf(responseTrailers, responseHeaders, streamInfo.responseStatus);
    if (status === undefined || style === 'NUMBER') return status;
    return formatGrpcStatus(status, style === 'SNAKE_STRING' ? 'snake' : 'camel');
  };
}

function queryParameter(argument: string | undefined): FormatOperator | string {
  if (argument === undefined || argument === '') return 'needs a parameter name';
  return ({ requestHeaders }) => findDecodedParameter(requestHeaders?.get(':path') ?? '', argument);
}

/** Names and values, pseudo-headers among them; 0 without a map. */
function bytesOf(read: (context: FormatContext) => HeaderMap | undefined): OperatorFactory {
  return plain((context) => {
    const headers = read(context);
    let bytes = 0;
    for (let index = 0; index < (headers?.size ?? 0); index++) {
      bytes += (headers?.nameAt(index).length ?? 0) + (headers?.valueAt(index).length ?? 0);
    }
    return bytes;
  });
}

/** `NAMESPACE:KEY:KEY…` of the cluster's metadata: texts as they are, other values as JSON. */
function clusterMetadata(argument: string | undefined): FormatOperator | string {
  const [namespace = '', ...keys] = (argument ?? '').split(':');
  if (namespace === '') return 'needs a namespace';
  return ({ streamInfo }) => {
    let value: unknown = streamInfo.upstreamClusterMetadata[namespace];
    for (const key of keys) {
      value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
    }
    if (value === undefined || typeof value === 'number') return value;
    return toLatin1Text(typeof value === 'string' ? value : JSON.stringify(value));
  };
}

/** Of every attempt, in order; a host that was tried twice is there once. */
function attempts(read: (host: SocketAddress, hostname: string) => string): OperatorFactory {
  return plain(({ streamInfo }) => {
    const { earlierAttempts, upstreamHost, upstreamHostname } = streamInfo;
    if (upstreamHost === undefined) return undefined;
    const texts = earlierAttempts?.map(({ host, hostname }) => read(host, hostname)) ?? [];
    return toLatin1Text([...new Set([...texts, read(upstreamHost, upstreamHostname)])].join(','));
  });
}

const started = (info: StreamInfo): number => info.startedAtMs;
const ended = (info: StreamInfo): number | undefined => info.endedMs;

const emittedAt = (info: StreamInfo): number =>
  info.startedAt + Math.floor((info.endedMs ?? info.startedAtMs) - info.startedAtMs);

const factories: Readonly<Record<string, OperatorFactory>> = {
  REQ: header((context) => context.requestHeaders),
  RESP: header((context) => context.responseHeaders),
  TRAILER: header((context) => context.responseTrailers),
  START_TIME: time((info) => info.startedAt),
  START_TIME_LOCAL: time((info) => info.startedAt, compileLocalTimeFormat),
  EMIT_TIME: time(emittedAt),
  EMIT_TIME_LOCAL: time(emittedAt, compileLocalTimeFormat),
  PROTOCOL: text((info) => info.protocol),
  UPSTREAM_PROTOCOL: text((info) => info.upstreamProtocol),
  RESPONSE_CODE: plain(({ streamInfo }) => streamInfo.responseStatus),
  RESPONSE_CODE_DETAILS: text((info) => info.responseDetails),
  CONNECTION_TERMINATION_DETAILS: plain(() => undefined),
  RESPONSE_FLAGS: text((info) => (info.flags.length === 0 ? '-' : info.flags.join(','))),
  RESPONSE_FLAGS_LONG: text((info) =>
    info.flags.length === 0 ? '-' : info.flags.map((flag) => responseFlags[flag]).join(','),
  ),
  BYTES_RECEIVED: plain(({ streamInfo }) => streamInfo.bytesReceived),
  BYTES_SENT: plain(({ streamInfo }) => streamInfo.bytesSent),
  REQUEST_HEADERS_BYTES: bytesOf((context) => context.requestHeaders),
  RESPONSE_HEADERS_BYTES: bytesOf((context) => context.responseHeaders),
  RESPONSE_TRAILERS_BYTES: bytesOf((context) => context.responseTrailers),
  DURATION: duration(started, ended),
  REQUEST_DURATION: duration(started, (info) => info.requestReceivedMs),
  REQUEST_TX_DURATION: duration(started, (info) => info.lastUpstreamTxByteMs),
  RESPONSE_DURATION: duration(started, (info) => info.firstUpstreamByteMs),
  RESPONSE_TX_DURATION: duration((info) => info.firstUpstreamByteMs, ended),
  COMMON_DURATION: commonDuration,
  UPSTREAM_HOST: address((info) => info.upstreamHost),
  UPSTREAM_REMOTE_ADDRESS: address((info) => info.upstreamHost),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: text((info) => info.upstreamHost?.address ?? ''),
  UPSTREAM_REMOTE_PORT: plain(({ streamInfo }) => streamInfo.upstreamHost?.port),
  UPSTREAM_HOST_NAME: text((info) => info.upstreamHostname),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: text((info) => info.upstreamHostname.replace(/:\d+$/, '')),
  UPSTREAM_CONNECTION_ID: plain(({ streamInfo }) => streamInfo.upstreamConnectionId),
  UPSTREAM_HOSTS_ATTEMPTED: attempts((host) => formatAddress(host)),
  UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT: attempts(({ address: ip }) => ip),
  UPSTREAM_HOST_NAMES_ATTEMPTED: attempts((host, hostname) => hostname || formatAddress(host)),
  UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT: attempts(
    (host, hostname) => hostname.replace(/:\d+$/, '') || host.address,
  ),
  CLUSTER_METADATA: clusterMetadata,
  // No filter sets any.
  CUSTOM_FLAGS: plain(() => ''),
  UPSTREAM_CLUSTER: text((info) => info.upstreamCluster),
  UPSTREAM_CLUSTER_RAW: text((info) => info.upstreamCluster),
  UPSTREAM_LOCAL_ADDRESS: address((info) => info.upstreamLocalAddress),
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: text((info) => info.upstreamLocalAddress?.address ?? ''),
  UPSTREAM_LOCAL_PORT: plain(({ streamInfo }) => streamInfo.upstreamLocalAddress?.port),
  UPSTREAM_TRANSPORT_FAILURE_REASON: text((info) => info.upstreamTransportFailureReason.replaceAll(' ', '_')),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain(({ streamInfo }) => streamInfo.upstreamAttemptCount),
  DOWNSTREAM_REMOTE_ADDRESS: address((info) => info.downstreamRemoteAddress),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: text((info) => info.downstreamRemoteAddress.address),
  DOWNSTREAM_REMOTE_PORT: plain(({ streamInfo }) => streamInfo.downstreamRemoteAddress.port),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: address((info) => info.downstreamDirectAddress),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: text((info) => info.downstreamDirectAddress.address),
  DOWNSTREAM_DIRECT_REMOTE_PORT: plain(({ streamInfo }) => streamInfo.downstreamDirectAddress.port),
  // No listener filter gives a connection another address than its own.
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS: address((info) => info.downstreamLocalAddress),
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT: text((info) => info.downstreamLocalAddress.address),
  DOWNSTREAM_DIRECT_LOCAL_PORT: plain(({ streamInfo }) => streamInfo.downstreamLocalAddress.port),
  DOWNSTREAM_LOCAL_ADDRESS: address((info) => info.downstreamLocalAddress),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: text((info) => info.downstreamLocalAddress.address),
  DOWNSTREAM_LOCAL_PORT: plain(({ streamInfo }) => streamInfo.downstreamLocalAddress.port),
  REQUESTED_SERVER_NAME: plain(() => undefined),
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: plain(() => undefined),
  ROUTE_NAME: text((info) => info.routeName),
  VIRTUAL_CLUSTER_NAME: plain(() => undefined),
  HOSTNAME: () => {
    const name = hostname();
    return () => name;
  },
  CONNECTION_ID: plain(({ streamInfo }) => streamInfo.connectionId),
  STREAM_ID: plain(({ streamInfo }) => streamInfo.streamId),
  GRPC_STATUS: grpcStatus,
  GRPC_STATUS_NUMBER: (argument) => (argument === undefined ? grpcStatus('NUMBER') : 'takes no arguments'),
  LOCAL_REPLY_BODY: text((info) => info.localReplyBody),
  FILTER_CHAIN_NAME: text((info) => info.filterChainName),
  ACCESS_LOG_TYPE: plain(() => 'DownstreamEnd'),
  PATH: path,
  QUERY_PARAM: queryParameter,
};
