import { HeaderMap } from '../../codec/header-map.ts';
import type { HealthCheck } from '../../config/model/health-check.ts';
import type { CheckResult } from './health-state.ts';
import type { ProbeAnswer, ProbeExchange } from './request-health-probe.ts';

export type GrpcChecker = Extract<HealthCheck['checker'], { kind: 'grpc' }>;

/** An answer is a prefix of five bytes and a field of two; more is no answer to what was asked. */
const maxContentBytes = 64;
const prefixBytes = 5;
const statusField = 0x08;
const serving = 1;

const healthy: CheckResult = { kind: 'success', isDegraded: false };
const unhealthy: CheckResult = { kind: 'failure', type: 'active', isRetriable: false, isExcluding: false };

/** `grpc.health.v1.Health/Check` (gRPC health checking protocol). Only SERVING is a success. */
export function createGrpcExchange(checker: GrpcChecker, clusterName: string): ProbeExchange {
  const content = buildRequestMessage(checker.serviceName);
  return {
    maxContentBytes,
    buildRequest(target) {
      const headers = HeaderMap.of({
        ':method': 'POST',
        ':scheme': 'http',
        ':authority': target.checkHostname || checker.authority || clusterName,
        ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc',
        te: 'trailers',
        'user-agent': 'Envoy/HC',
      });
      for (const { name, value } of checker.initialMetadata) headers.add(name, value);
      return { headers, content };
    },
    judge: (answer) => (isServing(answer) ? healthy : unhealthy),
  };
}

/** `HealthCheckRequest { string service = 1; }`, not compressed, with its length in front. */
function buildRequestMessage(serviceName: string): Buffer {
  const name = Buffer.from(serviceName);
  const length: number[] = [];
  for (let rest = name.length; ; rest >>>= 7) {
    length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...length]), name]);
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function isServing({ headers, content, trailers }: ProbeAnswer): boolean {
  if (headers.get(':status') !== '200') return false;
  if (headers.get('content-type')?.startsWith('application/grpc') !== true) return false;
  if ((trailers ?? headers).get('grpc-status') !== '0') return false;
  return statusOf(content) === serving;
}

/** The `status` of one `HealthCheckResponse`; undefined for anything else. */
function statusOf(content: Buffer): number | undefined {
  if (content.length < prefixBytes || content[0] !== 0) return undefined;
  const message = content.subarray(prefixBytes);
  if (message.length !== content.readUInt32BE(1)) return undefined;
  return message.length === 2 && message[0] === statusField ? message[1] : undefined;
}
