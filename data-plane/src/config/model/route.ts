import type { HeaderMatcher, QueryParameterMatcher, RuntimeFraction } from './matcher.ts';
import type { HeaderMutation } from './header-mutation.ts';
import { sourceKey, type ResourceSource } from './resource-source.ts';
import type { ScopeMap } from './scoped-routes.ts';

/** Envoy's `RouteConfiguration`, decoded and checked. */
export interface RouteTable {
  readonly name: string;
  /** What workers find it by, where that is not its name: see `routeTableKey`. */
  readonly key?: string;
  /** It has no routes: the request's headers choose one of these tables. */
  readonly scopes?: ScopeMap;
  readonly virtualHosts: readonly VirtualHost[];
  readonly mutation: HeaderMutation;
  /** Where none of the virtual host, the route and the weighted cluster has its own. */
  readonly filterConfig: FilterConfigs;
  readonly mostSpecificHeaderMutationsWins: boolean;
  readonly ignorePortInHostMatching: boolean;
  /** Lower-case names that only internal requests keep. */
  readonly internalOnlyHeaders: readonly string[];
  /** Absent: true for a table in a listener, false for one from RDS. */
  readonly validateClusters?: boolean;
}

export interface VirtualHost {
  readonly name: string;
  /** Lower-case: exact, `*.suffix`, `prefix.*` or `*`. */
  readonly domains: readonly string[];
  readonly routes: readonly Route[];
  readonly mutation: HeaderMutation;
  readonly requireTls: 'none' | 'external-only' | 'all';
  readonly retryPolicy?: RetryPolicy;
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly perRequestBufferLimitBytes?: number;
  readonly filterConfig: FilterConfigs;
  readonly metadata?: FilterMetadata;
}

/** `metadata.filter_metadata`, by namespace; logs read it. */
export type FilterMetadata = Readonly<Record<string, unknown>>;

/** `typed_per_filter_config`: filter name → value that its filter type decoded. */
export type FilterConfigs = Readonly<Record<string, unknown>>;

export interface Route {
  readonly name: string;
  readonly match: RouteMatch;
  readonly action: RouteAction;
  readonly mutation: HeaderMutation;
  readonly perRequestBufferLimitBytes?: number;
  readonly filterConfig: FilterConfigs;
  readonly metadata?: FilterMetadata;
}

export interface RouteMatch {
  readonly path:
    | {
        readonly kind: 'prefix' | 'exact' | 'path-separated-prefix';
        readonly value: string;
        readonly caseSensitive: boolean;
      }
    | { readonly kind: 'regex'; readonly regex: string }
    | { readonly kind: 'connect' };
  readonly headers: readonly HeaderMatcher[];
  readonly queryParameters: readonly QueryParameterMatcher[];
  readonly runtimeFraction?: RuntimeFraction;
  readonly isGrpcOnly: boolean;
}

export type RouteAction =
  | ForwardAction
  | RedirectAction
  | { readonly kind: 'direct-response'; readonly status: number; readonly body: string }
  /** `non_forwarding_action`: for gRPC servers; a proxy answers as without a route. */
  | { readonly kind: 'non-forwarding' };

