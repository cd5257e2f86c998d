import type { HttpRoute } from '@heddle/shared/model/http-route';
import type { Service } from '@heddle/shared/model/service';
import type { Route, VirtualHost } from '@heddle/shared/xds/api';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { hostsOfRoute } from '@heddle/shared/model/references';
import { mergePolicies, protocolOf, type Mesh } from './mesh.ts';
import {
  clusterName,
  inboundClusterName,
  inboundName,
  outboundName,
  servicePortName,
  targetOfBackend,
  type ClusterTarget,
} from './resource-names.ts';
import { buildRouteAction } from './route-action.ts';
import { buildHeaderMutation, buildRedirect, filterOf } from './route-filters.ts';
import { buildRouteMatch } from './route-match.ts';
import { byPrecedence, entriesOf, type RouteEntry } from './route-precedence.ts';
import { referTo, type TranslatedOf } from './translated.ts';

type RouteTable = TranslatedOf<'envoy.config.route.v3.RouteConfiguration'>;

/**
 * The table of the outbound listener: a virtual host for each service that speaks HTTP, under its name, and one
 * for each host name that routes claim. A Host with a port is matched without it.
 */
export function buildOutboundRouteTable(api: XdsApi, mesh: Mesh, services: readonly Service[]): RouteTable {
  const httpServices = services.filter((service) => protocolOf(service) !== 'tcp');
  const routes = routesOf(mesh, new Set(httpServices.map((service) => service.metadata.name)));
  const hosts = new Set([
    ...httpServices.map((service) => service.metadata.name),
    ...routes.flatMap(hostsOfRoute),
  ]);
  const virtualHosts = [...hosts].sort().map((host) => {
    const service = mesh.services.get(host);
    return buildVirtualHost(api, mesh, host, [host], routes, service);
  });
  return toTable(outboundName, virtualHosts);
}

/** The table of a service's own port: every Host is the service's, unless a route of the service claims it. */
export function buildServicePortRouteTable(api: XdsApi, mesh: Mesh, service: Service): RouteTable {
  const name = service.metadata.name;
  const routes = routesOf(mesh, new Set([name]));
  const claimed = new Set(routes.flatMap((route) => (isNamed(route) ? hostsOfRoute(route) : [])));
  claimed.delete(name);
  return toTable(servicePortName(name), [
    ...[...claimed].sort().map((host) => buildVirtualHost(api, mesh, host, [host], routes, undefined)),
    buildVirtualHost(api, mesh, name, ['*'], routes, service),
  ]);
}

/** The table of the inbound listener: everything goes to the application; its own time-outs are the callers' affair. */
export function buildInboundRouteTable(appPort: number): RouteTable {
  const route: MessageInit<Route> = {
    match: { prefix: '/' },
    route: { cluster: inboundClusterName(appPort), timeout: { seconds: 0 } },
  };
  return toTable(inboundName, [{ name: inboundName, domains: ['*'], routes: [route] }]);
}

function toTable(name: string, virtualHosts: readonly MessageInit<VirtualHost>[]): RouteTable {
  return {
    typeName: 'envoy.config.route.v3.RouteConfiguration',
    name,
    references: clustersOf(virtualHosts).map((cluster) => referTo('cluster', cluster)),
    value: { name, virtualHosts, ignorePortInHostMatching: true },
  };
}

export function routesOf(mesh: Mesh, parents: ReadonlySet<string>): HttpRoute[] {
  return [...mesh.routes.values()].filter(({ spec }) => spec.parentRefs.some((ref) => parents.has(ref.name)));
}

function isNamed({ spec }: HttpRoute): boolean {
  return spec.hostnames !== undefined && spec.hostnames.length > 0;
}

