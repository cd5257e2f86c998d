import type { HeaderMap } from '../codec/header-map.ts';
import { setGrpcTimeout } from '../downstream/http/grpc-timeout.ts';
import type { LocalReply } from '../downstream/http/local-reply.ts';
import type { Host } from '../upstream/upstream.ts';
import { expectedTimeoutMs, type RequestTimeouts } from './request-timeouts.ts';
import type { ResolvedRoute } from './resolved-route.ts';

/** Which attempt it is. */
export interface AttemptFacts {
  readonly host: Host;
  /** From 1. */
  readonly count: number;
  /** Since the first attempt. */
  readonly elapsedMs: number;
  readonly timeouts: RequestTimeouts;
}

/** Headers that differ from attempt to attempt: the Host of `auto_host_rewrite`, the count, the time that is left. */
export function setAttemptHeaders(
  headers: HeaderMap,
  route: ResolvedRoute,
  suppressEnvoyHeaders: boolean,
  { host, count, elapsedMs, timeouts }: AttemptFacts,
): void {
  if (route.hostRewriter?.isAuto === true) {
    // The client's Host was remembered by the first attempt.
    if (count === 1) route.hostRewriter.applyAuto(headers, host.hostname, suppressEnvoyHeaders);
    else if (host.hostname !== '') headers.set(':authority', host.hostname);
  }
  if (route.virtualHost.includeRequestAttemptCount)
    headers.setUnchecked('x-envoy-attempt-count', String(count));
  const expectedMs = expectedTimeoutMs(timeouts, elapsedMs);
  if (expectedMs === undefined) return;
  if (timeouts.isCall === true) setGrpcTimeout(headers, expectedMs);
  if (!suppressEnvoyHeaders) headers.setUnchecked('x-envoy-expected-rq-timeout-ms', String(expectedMs));
}

/** `serviceTimeMs`: from the end of the request to the head of the answer; undefined when it is not to be told. */
export function setAnswerHeaders(
  headers: HeaderMap,
  route: ResolvedRoute,
  attemptCount: number,
  serviceTimeMs: number | undefined,
): void {
  if (serviceTimeMs !== undefined) {
    headers.setUnchecked('x-envoy-upstream-service-time', String(Math.floor(serviceTimeMs)));
  }
  if (route.virtualHost.includeAttemptCountInResponse)
    headers.set('x-envoy-attempt-count', String(attemptCount));
}

/** An answer of the proxy's own, with the number of attempts that it took where the virtual host wants that told. */
export function withAttemptCount(reply: LocalReply, route: ResolvedRoute, attemptCount: number): LocalReply {
  if (!route.virtualHost.includeAttemptCountInResponse || attemptCount === 0) return reply;
  const header = ['x-envoy-attempt-count', String(attemptCount)] as const;
  return { ...reply, headers: [...(reply.headers ?? []), header] };
}
