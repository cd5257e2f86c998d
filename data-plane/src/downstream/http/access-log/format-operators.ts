import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { HeaderMap } from '../../../codec/header-map.ts';
import { findDecodedParameter } from '../../../lang/query-matcher.ts';
import { toLatin1Text } from '../../../lang/latin1.ts';
import { formatAddress } from '../../../config/model/address.ts';
import type { SocketAddress } from '../../../transport/connection.ts';
import { responseFlags } from '../response-flag.ts';
import type { StreamInfo } from '../stream-info.ts';
import { formatGrpcStatus, grpcStatusOf, isGrpc } from '../grpc-status.ts';
import { addressOperators } from './address-operators.ts';
import { alwaysAbsent, refusedOperators } from './absent-operators.ts';
import { byteOperators } from './byte-operators.ts';
import { certificateFieldOperators, uncutOperators } from './certificate-field-operators.ts';
import { parseCoalesce } from './coalesce.ts';
import {
  plain,
  text,
  type FormatContext,
  type FormatOperator,
  type FormatValue,
  type OperatorFactory,
  type OperatorTable,
} from './format-operator.ts';
import { filterStateOperators } from './filter-state-operators.ts';
import { metadataOperators } from './metadata-operators.ts';
import { compileLocalTimeFormat, compileTimeFormat } from './time-format.ts';
import { tlsOperators } from './tls-operators.ts';

/** The operator of `%NAME(argument)%`, or why there is none. */
export function createOperator(name: string, argument: string | undefined): FormatOperator | string {
  const factory = factories[name];
  if (factory !== undefined) return factory(argument);
  const reason = refusedOperators[name];
  if (reason !== undefined) return `is not there: ${reason}`;
  if (alwaysAbsent.test(name)) return () => undefined;
  return `unknown operator %${name}%`;
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

/** All of the query. Decoded, Envoy leaves in hex what has a meaning in URLs, and what is no ASCII. */
function queryParameters(argument: string | undefined): FormatOperator | string {
  if (!['', 'ORIG', 'DECODED'].includes(argument ?? '')) return 'takes ORIG or DECODED';
  const isDecoded = argument === 'DECODED';
  return ({ requestHeaders }) => {
    const target = requestHeaders?.get(':path') ?? '';
    const mark = target.indexOf('?');
    if (mark < 0) return undefined;
    const query = target.slice(mark + 1);
    return isDecoded ? query.replace(escapedUnreserved, decodeURIComponent) : query;
  };
}

/** Letters, digits, `-`, `.`, `_` and `~` (RFC 3986, 2.3). */
const escapedUnreserved = /%(?:4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae]|3\d|2[de])/gi;

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

