import type { HeaderMutation } from '../../config/model/header-mutation.ts';
import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';
import type {
  ForwardAction,
  RedirectAction,
  RetryPolicy,
  Route,
  RouteMatch,
  RouteTable,
  VirtualHost,
} from '../../config/model/route.ts';

/** Values as the decoders make them, with Envoy's defaults; what a test is about it gives itself. */
export const noMutation: HeaderMutation = {
  requestAdd: [],
  requestRemove: [],
  responseAdd: [],
  responseRemove: [],
};

export function prefix(value: string, fields: Partial<RouteMatch> = {}): RouteMatch {
  return {
    path: { kind: 'prefix', value, caseSensitive: true },
    headers: [],
    queryParameters: [],
    isGrpcOnly: false,
    ...fields,
  };
}

export function forward(cluster: string, fields: Partial<ForwardAction> = {}): ForwardAction {
  return {
    kind: 'forward',
    cluster: { kind: 'name', name: cluster },
    clusterNotFoundStatus: 503,
    appendXForwardedHost: false,
    timeoutMs: 15_000,
    priority: 'default',
    upgrades: {},
    ...fields,
  };
}

export function redirect(fields: Partial<RedirectAction>): RedirectAction {
  return { kind: 'redirect', status: 301, httpsRedirect: false, stripQuery: false, ...fields };
}

export function buildRoute(match: RouteMatch, action: Route['action'], fields: Partial<Route> = {}): Route {
  return { name: '', match, action, mutation: noMutation, filterConfig: {}, ...fields };
}

export function buildVirtualHost(routes: readonly Route[], fields: Partial<VirtualHost> = {}): VirtualHost {
  return {
    name: 'host',
    domains: ['*'],
    routes,
    mutation: noMutation,
    requireTls: 'none',
    includeRequestAttemptCount: false,
    includeAttemptCountInResponse: false,
    filterConfig: {},
    ...fields,
  };
}

export function buildTable(
  virtualHosts: readonly VirtualHost[],
  fields: Partial<RouteTable> = {},
): RouteTable {
  return {
    name: 'table',
    virtualHosts,
    mutation: noMutation,
    filterConfig: {},
    mostSpecificHeaderMutationsWins: false,
    ignorePortInHostMatching: false,
    internalOnlyHeaders: [],
    ...fields,
  };
}

export function buildRetryPolicy(fields: Partial<RetryPolicy> = {}): RetryPolicy {
  return {
    retryOn: ['5xx'],
    numRetries: 1,
    perTryTimeoutMs: 0,
    perTryIdleTimeoutMs: 0,
    retriableStatusCodes: [],
    retriableHeaders: [],
    retriableRequestHeaders: [],
    backOffBaseMs: 1,
    backOffMaxMs: 1,
    avoidPreviousHosts: false,
    omitCanaryHosts: false,
    hostSelectionRetryMaxAttempts: 1,
    ...fields,
  };
}

const routerFilter = {
  name: 'envoy.filters.http.router',
  type: 'envoy.extensions.filters.http.router.v3.Router',
  config: {},
  isDisabled: false,
};

export function buildManager(
  table: RouteTable,
  fields: Partial<HttpConnectionManager> = {},
): HttpConnectionManager {
  return {
    statPrefix: 'test',
    codecType: 'auto',
    http2: { allowsConnect: false, isStreamErrorOnInvalidMessage: false },
    routes: { kind: 'inline', table },
    httpFilters: [routerFilter],
    accessLogs: [],
    useRemoteAddress: false,
    internalAddresses: [],
    areUnixSocketsInternal: false,
    xffNumTrustedHops: 0,
    skipXffAppend: false,
    generateRequestId: true,
    preserveExternalRequestId: false,
    alwaysSetRequestIdInResponse: false,
    serverName: 'envoy',
    serverHeaderTransformation: 'overwrite',
    via: '',
    streamIdleTimeoutMs: 300_000,
    requestTimeoutMs: 0,
    requestHeadersTimeoutMs: 0,
    delayedCloseTimeoutMs: 1_000,
    drainTimeoutMs: 5_000,
    idleTimeoutMs: 3_600_000,
    maxConnectionDurationMs: 0,
    maxStreamDurationMs: 0,
    maxRequestsPerConnection: 0,
    maxRequestHeadersBytes: 60 * 1024,
    maxHeadersCount: 100,
    normalizePath: false,
    mergeSlashes: false,
    pathWithEscapedSlashesAction: 'keep',
    stripPort: 'none',
    stripTrailingHostDot: false,
    headersWithUnderscoresAction: 'allow',
    acceptHttp10: false,
    defaultHostForHttp10: '',
    enableTrailers: false,
    allowChunkedLength: false,
    allowCustomMethods: false,
    proxy100Continue: false,
    upgrades: {},
    suppressEnvoyHeaders: false,
    ...fields,
  };
}
