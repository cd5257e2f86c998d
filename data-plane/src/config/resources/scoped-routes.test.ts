import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeYaml, ignoredOfYaml, problemsOfYaml, resourceTypes } from './testing/decode-yaml.ts';

const { listener, scopedRoutes } = resourceTypes;
const hcm =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const router =
  '{ name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } }';
const builder = (fields: string): string =>
  `scope_key_builder: { fragments: [ { header_value_extractor: { name: X-Scope, ${fields} } } ] }`;
const of = (fields: string): string =>
  `{ name: l, address: { socket_address: { address: 127.0.0.1, port_value: 1 } }, filter_chains: [ { filters: [ { name: m, typed_config: { "@type": ${hcm}, stat_prefix: s, http_filters: [ ${router} ], scoped_routes: { name: s, ${fields} } } } ] } ] }`;
const list = (...scopes: string[]): string =>
  `scoped_route_configurations_list: { scoped_route_configurations: [ ${scopes.join()} ] }`;
const scope = (name: string, key: string, routes = 'route_configuration: { name: t }'): string =>
  `{ name: ${name}, key: { fragments: [ { string_key: ${key} } ] }, ${routes} }`;
const index = builder('index: 0');
const rds = 'rds_config_source: { ads: {} }';

test('scopes of a list, and of SRDS', () => {
  const { filterChains } = decodeYaml(
    listener,
    of(
      `${builder('element_separator: ";", element: { separator: "=", key: k }')}, ${rds}, ${list(
        scope('a', 'one'),
        scope('b', 'two', 'route_configuration_name: r'),
      )}`,
    ),
  );
  const filter = filterChains[0]?.networkFilter;
  assert.ok(filter?.kind === 'http-connection-manager' && filter.config.routes.kind === 'scoped');
  const { keyBuilder, scopes } = filter.config.routes.scoped;
  assert.deepEqual(keyBuilder, [
    { header: 'x-scope', elementSeparator: ';', pick: { kind: 'element', separator: '=', key: 'k' } },
  ]);
  assert.ok(scopes.kind === 'inline');
  assert.deepEqual(
    scopes.list.map(({ name, key, routes }) => [name, key, routes.kind]),
    [
      ['a', ['one'], 'inline'],
      ['b', ['two'], 'rds'],
    ],
  );
  assert.deepEqual(
    problemsOfYaml(listener, of(`${index}, ${rds}, scoped_rds: { scoped_rds_config_source: { ads: {} } }`)),
    [],
  );
  assert.deepEqual(decodeYaml(scopedRoutes, scope('a', 'one', 'route_configuration_name: r')), {
    name: 'a',
    key: ['one'],
    routes: { kind: 'rds', routeConfigName: 'r' },
  });
});

test('what is refused, and what is ignored', () => {
  const inList = /scoped_routes\.scoped_route_configurations_list/;
  for (const [fields, expected] of [
    [`${index}, ${list(scope('a', 'one'), scope('b', 'one'))}`, inList],
    [`${index}, ${list(scope('a', 'one'), scope('a', 'two'))}`, inList],
    [`${builder('index: 1')}, ${list(scope('a', 'one'))}`, /index: must be 0/],
    [`${index}, ${list(scope('a', 'one', 'route_configuration_name: r'))}`, /rds_config_source: is missing/],
    [`${index}, ${list(scope('a', 'one', 'on_demand: false'))}`, /one of them, and one only/],
    [
      `${index}, ${list(scope('a', 'one', 'route_configuration: { name: t, vhds: { config_source: { ads: {} } } }'))}`,
      /route_configuration\.vhds: is not supported/,
    ],
  ] as const) {
    const problems = problemsOfYaml(listener, of(fields));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', expected);
  }
  const lazy = scope('a', 'one', 'on_demand: true, route_configuration_name: r');
  assert.match(ignoredOfYaml(scopedRoutes, lazy).join(), /on_demand: is ignored/);
});
