import type {
  FilterConfigs,
  Route,
  RouteTable,
  VirtualHost,
  WeightedCluster,
} from '../config/model/route.ts';
import type { RouteEntry } from '../downstream/http/route-entry.ts';
import type { HeaderMap } from '../codec/header-map.ts';
import type { StreamInfo } from '../downstream/http/stream-info.ts';
import {
  applyHeaderChanges,
  compileRequestChanges,
  compileResponseChanges,
  type HeaderChanges,
} from './header-mutation.ts';
import type { RequestTimeouts } from './request-timeouts.ts';
import { CompiledRetryPolicy } from './retry-policy.ts';
import { HostRewriter, PathRewriter } from './rewrite.ts';
import type { RouteMatcher } from './route-matcher.ts';

/** What is compiled once for a route and is the same for all its clusters. */
export interface RouteParts {
  readonly table: RouteTable;
  readonly virtualHost: VirtualHost;
  readonly route: Route;
  readonly pathRewriter: PathRewriter | undefined;
  readonly retryPolicy: CompiledRetryPolicy | undefined;
  readonly requestChanges: readonly HeaderChanges[];
  readonly responseChanges: readonly HeaderChanges[];
  /** The answer of `require_tls`, not a route of the configuration. */
  readonly isTlsRedirect: boolean;
}

export function compileRouteParts(
  table: RouteTable,
  virtualHost: VirtualHost,
  route: Route,
  matcher: RouteMatcher,
): RouteParts {
  const { action } = route;
  const canRewrite = action.kind === 'forward' || action.kind === 'redirect';
  // A route's retry policy replaces the virtual host's completely.
  const retryPolicy = (action.kind === 'forward' ? action.retryPolicy : undefined) ?? virtualHost.retryPolicy;
  const levels = [route.mutation, virtualHost.mutation, table.mutation];
  // Later levels win, so the least specific does unless the table says otherwise.
  if (table.mostSpecificHeaderMutationsWins) levels.reverse();
  return {
    table,
    virtualHost,
    route,
    pathRewriter: canRewrite ? PathRewriter.create(action, matcher) : undefined,
    retryPolicy: retryPolicy === undefined ? undefined : new CompiledRetryPolicy(retryPolicy),
    requestChanges: levels.map(compileRequestChanges).filter((changes) => changes !== undefined),
    responseChanges: levels.map(compileResponseChanges).filter((changes) => changes !== undefined),
    isTlsRedirect: false,
  };
}

/** A route with its cluster: what the manager sees as `RouteEntry`, and all that the router needs to act on it. */
export class ResolvedRoute implements RouteEntry {
  readonly route: Route;
  readonly virtualHost: VirtualHost;
  readonly clusterName: string;
  readonly weightedCluster: WeightedCluster | undefined;
  readonly filterConfigs: readonly FilterConfigs[];
  readonly pathRewriter: PathRewriter | undefined;
  readonly hostRewriter: HostRewriter | undefined;
  readonly retryPolicy: CompiledRetryPolicy | undefined;
  /** Weighted cluster first, then the other levels in the table's order. */
  readonly requestChanges: readonly HeaderChanges[];
  readonly responseChanges: readonly HeaderChanges[];
  readonly metadataMatch: Readonly<Record<string, unknown>> | undefined;
  readonly perRequestBufferLimitBytes: number | undefined;
  readonly isTlsRedirect: boolean;
  /** Of a request that asks for none itself. */
  readonly timeouts: RequestTimeouts;

  constructor(parts: RouteParts, clusterName: string, weightedCluster: WeightedCluster | undefined) {
    const { route, virtualHost } = parts;
    const { action } = route;
    this.route = route;
    this.virtualHost = virtualHost;
    this.clusterName = clusterName;
    this.weightedCluster = weightedCluster;
    this.filterConfigs = [
      ...(weightedCluster === undefined ? [] : [weightedCluster.filterConfig]),
      route.filterConfig,
      virtualHost.filterConfig,
      parts.table.filterConfig,
    ];
    this.pathRewriter = parts.pathRewriter;
    this.hostRewriter =
      action.kind === 'forward'
        ? HostRewriter.create(action, weightedCluster?.hostRewriteLiteral)
        : undefined;
    this.retryPolicy = parts.retryPolicy;
    this.requestChanges = withFirst(
      weightedCluster && compileRequestChanges(weightedCluster.mutation),
      parts.requestChanges,
    );
    this.responseChanges = withFirst(
      weightedCluster && compileResponseChanges(weightedCluster.mutation),
      parts.responseChanges,
    );
    this.metadataMatch = mergeMetadata(
      action.kind === 'forward' ? action.metadataMatch : undefined,
      weightedCluster?.metadataMatch,
    );
    this.isTlsRedirect = parts.isTlsRedirect;
    this.timeouts = {
      routeMs: action.kind === 'forward' ? action.timeoutMs : 0,
      perTryMs: parts.retryPolicy?.policy.perTryTimeoutMs ?? 0,
      perTryIdleMs: parts.retryPolicy?.policy.perTryIdleTimeoutMs ?? 0,
      isRouteFixed: action.kind === 'forward' && action.isTimeoutIgnored === true,
      ...callTimeouts(action),
    };
    this.perRequestBufferLimitBytes =
      route.perRequestBufferLimitBytes ?? virtualHost.perRequestBufferLimitBytes;
  }

  modifyLocalReply(headers: HeaderMap, streamInfo: StreamInfo, requestHeaders: HeaderMap | undefined): void {
    if (this.route.action.kind !== 'forward' || this.responseChanges.length === 0) return;
    applyHeaderChanges(this.responseChanges, headers, {
      streamInfo,
      requestHeaders,
      responseHeaders: headers,
      responseTrailers: undefined,
    });
  }
}

function withFirst(
  first: HeaderChanges | undefined,
  rest: readonly HeaderChanges[],
): readonly HeaderChanges[] {
  return first === undefined ? rest : [first, ...rest];
}

function mergeMetadata(
  route: Readonly<Record<string, unknown>> | undefined,
  cluster: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (route === undefined || cluster === undefined) return cluster ?? route;
  return { ...route, ...cluster };
}

function callTimeouts(action: Route['action']): Pick<RequestTimeouts, 'ofCalls'> {
  if (action.kind !== 'forward' || action.isTimeoutIgnored === true) return {};
  const { maxGrpcTimeoutMs: maxMs, grpcTimeoutOffsetMs: offsetMs = 0 } = action;
  return maxMs === undefined ? {} : { ofCalls: { maxMs, offsetMs } };
}