/** `{"operators": ["NAME", {"command": "NAME", "param": "…", "max_length": n}]}`: the first that has a value. */
function coalesce(argument: string | undefined): FormatOperator | string {
  const choices = parseCoalesce(argument ?? '');
  if (typeof choices === 'string') return choices;
  const operators: FormatOperator[] = [];
  for (const { command, param, maxLength } of choices) {
    const operator = createOperator(command, param);
    if (typeof operator === 'string') return `${command}: ${operator}`;
    const isCut = maxLength !== undefined && !uncutOperators.includes(command);
    operators.push(isCut ? (context) => cut(operator(context), maxLength) : operator);
  }
  return (context) => {
    for (const operator of operators) {
      const value = operator(context);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

function cut(value: FormatValue | undefined, maxLength: number): string | undefined {
  return value === undefined ? undefined : value.toString().slice(0, maxLength);
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

const requestHeader = header((context) => context.requestHeaders);
const responseHeader = header((context) => context.responseHeaders);
const responseTrailer = header((context) => context.responseTrailers);

const factories: OperatorTable = {
  ...tlsOperators,
  ...addressOperators,
  ...filterStateOperators,
  ...metadataOperators,
  ...byteOperators,
  ...certificateFieldOperators,
  REQ: requestHeader,
  REQUEST_HEADER: requestHeader,
  RESP: responseHeader,
  RESPONSE_HEADER: responseHeader,
  TRAILER: responseTrailer,
  RESPONSE_TRAILER: responseTrailer,
  START_TIME: time((info) => info.startedAt),
  START_TIME_LOCAL: time((info) => info.startedAt, compileLocalTimeFormat),
  EMIT_TIME: time(emittedAt),
  EMIT_TIME_LOCAL: time(emittedAt, compileLocalTimeFormat),
  PROTOCOL: text((info) => info.protocol),
  UPSTREAM_PROTOCOL: text((info) => info.upstreamProtocol),
  RESPONSE_CODE: plain(({ streamInfo }) => streamInfo.responseStatus),
  RESPONSE_CODE_DETAILS: text((info) => info.responseDetails),
  CONNECTION_TERMINATION_DETAILS: text((info) => info.connectionInfo?.terminationDetails),
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
  UPSTREAM_HOST_NAME: text((info) => info.upstreamHostname),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: text((info) => info.upstreamHostname.replace(/:\d+$/, '')),
  UPSTREAM_CONNECTION_ID: plain(({ streamInfo }) => streamInfo.upstreamConnectionId),
  UPSTREAM_CONNECTION_IDS_ATTEMPTED: plain(
    ({ streamInfo: { earlierConnectionIds, upstreamConnectionId } }) =>
      upstreamConnectionId === undefined
        ? undefined
        : [...(earlierConnectionIds ?? []), upstreamConnectionId].join(','),
  ),
  UPSTREAM_CONNECTION_POOL_READY_DURATION: duration(
    (info) => info.attemptStartedMs,
    (info) => info.poolReadyMs,
  ),
  UPSTREAM_HOSTS_ATTEMPTED: attempts((host) => formatAddress(host)),
  UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT: attempts(({ address: ip }) => ip),
  UPSTREAM_HOST_NAMES_ATTEMPTED: attempts((host, hostname) => hostname || formatAddress(host)),
  UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT: attempts(
    (host, hostname) => hostname.replace(/:\d+$/, '') || host.address,
  ),
  COALESCE: coalesce,
  // Of QUIC only.
  BYTES_RETRANSMITTED: plain(() => 0),
  PACKETS_RETRANSMITTED: plain(() => 0),
  // No filter sets any.
  CUSTOM_FLAGS: plain(() => ''),
  UPSTREAM_CLUSTER: text((info) => info.upstreamCluster),
  UPSTREAM_CLUSTER_RAW: text((info) => info.upstreamCluster),
  UPSTREAM_TRANSPORT_FAILURE_REASON: text((info) => info.upstreamTransportFailureReason.replaceAll(' ', '_')),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain(({ streamInfo }) => streamInfo.upstreamAttemptCount),
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: plain(() => undefined),
  ROUTE_NAME: text((info) => info.route?.route.name),
  VIRTUAL_CLUSTER_NAME: plain(() => undefined),
  DOWNSTREAM_DETECTED_CLOSE_TYPE: plain(({ streamInfo }) =>
    streamInfo.isDownstreamReset ? 'RemoteReset' : 'Normal',
  ),
  // Of requests Envoy says no more, even when the upstream refused or reset its connection.
  UPSTREAM_DETECTED_CLOSE_TYPE: plain(({ streamInfo: { upstreamHost, isUpstreamReset } }) => {
    if (upstreamHost === undefined) return undefined;
    return isUpstreamReset ? 'RemoteReset' : 'Normal';
  }),
  HOSTNAME: () => {
    const name = hostname();
    return () => name;
  },
  CONNECTION_ID: plain(({ streamInfo }) => streamInfo.connectionId),
  // Another one at each use; whoever wants to find it again takes the id of the request.
  UNIQUE_ID: plain(() => randomUUID()),
  STREAM_ID: plain(({ streamInfo }) => streamInfo.streamId),
  GRPC_STATUS: grpcStatus,
  GRPC_STATUS_NUMBER: (argument) => (argument === undefined ? grpcStatus('NUMBER') : 'takes no arguments'),
  LOCAL_REPLY_BODY: text((info) => info.localReplyBody),
  FILTER_CHAIN_NAME: text((info) => info.filterChainName),
  ACCESS_LOG_TYPE: plain(({ streamInfo }) => streamInfo.accessLogType),
  PATH: path,
  QUERY_PARAM: queryParameter,
  QUERY_PARAMS: queryParameters,
};
