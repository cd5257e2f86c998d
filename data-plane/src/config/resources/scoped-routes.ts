import { contentHash } from '@heddle/shared/xds/content-hash';
import type {
  ScopedRouteConfiguration,
  ScopedRoutes as ScopedRoutesMessage,
  ScopedRoutes_ScopeKeyBuilder_FragmentBuilder as FragmentBuilder,
} from '@heddle/shared/xds/api';
import {
  scopeKeyText,
  type RouteScope,
  type ScopedRoutes,
  type ScopeKeyFragment,
} from '../model/scoped-routes.ts';
import { decodeConfigSource } from './config-source.ts';
import { joinPath, type DecodeContext } from './decode-context.ts';
import { decodeRouteConfiguration } from './route-configuration.ts';

const messageType = 'envoy.extensions.filters.network.http_connection_manager.v3.ScopedRoutes';

/** `scoped_routes` of a connection manager. */
export function decodeScopedRoutes(
  context: DecodeContext,
  message: ScopedRoutesMessage,
  path: string,
): ScopedRoutes {
  const { api } = context.options;
  const list = message.scopedRouteConfigurationsList?.scopedRouteConfigurations;
  const scopes: ScopedRoutes['scopes'] =
    list === undefined
      ? {
          kind: 'srds',
          ...decodeConfigSource(
            context,
            message.scopedRds?.scopedRdsConfigSource,
            `${path}.scoped_rds.scoped_rds_config_source`,
          ),
        }
      : {
          kind: 'inline',
          list: list.flatMap((scope, i) => {
            const scopePath = `${path}.scoped_route_configurations_list.scoped_route_configurations[${i}]`;
            return decodeRouteScope(context, scope, scopePath) ?? [];
          }),
        };
  if (scopes.kind === 'inline') {
    for (const { name, problem } of findKeyConflicts(scopes.list))
      context.refuse(`${path}.scoped_route_configurations_list`, `${JSON.stringify(name)} ${problem}`);
  }
  // A scope that comes later and names a table is refused then.
  const namesTables = scopes.kind === 'inline' && scopes.list.some(({ routes }) => routes.kind === 'rds');
  const hasSource = message.rdsConfigSource !== undefined;
  return {
    key: `scoped routes ${contentHash(api.encode(messageType, message))}`,
    name: message.name,
    keyBuilder: (message.scopeKeyBuilder?.fragments ?? []).map((fragment, i) =>
      decodeFragment(context, fragment, `${path}.scope_key_builder.fragments[${i}]`),
    ),
    scopes,
    ...(namesTables || hasSource
      ? { rds: decodeConfigSource(context, message.rdsConfigSource, `${path}.rds_config_source`) }
      : {}),
  };
}

function decodeFragment(context: DecodeContext, message: FragmentBuilder, path: string): ScopeKeyFragment {
  const extractor = message.headerValueExtractor;
  const { name = '', elementSeparator = '', index = 0, element } = extractor ?? {};
  // Envoy's check: without a separator there is one element.
  if (element === undefined && elementSeparator === '' && index > 0)
    context.refuse(`${path}.header_value_extractor.index`, 'must be 0 without an element_separator');
  return {
    header: name.toLowerCase(),
    elementSeparator,
    pick:
      element === undefined
        ? { kind: 'index', index }
        : { kind: 'element', separator: element.separator, key: element.key },
  };
}

/** A scope of a list, or one that came by SRDS. Undefined: it was refused. */
export function decodeRouteScope(
  context: DecodeContext,
  message: ScopedRouteConfiguration,
  path: string,
): RouteScope | undefined {
  const { name, routeConfigurationName, routeConfiguration } = message;
  const key = (message.key?.fragments ?? []).map(({ stringKey = '' }) => stringKey);
  if ((routeConfigurationName === '') === (routeConfiguration === undefined)) {
    context.refuse(
      joinPath(path, 'route_configuration_name'),
      'and route_configuration: one of them, and one only, must be set',
    );
    return undefined;
  }
  if (routeConfiguration === undefined)
    return { name, key, routes: { kind: 'rds', routeConfigName: routeConfigurationName } };
  const bytes = context.options.api.encode('envoy.config.route.v3.RouteConfiguration', routeConfiguration);
  const table = decodeRouteConfiguration(context, routeConfiguration, joinPath(path, 'route_configuration'));
  return { name, key, routes: { kind: 'inline', table, hash: contentHash(bytes) } };
}

/** Scopes whose key, or name, another one before them has. */
export function findKeyConflicts(
  scopes: Iterable<RouteScope>,
): { readonly name: string; readonly problem: string }[] {
  const owners = new Map<string, string>();
  const names = new Set<string>();
  const conflicts: { name: string; problem: string }[] = [];
  for (const { name, key } of scopes) {
    const text = scopeKeyText(key);
    const owner = owners.get(text);
    if (names.has(name)) conflicts.push({ name, problem: 'is the name of two scopes' });
    else if (owner !== undefined)
      conflicts.push({ name, problem: `has the key of scope ${JSON.stringify(owner)}` });
    names.add(name);
    if (owner === undefined) owners.set(text, name);
  }
  return conflicts;
}