/** A service that no route governs takes everything itself. */
function buildVirtualHost(
  api: XdsApi,
  mesh: Mesh,
  host: string,
  domains: readonly string[],
  routes: readonly HttpRoute[],
  service: Service | undefined,
): MessageInit<VirtualHost> {
  const built = entriesFor(host, routes).map((entry) => buildRoute(api, mesh, entry));
  if (built.length === 0 && service !== undefined) built.push(buildOwnRoute(api, mesh, service));
  return { name: host, domains, routes: built };
}

/** The routes that claim the host, then those that claim a wildcard over it, longest first. */
export function entriesFor(host: string, routes: readonly HttpRoute[]): RouteEntry[] {
  const seen = new Set<HttpRoute>();
  return [host, ...wildcardsOver(host, routes)].flatMap((claimed) => {
    const claimants = routes.filter((route) => !seen.has(route) && hostsOfRoute(route).includes(claimed));
    for (const route of claimants) seen.add(route);
    return claimants.flatMap(entriesOf).sort(byPrecedence);
  });
}

function wildcardsOver(host: string, routes: readonly HttpRoute[]): string[] {
  const wildcards = new Set(routes.flatMap(hostsOfRoute).filter((claimed) => claimed.startsWith('*.')));
  return [...wildcards]
    .filter((wildcard) => wildcard !== host && host.endsWith(wildcard.slice(1)))
    .sort((a, b) => b.length - a.length);
}

function buildOwnRoute(api: XdsApi, mesh: Mesh, service: Service): MessageInit<Route> {
  const name = service.metadata.name;
  const action = buildRouteAction(api, mesh, { backendRefs: [{ name }] }, {}, requestTimeoutOf(mesh, name));
  return { name, match: { prefix: '/' }, route: action };
}

function buildRoute(api: XdsApi, mesh: Mesh, entry: RouteEntry): MessageInit<Route> {
  const { route, rule, match } = entry;
  const redirect = filterOf(rule.filters, 'requestRedirect');
  const request = buildHeaderMutation(filterOf(rule.filters, 'requestHeaderModifier'));
  const response = buildHeaderMutation(filterOf(rule.filters, 'responseHeaderModifier'));
  const parent = route.spec.parentRefs[0]?.name ?? '';
  return {
    name: `${route.metadata.name}/${rule.name ?? entry.ruleIndex}/${entry.matchIndex}`,
    match: buildRouteMatch(match),
    requestHeadersToAdd: request.toAdd,
    requestHeadersToRemove: request.toRemove,
    responseHeadersToAdd: response.toAdd,
    responseHeadersToRemove: response.toRemove,
    ...(redirect === undefined
      ? { route: buildRouteAction(api, mesh, rule, match, requestTimeoutOf(mesh, parent)) }
      : { redirect: buildRedirect(redirect, match) }),
  };
}

/** Envoy knows one time-out for a route, so the called service's policy decides, not those of the backends. */
export function requestTimeoutOf(mesh: Mesh, service: string): string | undefined {
  return mergePolicies(mesh.policies.get(service) ?? []).timeouts?.request;
}

export function clustersOf(virtualHosts: readonly MessageInit<VirtualHost>[]): string[] {
  const names = new Set<string>();
  for (const virtualHost of virtualHosts) {
    for (const { route } of virtualHost.routes ?? []) {
      if (route?.cluster !== undefined) names.add(route.cluster);
      for (const cluster of route?.weightedClusters?.clusters ?? []) names.add(cluster.name ?? '');
    }
  }
  return [...names];
}

/** The clusters that `services` and their routes need, by name. */
export function targetsOf(mesh: Mesh, services: readonly Service[]): ReadonlyMap<string, ClusterTarget> {
  const own = services.map((service): ClusterTarget => ({ service: service.metadata.name }));
  const routes = routesOf(mesh, new Set(own.map(({ service }) => service)));
  const backends = routes.flatMap(({ spec }) => spec.rules.flatMap((rule) => rule.backendRefs ?? []));
  return new Map([...own, ...backends.map(targetOfBackend)].map((target) => [clusterName(target), target]));
}
