import type { HealthCheck as HealthCheckPolicy } from '@heddle/shared/model/policy';
import type { ServiceProtocol } from '@heddle/shared/model/service';
import type { HealthCheck, Int64Range } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { toDuration } from './message-parts.ts';

const defaultInterval = '5s';
const defaultTimeout = '2s';
const defaultHealthyThreshold = 1;
const defaultUnhealthyThreshold = 3;

/** The active health check of a policy. The defaults here are those that the policy's schema documents. */
export function buildHealthCheck(
  policy: HealthCheckPolicy,
  protocol: ServiceProtocol,
  service: string,
): MessageInit<HealthCheck> {
  const interval = toDuration(policy.interval ?? defaultInterval);
  return {
    interval,
    // Envoy checks an unused cluster once a minute; a policy that says 5s means 5s.
    noTrafficInterval: interval,
    timeout: toDuration(policy.timeout ?? defaultTimeout),
    healthyThreshold: policy.healthyThreshold ?? defaultHealthyThreshold,
    unhealthyThreshold: policy.unhealthyThreshold ?? defaultUnhealthyThreshold,
    ...(policy.http === undefined
      ? { tcpHealthCheck: {} }
      : {
          httpHealthCheck: {
            path: policy.http.path,
            // Empty, it would be the cluster's name, which is no valid Host where it names a version.
            host: policy.http.host ?? service,
            expectedStatuses: toRanges(policy.http.expectedStatuses ?? []),
            codecClientType: protocol === 'http2' || protocol === 'grpc' ? 'HTTP2' : 'HTTP1',
          },
        }),
  };
}

/** Half-open ranges, neighbours joined. */
function toRanges(statuses: readonly number[]): MessageInit<Int64Range>[] {
  const ranges: { start: number; end: number }[] = [];
  for (const status of [...new Set(statuses)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.end === status) last.end = status + 1;
    else ranges.push({ start: status, end: status + 1 });
  }
  return ranges;
}
