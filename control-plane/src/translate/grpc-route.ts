import type { HttpRoute, HttpRouteRetry } from '@heddle/shared/model/http-route';
import type { Service } from '@heddle/shared/model/service';
import type { HttpRouteMatch, PathMatch } from '@heddle/shared/model/http-route-match';
import type { RetryPolicy, Route, RouteAction, RouteMatch } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { fromMs } from '@heddle/shared/xds/milliseconds';
import type { LeftOut } from './left-out.ts';
import type { Mesh } from './mesh.ts';
import { toDuration } from './message-parts.ts';
import { escapeRegex } from './path-rewrite.ts';
import { apiTableName } from './resource-names.ts';
import { clusterSpecifier, timeoutOf } from './route-action.ts';
import { filterOf } from './route-filters.ts';
import { buildRouteMatch, prefixOf } from './route-match.ts';
import type { RouteEntry } from './route-precedence.ts';
import { clustersOf, entriesFor, requestTimeoutOf } from './route-table.ts';
import { referTo, type TranslatedOf } from './translated.ts';

/** What gRPC waits before the first retry; clients refuse a policy that does not say. gRFC A44. */
const defaultBackOffMs = 25;
/** Answers that are the status UNAVAILABLE to a gRPC client. */
const unavailableCodes: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * The calls to one host, for gRPC (gRFC A28, A31, A44): whole paths, exact ones and regular expressions, and what a
 * call can be without being HTTP. A client picks the table by the name that it dials, so every authority is right.
 */
export function buildGrpcRouteTable(
  mesh: Mesh,
  host: string,
  routes: readonly HttpRoute[],
  service: Service | undefined,
): TranslatedOf<'envoy.config.route.v3.RouteConfiguration'> {
  const name = apiTableName(host);
  const leftOut: LeftOut[] = [];
  const built = entriesFor(host, routes).flatMap((entry) => buildGrpcRoute(mesh, entry, leftOut) ?? []);
  if (built.length === 0 && service !== undefined) built.push(buildOwnRoute(mesh, service.metadata.name));
  const virtualHosts = [{ name: host, domains: ['*'], routes: built }];
  return {
    typeName: 'envoy.config.route.v3.RouteConfiguration',
    name,
    references: clustersOf(virtualHosts).map((cluster) => referTo('cluster', cluster)),
    leftOut,
    value: { name, virtualHosts },
  };
}

function buildOwnRoute(mesh: Mesh, name: string): MessageInit<Route> {
  const rule = { backendRefs: [{ name }] };
  return {
    name,
    match: { prefix: '/' },
    route: {
      ...clusterSpecifier(mesh, rule),
      ...durationLimit(timeoutOf(rule, requestTimeoutOf(mesh, name))),
    },
  };
}

/** undefined: no call over gRPC can match. */
function buildGrpcRoute(
  mesh: Mesh,
  { route, rule, ruleIndex, match, matchIndex }: RouteEntry,
  leftOut: LeftOut[],
): MessageInit<Route> | undefined {
  const where = `HTTPRoute "${route.metadata.name}" rules[${ruleIndex}]`;
  const leave = (part: string, reason: string): undefined => {
    leftOut.push({ part: `${where}.${part}`, reason });
  };
  if (match.method !== undefined && match.method !== 'POST')
    return leave(`matches[${matchIndex}]`, 'calls over gRPC are POST');
  if ((match.queryParams ?? []).length > 0)
    return leave(`matches[${matchIndex}]`, 'calls over gRPC have no query');
  const name = `${route.metadata.name}/${rule.name ?? ruleIndex}/${matchIndex}`;
  if (filterOf(rule.filters, 'requestRedirect') !== undefined) {
    leave('filters', 'gRPC follows no redirect; such calls fail');
    return { name, match: toGrpcMatch(match), nonForwardingAction: {} };
  }
  for (const { type } of rule.filters ?? []) leave('filters', `a gRPC client changes no calls (${type})`);
  const timeout = timeoutOf(rule, requestTimeoutOf(mesh, route.spec.parentRefs[0]?.name ?? ''));
  const action: MessageInit<RouteAction> = { ...clusterSpecifier(mesh, rule), ...durationLimit(timeout) };
  if (rule.retry === undefined) return { name, match: toGrpcMatch(match), route: action };
  const unknown = (rule.retry.codes ?? []).filter((code) => !unavailableCodes.has(code));
  if (unknown.length > 0) leave('retry.codes', `${unknown.join(', ')}: no such status in gRPC`);
  if (rule.timeouts?.backendRequest !== undefined)
    leave('timeouts.backendRequest', 'a gRPC client limits the whole call only');
  return { name, match: toGrpcMatch(match), route: { ...action, retryPolicy: toRetryPolicy(rule.retry) } };
}

/** Of the whole call, with all retries: what the client asks for, if that is less. */
function durationLimit(timeout: RouteTimeout): MessageInit<RouteAction> {
  return timeout === undefined ? {} : { maxStreamDuration: { maxStreamDuration: timeout } };
}

type RouteTimeout = ReturnType<typeof timeoutOf>;

/** Connections that fail and streams that nobody looked at are gRPC's own affair. */
function toRetryPolicy({ attempts, backoff }: HttpRouteRetry): MessageInit<RetryPolicy> {
  return {
    retryOn: 'unavailable',
    numRetries: attempts ?? 1,
    retryBackOff: { baseInterval: backoff === undefined ? fromMs(defaultBackOffMs) : toDuration(backoff) },
  };
}

function toGrpcMatch(match: HttpRouteMatch): MessageInit<RouteMatch> {
  const { headers } = buildRouteMatch({ ...(match.headers === undefined ? {} : { headers: match.headers }) });
  return { ...toPathMatch(match.path), headers };
}

/** gRPC has no prefix of segments. Some of its clients put `^` and `$` around an expression without parentheses. */
function toPathMatch(path: PathMatch | undefined): MessageInit<RouteMatch> {
  if (path?.type === 'Exact') return { path: path.value ?? '/' };
  if (path?.type === 'RegularExpression') return { safeRegex: { regex: `(?:${path.value ?? '/'})` } };
  const prefix = prefixOf(path);
  return prefix === '' ? { prefix: '/' } : { safeRegex: { regex: `${escapeRegex(prefix)}(?:/.*)?` } };
}
