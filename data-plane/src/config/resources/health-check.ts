import type {
  HealthCheck as HealthCheckMessage,
  HealthCheck_HttpHealthCheck,
  HealthCheck_Payload,
  HealthCheck_TcpHealthCheck,
  Int64Range,
} from '@heddle/shared/xds/api';
import type { HealthCheck } from '../model/health-check.ts';
import type { DecodeContext } from './decode-context.ts';
import { toMsOr } from './scalars.ts';

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
    checker:
      message.httpHealthCheck === undefined
        ? decodeTcp(context, message.tcpHealthCheck, `${path}.tcp_health_check`)
        : decodeHttp(context, message.httpHealthCheck, `${path}.http_health_check`),
  };
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
    method: message.method === 'METHOD_UNSPECIFIED' ? 'GET' : message.method,
    path: message.path,
    host: message.host,
    requestHeaders: message.requestHeadersToAdd.map(({ header }, i) => {
      const { key = '', value = '' } = header ?? {};
      context.attempt(`${path}.request_headers_to_add[${i}].header.value`, () =>
        context.options.compileFormat(value),
      );
      return { name: key.toLowerCase(), value };
    }),
    expectedStatuses:
      expected.length === 0
        ? defaultExpectedStatuses
        : expected.map((range, i) => decodeStatuses(context, range, `${path}.expected_statuses[${i}]`)),
    retriableStatuses: message.retriableStatuses.map((range, i) =>
      decodeStatuses(context, range, `${path}.retriable_statuses[${i}]`),
    ),
  };
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