export interface ForwardAction {
  readonly kind: 'forward';
  readonly cluster:
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'header'; readonly header: string }
    | {
        readonly kind: 'weighted';
        readonly clusters: readonly WeightedCluster[];
        readonly totalWeight: number;
        readonly headerName?: string;
      };
  readonly clusterNotFoundStatus: 503 | 404 | 500;
  readonly prefixRewrite?: string;
  readonly regexRewrite?: RegexRewrite;
  readonly hostRewrite?:
    | { readonly kind: 'literal'; readonly host: string }
    | { readonly kind: 'auto' }
    | { readonly kind: 'header'; readonly header: string }
    | { readonly kind: 'path-regex'; readonly rewrite: RegexRewrite };
  readonly appendXForwardedHost: boolean;
  /** 0 = none. Default 15,000; none where `max_stream_duration` is set, as in Envoy. */
  readonly timeoutMs: number;
  /** Nor does a client's wish (`x-envoy-upstream-rq-timeout-ms`) count there. */
  readonly isTimeoutIgnored?: true;
  /** 0 = none; absent = the connection manager's stream idle time-out. */
  readonly idleTimeoutMs?: number;
  readonly maxStreamDurationMs?: number;
  /** `grpc-timeout` is the duration of a call that has one, up to this (0: whatever it says), less the offset. */
  readonly grpcTimeoutHeaderMaxMs?: number;
  readonly grpcTimeoutHeaderOffsetMs?: number;
  /** Deprecated: `grpc-timeout` is the route's time-out of a call, up to this (0: whatever it says), less the offset. */
  readonly maxGrpcTimeoutMs?: number;
  readonly grpcTimeoutOffsetMs?: number;
  readonly retryPolicy?: RetryPolicy;
  readonly priority: 'default' | 'high';
  readonly metadataMatch?: Readonly<Record<string, unknown>>;
  /** Upgrade type (lower-case) → allowed; over the connection manager's. */
  readonly upgrades: Readonly<Record<string, boolean>>;
  /** CONNECT ends here: what the client sends goes to the cluster as it is, over TCP. */
  readonly connectTermination?: ConnectTermination;
}

export interface ConnectTermination {
  /** POST is taken for CONNECT. */
  readonly allowsPost: boolean;
}

export interface RegexRewrite {
  readonly regex: string;
  /** RE2 substitution: `\1` is a group. */
  readonly substitution: string;
}

export interface WeightedCluster {
  readonly name: string;
  readonly weight: number;
  readonly mutation: HeaderMutation;
  readonly hostRewriteLiteral?: string;
  readonly metadataMatch?: Readonly<Record<string, unknown>>;
  readonly filterConfig: FilterConfigs;
}

export interface RedirectAction {
  readonly kind: 'redirect';
  readonly status: 301 | 302 | 303 | 307 | 308;
  readonly schemeRedirect?: string;
  readonly httpsRedirect: boolean;
  readonly hostRedirect?: string;
  readonly portRedirect?: number;
  readonly pathRedirect?: string;
  readonly prefixRewrite?: string;
  readonly regexRewrite?: RegexRewrite;
  readonly stripQuery: boolean;
}

export type RetryCondition =
  | '5xx'
  | 'gateway-error'
  | 'reset'
  | 'reset-before-request'
  | 'connect-failure'
  | 'envoy-ratelimited'
  | 'retriable-4xx'
  | 'refused-stream'
  | 'retriable-status-codes'
  | 'retriable-headers'
  | 'cancelled'
  | 'deadline-exceeded'
  | 'internal'
  | 'resource-exhausted'
  | 'unavailable';

export interface RetryPolicy {
  readonly retryOn: readonly RetryCondition[];
  readonly numRetries: number;
  /** 0 = none. */
  readonly perTryTimeoutMs: number;
  readonly perTryIdleTimeoutMs: number;
  readonly retriableStatusCodes: readonly number[];
  readonly retriableHeaders: readonly HeaderMatcher[];
  readonly retriableRequestHeaders: readonly HeaderMatcher[];
  readonly backOffBaseMs: number;
  readonly backOffMaxMs: number;
  /** `previous_hosts` predicate: do not pick a host that was tried. */
  readonly avoidPreviousHosts: boolean;
  /** `omit_canary_hosts` predicate. */
  readonly omitCanaryHosts: boolean;
  readonly hostSelectionRetryMaxAttempts: number;
}

/** Tables of one name that come from different sources are different tables. */
export function routeTableKey(name: string, source: ResourceSource | undefined): string {
  const key = source === undefined ? '' : sourceKey(source);
  return key === '' ? name : `${name} ${key}`;
}

/** Names of every cluster that a request can reach by this table (`cluster_header` can name any). */
export function clustersOfRouteTable(table: RouteTable): Set<string> {
  const names = new Set<string>();
  for (const virtualHost of table.virtualHosts) {
    for (const { action } of virtualHost.routes) {
      if (action.kind !== 'forward') continue;
      if (action.cluster.kind === 'name') names.add(action.cluster.name);
      if (action.cluster.kind === 'weighted') for (const { name } of action.cluster.clusters) names.add(name);
    }
  }
  return names;
}
