import type { AccessLog } from './access-log.ts';
import type { Http2ProtocolOptions } from './http2-protocol-options.ts';
import type { CidrRange } from './listener.ts';
import type { SourceConfig } from './resource-source.ts';
import type { RouteTable } from './route.ts';
import type { ScopedRoutes } from './scoped-routes.ts';

/** Envoy's `HttpConnectionManager`, decoded and checked. Times in ms; 0 = none. */
export interface HttpConnectionManager {
  readonly statPrefix: string;
  /** `auto`: what ALPN says; without it HTTP/2 for connections that begin with its preface. */
  readonly codecType: 'auto' | 'http1' | 'http2';
  /** Routes in place, the name of a route table that RDS delivers, or one of several by headers. */
  readonly routes:
    | { readonly kind: 'inline'; readonly table: RouteTable }
    | ({ readonly kind: 'rds'; readonly routeConfigName: string } & Partial<SourceConfig>)
    | { readonly kind: 'scoped'; readonly scoped: ScopedRoutes };
  /** In configuration order; the last is the router. */
  readonly httpFilters: readonly HttpFilterConfig[];
  readonly accessLogs: readonly AccessLog[];
  readonly useRemoteAddress: boolean;
  /** Requests from there, and from nowhere else, are internal. */
  readonly internalAddresses: readonly CidrRange[];
  /** Clients of pipes are internal too. */
  readonly areUnixSocketsInternal: boolean;
  readonly xffNumTrustedHops: number;
  readonly skipXffAppend: boolean;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  readonly serverName: string;
  readonly serverHeaderTransformation: 'overwrite' | 'append-if-absent' | 'pass-through';
  readonly via: string;
  readonly streamIdleTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestHeadersTimeoutMs: number;
  readonly delayedCloseTimeoutMs: number;
  /** Between the decision to end a connection and its end, for a request that is under way to it. */
  readonly drainTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  readonly maxStreamDurationMs: number;
  readonly maxRequestsPerConnection: number;
  readonly maxRequestHeadersBytes: number;
  readonly maxHeadersCount: number;
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly pathWithEscapedSlashesAction: 'keep' | 'reject' | 'unescape-and-redirect' | 'unescape-and-forward';
  readonly stripPort: 'none' | 'matching' | 'any';
  readonly stripTrailingHostDot: boolean;
  readonly headersWithUnderscoresAction: 'allow' | 'reject' | 'drop';
  readonly acceptHttp10: boolean;
  readonly defaultHostForHttp10: string;
  readonly enableTrailers: boolean;
  readonly allowChunkedLength: boolean;
  readonly allowCustomMethods: boolean;
  /** Absent: lower case. */
  readonly headerKeyFormat?: HeaderKeyFormat;
  readonly http2: Http2ProtocolOptions;
  /** Requests of one connection that start in one turn of the event loop; absent: as many as fit into its time. */
  readonly maxRequestsPerIoCycle?: number;
  readonly proxy100Continue: boolean;
  /** By upgrade type, lower-case; `connect` for CONNECT. Other types are refused where no route allows them. */
  readonly upgrades: Readonly<Record<string, UpgradeConfig>>;
  readonly suppressEnvoyHeaders: boolean;
}

/** How names of fields are written (`header_key_format`). */
export interface HeaderKeyFormat {
  /** Names of requests (of a manager) or answers (of a cluster) are passed on as they came. */
  readonly remembersCase: boolean;
  /** `X-Request-Id`: all names, or beside `remembersCase` those that were added here. */
  readonly isProperCase: boolean;
}

/** What the manager does with one kind of upgrade. */
export interface UpgradeConfig {
  readonly isEnabled: boolean;
  /** Filters of such requests, also where only the route allows them; absent = those of all requests. */
  readonly httpFilters?: readonly HttpFilterConfig[];
}

/** One HTTP filter: `type` is a row of the filter registry, `config` is what that row's decoder made. */
export interface HttpFilterConfig {
  readonly name: string;
  readonly type: string;
  readonly config: unknown;
  readonly isDisabled: boolean;
}
