import { typeUrls } from '@heddle/shared/xds/type-urls';
import { api } from '../test/ads-client.ts';
import { Violation, type ModelClient } from './model-client.ts';
import { bytesOf, type ModelResponse } from './wire-client.ts';

const { cluster, clusterLoadAssignment, listener, routeConfiguration } = typeUrls;

/** Asks as Envoy does when it connects: all clusters, their endpoints, all listeners, their route tables. */
export function openAsEnvoy(client: ModelClient): void {
  client.want(cluster, 'all');
  if (client.type(cluster).held.size > 0) client.want(clusterLoadAssignment, clusterNames(client));
  client.want(listener, 'all');
  if (client.type(listener).held.size > 0) client.want(routeConfiguration, tableNames(client));
}

/** Follows a response that it accepted: what its clusters and listeners name is wanted, and nothing else. */
export function followAsEnvoy(client: ModelClient, { typeUrl }: ModelResponse): void {
  if (typeUrl === cluster) follow(client, clusterLoadAssignment, clusterNames(client));
  if (typeUrl === listener) follow(client, routeConfiguration, tableNames(client));
}

function follow(client: ModelClient, typeUrl: string, names: ReadonlySet<string>): void {
  const { wanted } = client.type(typeUrl);
  const isSame =
    wanted !== 'all' && wanted.size === names.size && [...names].every((name) => wanted.has(name));
  if (!isSame || !client.isOpen(typeUrl)) client.want(typeUrl, names);
}

function clusterNames(client: ModelClient): Set<string> {
  return new Set(client.type(cluster).held.keys());
}

function tableNames(client: ModelClient): Set<string> {
  return new Set(
    [...client.type(listener).held.values()].map(
      ({ bytes }) => api.decode('envoy.config.listener.v3.Listener', bytesOf(bytes)).statPrefix,
    ),
  );
}

/**
 * Make before break: whatever listeners route to is there, endpoints included, after every single response.
 * @throws Violation
 */
export function checkNothingIsBroken(client: ModelClient): void {
  const clusters = client.type(cluster).held;
  // That there are none is an answer too.
  const { known } = client.type(clusterLoadAssignment);
  const wantedTables = tableNames(client);
  for (const [table, { bytes }] of client.type(routeConfiguration).held) {
    if (!wantedTables.has(table)) continue;
    const named = api.decode('envoy.config.route.v3.RouteConfiguration', bytesOf(bytes)).internalOnlyHeaders;
    for (const name of named) {
      if (!clusters.has(name)) throw new Violation(`${table} routes to ${name}, which is not there`);
      if (!known.has(name)) throw new Violation(`${table} routes to ${name}, which has no endpoints yet`);
    }
  }
}
