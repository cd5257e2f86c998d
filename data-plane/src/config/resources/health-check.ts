import type {
  HealthCheck as HealthCheckMessage,
  HeaderValueOption,
  HealthCheck_GrpcHealthCheck,
  HealthCheck_HttpHealthCheck,
  HealthCheck_Payload,
  HealthCheck_TcpHealthCheck,
  Int64Range,
} from '@heddle/shared/xds/api';
import type { HealthCheck } from '../model/health-check.ts';
import type { DecodeContext } from './decode-context.ts';
import { defined, toMsOr } from './scalars.ts';

const defaultNoTrafficIntervalMs = 60_000;
const defaultExpectedStatuses = [{ start: 200, end: 201 }];

/** At most one health check, as in Envoy. */
export function decodeHealthChecks(
  context: DecodeContext,
  messages: readonly HealthCheckMessage[],
  path: string,
): HealthCheck | undefined {
  if (messages.length > 1) context.refuse(`${path}[1]`, 'is a second health check: there can be only one');
  const decoded = messages.map((message, i) => decodeHealthCheck(context, message, `${path}[${i}]`));
  return decoded[0];
}

function decodeHealthCheck(context: DecodeContext, message: HealthCheckMessage, path: string): HealthCheck {
  const intervalMs = toMsOr(message.interval, 0);
  const noTrafficIntervalMs = toMsOr(message.noTrafficInterval, defaultNoTrafficIntervalMs);
  const unhealthyIntervalMs = toMsOr(message.unhealthyInterval, intervalMs);
  return {
    timeoutMs: toMsOr(message.timeout, 0),
    intervalMs,
    initialJitterMs: toMsOr(message.initialJitter, 0),
    intervalJitterMs: toMsOr(message.intervalJitter, 0),
    intervalJitterPercent: message.intervalJitterPercent,
    noTrafficIntervalMs,
    noTrafficHealthyIntervalMs: toMsOr(message.noTrafficHealthyInterval, noTrafficIntervalMs),
    unhealthyIntervalMs,
    unhealthyEdgeIntervalMs: toMsOr(message.unhealthyEdgeInterval, unhealthyIntervalMs),
    healthyEdgeIntervalMs: toMsOr(message.healthyEdgeInterval, intervalMs),
    unhealthyThreshold: message.unhealthyThreshold ?? 1,
    healthyThreshold: message.healthyThreshold ?? 1,
    reuseConnection: message.reuseConnection ?? true,
    checker: decodeChecker(context, message, path),
    ...defined<Pick<HealthCheck, 'transportSocketMatchCriteria'>>({
      transportSocketMatchCriteria: message.transportSocketMatchCriteria,
    }),
  };
}

function decodeChecker(
  context: DecodeContext,
  { httpHealthCheck, grpcHealthCheck, tcpHealthCheck }: HealthCheckMessage,
  path: string,
): HealthCheck['checker'] {
  if (httpHealthCheck !== undefined) return decodeHttp(context, httpHealthCheck, `${path}.http_health_check`);
  if (grpcHealthCheck !== undefined) return decodeGrpc(context, grpcHealthCheck, `${path}.grpc_health_check`);
  return decodeTcp(context, tcpHealthCheck, `${path}.tcp_health_check`);
}

function decodeHttp(
  context: DecodeContext,
  message: HealthCheck_HttpHealthCheck,
  path: string,
): HealthCheck['checker'] {
  if (message.method === 'CONNECT') context.refuse(`${path}.method`, 'must not be CONNECT');
  const expected = message.expectedStatuses;
  return {
    kind: 'http',
    protocol: message.codecClientType === 'HTTP2' ? 'http2' : 'http1',
    method: message.method === 'METHOD_UNSPECIFIED' ? 'GET' : message.method,
    path: message.path,
    host: message.host,
    requestHeaders: decodeAddedHeaders(
      context,
      message.requestHeadersToAdd,
      `${path}.request_headers_to_add`,
    ),
    expectedStatuses:
      expected.length === 0
        ? defaultExpectedStatuses
        : expected.map((range, i) => decodeStatuses(context, range, `${path}.expected_statuses[${i}]`)),
    retriableStatuses: message.retriableStatuses.map((range, i) =>
      decodeStatuses(context, range, `${path}.retriable_statuses[${i}]`),
    ),
  };
}

function decodeGrpc(
  context: DecodeContext,
  message: HealthCheck_GrpcHealthCheck,
  path: string,
): HealthCheck['checker'] {
  return {
    kind: 'grpc',
    serviceName: message.serviceName,
    authority: message.authority,
    initialMetadata: decodeAddedHeaders(context, message.initialMetadata, `${path}.initial_metadata`),
  };
}

function decodeAddedHeaders(
  context: DecodeContext,
  options: readonly HeaderValueOption[],
  path: string,
): { name: string; value: string }[] {
  return options.map(({ header }, i) => {
    const { key = '', value = '' } = header ?? {};
    context.attempt(`${path}[${i}].header.value`, () => context.options.compileFormat(value));
    return { name: key.toLowerCase(), value };
  });
}

function decodeStatuses(
  context: DecodeContext,
  { start, end }: Int64Range,
  path: string,
): { start: number; end: number } {
  if (start >= end)
    context.refuse(path, `is empty: start ${start} must be less than end ${end}, which is exclusive`);
  if (start < 100) context.refuse(`${path}.start`, `${start} is no status: it must be at least 100`);
  if (end > 600) context.refuse(`${path}.end`, `${end} is beyond the last status: it must be at most 600`);
  return { start, end };
}

function decodeTcp(
  context: DecodeContext,
  message: HealthCheck_TcpHealthCheck | undefined,
  path: string,
): HealthCheck['checker'] {
  return {
    kind: 'tcp',
    sendHex: message?.send === undefined ? '' : toHex(context, message.send, `${path}.send`),
    receiveHex: (message?.receive ?? []).map((payload, i) =>
      toHex(context, payload, `${path}.receive[${i}]`),
    ),
  };
}

function toHex(context: DecodeContext, { text, binary }: HealthCheck_Payload, path: string): string {
  if (binary !== undefined) return Buffer.from(binary).toString('hex');
  if (text !== undefined && (text.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(text))) {
    context.refuse(`${path}.text`, 'must be pairs of hexadecimal digits');
  }
  return (text ?? '').toLowerCase();
}
