import type { HeaderMap } from '../codec/header-map.ts';
import { isGrpc } from '../downstream/http/grpc-status.ts';
import { parseGrpcTimeout } from '../downstream/http/grpc-timeout.ts';

/** Time-outs of one request, ms; 0 = none. */
export interface RequestTimeouts {
  readonly routeMs: number;
  readonly perTryMs: number;
  readonly perTryIdleMs: number;
  /** A client cannot change `routeMs`. */
  readonly isRouteFixed?: boolean;
  /** Of calls: their `grpc-timeout`, up to `maxMs` (0: whatever it says), less the offset, stands for `routeMs`. */
  readonly ofCalls?: { readonly maxMs: number; readonly offsetMs: number };
  /** It is such a call: the upstream is told in `grpc-timeout` how long it has. */
  readonly isCall?: true;
}

const names = {
  route: 'x-envoy-upstream-rq-timeout-ms',
  perTry: 'x-envoy-upstream-rq-per-try-timeout-ms',
} as const;

/** The route's settings under what a trusted client asks for; the asking headers are removed. */
export function takeRequestTimeouts(headers: HeaderMap, configured: RequestTimeouts): RequestTimeouts {
  const { ofCalls } = configured;
  const isCall = ofCalls !== undefined && isGrpc(headers);
  const route: RequestTimeouts = isCall
    ? { ...configured, routeMs: callTimeoutMs(headers, ofCalls), isCall }
    : configured;
  const askedMs = takeNumber(headers, names.route);
  const routeMs = route.isRouteFixed === true ? route.routeMs : (askedMs ?? route.routeMs);
  const perTryMs = takeNumber(headers, names.perTry) ?? route.perTryMs;
  if (routeMs === route.routeMs && perTryMs === route.perTryMs && !isPerTryUseless(route)) return route;
  const timeouts = { ...route, routeMs, perTryMs };
  return isPerTryUseless(timeouts) ? { ...timeouts, perTryMs: 0 } : timeouts;
}

/** As Envoy: an offset that would leave nothing is not taken off; no `grpc-timeout` is no limit. 0 = none. */
function callTimeoutMs(headers: HeaderMap, { maxMs, offsetMs }: { maxMs: number; offsetMs: number }): number {
  const askedMs = parseGrpcTimeout(headers) ?? 0;
  const leftMs = offsetMs < askedMs ? askedMs - offsetMs : askedMs;
  return maxMs !== 0 && (leftMs === 0 || leftMs > maxMs) ? maxMs : leftMs;
}

/** A per-try time-out that cannot end before the route's. */
function isPerTryUseless({ routeMs, perTryMs }: RequestTimeouts): boolean {
  return perTryMs > 0 && routeMs > 0 && perTryMs >= routeMs;
}

/** `x-envoy-expected-rq-timeout-ms` of an attempt that begins `elapsedMs` after the first; undefined: none. */
export function expectedTimeoutMs(
  { routeMs, perTryMs }: RequestTimeouts,
  elapsedMs: number,
): number | undefined {
  const expectedMs = perTryMs > 0 ? perTryMs : routeMs;
  if (expectedMs === 0) return undefined;
  if (routeMs === 0 || elapsedMs <= 0) return expectedMs;
  return Math.min(expectedMs, Math.max(1, Math.floor(routeMs - elapsedMs)));
}

function takeNumber(headers: HeaderMap, name: string): number | undefined {
  const text = headers.get(name);
  if (text === undefined) return undefined;
  headers.remove(name);
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
