import { HeaderMap } from '../../codec/header-map.ts';
import type { HealthCheck } from '../../config/model/health-check.ts';
import type { CheckResult } from './health-state.ts';
import type { ProbeExchange } from './request-health-probe.ts';

export type HttpChecker = Extract<HealthCheck['checker'], { kind: 'http' }>;

/** Asks for one resource and judges the head of the answer. `clusterName`: the host where nothing else names one. */
export function createHttpExchange(checker: HttpChecker, clusterName: string): ProbeExchange {
  return {
    maxContentBytes: 0,
    buildRequest(target) {
      const headers = HeaderMap.of({
        ':method': checker.method,
        ':scheme': 'http',
        ':authority': target.checkHostname || checker.host || clusterName,
        ':path': checker.path,
        'user-agent': 'Envoy/HC',
      });
      for (const { name, value } of checker.requestHeaders) headers.add(name, value);
      return { headers };
    },
    judge: ({ headers }) => judgeAnswer(headers, checker),
  };
}

/** Only the expected statuses are a success. A retriable status counts towards the threshold. */
export function judgeAnswer(headers: HeaderMap, checker: HttpChecker): CheckResult {
  const status = Number(headers.get(':status'));
  if (!isIn(status, checker.expectedStatuses)) {
    return {
      kind: 'failure',
      type: 'active',
      isRetriable: isIn(status, checker.retriableStatuses),
      isExcluding: headers.has('x-envoy-immediate-health-check-fail'),
    };
  }
  return { kind: 'success', isDegraded: headers.has('x-envoy-degraded') };
}

function isIn(status: number, ranges: readonly { readonly start: number; readonly end: number }[]): boolean {
  return ranges.some(({ start, end }) => status >= start && status < end);
}
