import type { HeaderMap } from '../codec/header-map.ts';
import type { ForwardAction, Route, RouteTable, VirtualHost } from '../config/model/route.ts';
import type { RouteEntry } from '../downstream/http/route-entry.ts';
import type { RouteSelector } from '../downstream/http/route-selector.ts';
import type { StreamInfo } from '../downstream/http/stream-info.ts';
import { compileRouteParts, ResolvedRoute, type RouteParts } from './resolved-route.ts';
import { RouteMatcher, type RoutedRequest } from './route-matcher.ts';
import { endOfPath } from './rewrite.ts';
import { VirtualHostMatcher } from './virtual-host-matcher.ts';

/** A route table, compiled once. Routes of a virtual host are tried in their order; the first that matches wins. */
export class CompiledRouteTable implements RouteSelector {
  readonly #internalOnlyHeaders: readonly string[];
  readonly #virtualHosts: VirtualHostMatcher<CompiledVirtualHost>;
  /** Filled anew for each look-up: a look-up ends before the next begins. */
  readonly #request: RoutedRequest;

  /** @throws InvalidInputError for regexes and format strings that do not compile */
  constructor(table: RouteTable) {
    this.#internalOnlyHeaders = table.internalOnlyHeaders;
    this.#virtualHosts = new VirtualHostMatcher(
      table.virtualHosts.map((host) => ({ domains: host.domains, value: compileVirtualHost(table, host) })),
      table.ignorePortInHostMatching,
    );
    this.#request = {
      headers: noHeaders,
      method: '',
      path: '',
      pathEnd: 0,
      lowerCasePath: undefined,
      randomValue: 0,
    };
  }

  internalOnlyHeaders(): readonly string[] {
    return this.#internalOnlyHeaders;
  }

  select(headers: HeaderMap, info: StreamInfo): RouteEntry | undefined {
    const host = this.#virtualHosts.find(headers.get(':authority') ?? '');
    if (host === undefined) return undefined;
    if (host.requiresTls !== 'none' && needsTlsRedirect(host.requiresTls, headers)) return host.tlsRedirect;

    const request = this.#request;
    const path = headers.get(':path') ?? '';
    request.headers = headers;
    request.method = headers.get(':method') ?? '';
    request.path = path;
    request.pathEnd = endOfPath(path);
    request.lowerCasePath = undefined;
    request.randomValue = info.randomValue;
    for (const route of host.routes) {
      if (route.matcher.matches(request)) return route.resolve(headers, info.randomValue);
    }
    return undefined;
  }
}

const noHeaders: HeaderMap = Object.freeze({}) as HeaderMap;

interface CompiledVirtualHost {
  readonly requiresTls: VirtualHost['requireTls'];
  readonly tlsRedirect: ResolvedRoute;
  readonly routes: readonly CompiledRoute[];
}

function compileVirtualHost(table: RouteTable, host: VirtualHost): CompiledVirtualHost {
  return {
    requiresTls: host.requireTls,
    tlsRedirect: createTlsRedirect(table, host),
    routes: host.routes.map((route) => new CompiledRoute(table, host, route)),
  };
}

function needsTlsRedirect(requiresTls: VirtualHost['requireTls'], headers: HeaderMap): boolean {
  if (headers.get('x-forwarded-proto') === 'https') return false;
  return requiresTls === 'all' || headers.get('x-envoy-internal') !== 'true';
}

/** `require_tls` stands before all routes; it knows no mutations and changes nothing but the scheme. */
function createTlsRedirect(table: RouteTable, virtualHost: VirtualHost): ResolvedRoute {
  const route: Route = {
    name: '',
    match: {
      path: { kind: 'prefix', value: '', caseSensitive: true },
      headers: [],
      queryParameters: [],
      isGrpcOnly: false,
    },
    action: { kind: 'redirect', status: 301, httpsRedirect: true, stripQuery: false },
    mutation: { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] },
    filterConfig: {},
  };
  const parts: RouteParts = {
    table,
    virtualHost,
    route,
    pathRewriter: undefined,
    retryPolicy: undefined,
    requestChanges: [],
    responseChanges: [],
    isTlsRedirect: true,
  };
  return new ResolvedRoute(parts, '', undefined);
}

class CompiledRoute {
  readonly matcher: RouteMatcher;
  readonly #parts: RouteParts;
  readonly #cluster: ForwardAction['cluster'] | undefined;
  /** One for each weighted cluster, else one alone. */
  readonly #entries: readonly ResolvedRoute[];

  constructor(table: RouteTable, virtualHost: VirtualHost, route: Route) {
    this.matcher = new RouteMatcher(route.match);
    const parts = compileRouteParts(table, virtualHost, route, this.matcher);
    this.#parts = parts;
    this.#cluster = route.action.kind === 'forward' ? route.action.cluster : undefined;
    switch (this.#cluster?.kind) {
      case 'weighted':
        this.#entries = this.#cluster.clusters.map(
          (cluster) => new ResolvedRoute(parts, cluster.name, cluster),
        );
        break;
      case 'name':
        this.#entries = [new ResolvedRoute(parts, this.#cluster.name, undefined)];
        break;
      case 'header':
      case undefined:
        this.#entries = [new ResolvedRoute(parts, '', undefined)];
        break;
    }
  }

  resolve(headers: HeaderMap, randomValue: number): ResolvedRoute | undefined {
    const cluster = this.#cluster;
    switch (cluster?.kind) {
      case 'weighted':
        return this.#entries[pickWeighted(cluster, headers, randomValue)];
      case 'header': {
        const name = headers.get(cluster.header === 'host' ? ':authority' : cluster.header) ?? '';
        return name === '' ? this.#entries[0] : new ResolvedRoute(this.#parts, name, undefined);
      }
      case 'name':
      case undefined:
        return this.#entries[0];
    }
  }
}

/** Index of the cluster in whose share the stream's random value falls. */
function pickWeighted(
  split: Extract<ForwardAction['cluster'], { kind: 'weighted' }>,
  headers: HeaderMap,
  randomValue: number,
): number {
  const given = split.headerName === undefined ? undefined : headers.get(split.headerName);
  let rest =
    (given === undefined ? undefined : remainderOf(given, split.totalWeight)) ??
    randomValue % split.totalWeight;
  for (let index = 0; index < split.clusters.length; index++) {
    rest -= split.clusters[index]?.weight ?? 0;
    if (rest < 0) return index;
  }
  return split.clusters.length - 1;
}

/** `text % divisor` for an unsigned 64-bit number; undefined when it is none. */
function remainderOf(text: string, divisor: number): number | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined;
  return text.length < 16 ? Number(text) % divisor : Number(BigInt(text) % BigInt(divisor));
}
