import { test } from 'node:test';
import assert from 'node:assert/strict';
import { HeaderMap } from '../codec/header-map.ts';
import type { RouteMatch, RouteTable } from '../config/model/route.ts';
import { StreamInfoRecord } from '../downstream/http/stream-info-record.ts';
import { CompiledRouteTable } from './route-table.ts';
import {
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  noMutation,
  prefix,
} from './testing/route-fixtures.ts';

function infoWith(randomValue: number): StreamInfoRecord {
  return new StreamInfoRecord({
    startedAt: 0,
    startedAtMs: 0,
    protocol: 'HTTP/1.1',
    connectionId: 1,
    streamId: 1,
    downstreamDirectAddress: { address: '127.0.0.1', port: 1 },
    downstreamLocalAddress: { address: '127.0.0.1', port: 2 },
    randomValue,
    filterChainName: '',
  });
}

function select(table: RouteTable, fields: Record<string, string>, randomValue = 0) {
  const headers = HeaderMap.of({
    ':method': 'GET',
    ':path': '/',
    ':authority': 'a.test',
    'x-forwarded-proto': 'http',
    ...fields,
  });
  return new CompiledRouteTable(table).select(headers, infoWith(randomValue));
}

/** Whether a route with that match takes the path. */
function takes(
  match: RouteMatch,
  path: string,
  fields: Record<string, string> = {},
  randomValue = 0,
): boolean {
  const table = buildTable([buildVirtualHost([buildRoute(match, forward('c'))])]);
  return select(table, { ':path': path, ...fields }, randomValue) !== undefined;
}

test('hosts: exact, longest suffix, longest prefix, any', () => {
  const domains = [
    ...['a.test', 'a.test:81', '*.test', '*.a.test', '*-x.test', 'a.*', 'a.b.*', '*:99', '*'],
    ...['[::1]:80', 'upper.test'],
  ];
  const table = buildTable(
    domains.map((domain) =>
      buildVirtualHost([buildRoute(prefix('/'), forward('c'))], { name: domain, domains: [domain] }),
    ),
  );
  const rows: [host: string, domain: string][] = [
    ['a.test', 'a.test'],
    ['A.Test', 'a.test'],
    ['a.test:81', 'a.test:81'],
    ['a.test:80', 'a.*'],
    ['b.test', '*.test'],
    ['b.a.test', '*.a.test'],
    ['.a.test', '*.test'],
    ['b-x.test', '*-x.test'],
    ['-x.test', '*.test'],
    ['a.org', 'a.*'],
    ['a.b.org', 'a.b.*'],
    ['a.', '*'],
    ['z:99', '*:99'],
    [':99', '*'],
    ['', '*'],
    ['[::1]:80', '[::1]:80'],
    ['UPPER.test', 'upper.test'],
  ];
  for (const [host, domain] of rows) {
    assert.equal(select(table, { ':authority': host })?.virtualHost.name, domain, host);
  }
  const one = buildTable([
    buildVirtualHost([buildRoute(prefix('/'), forward('c'))], { domains: ['a.test'] }),
  ]);
  assert.equal(select(one, { ':authority': 'b.test' }), undefined);
  const ignoring = { ...one, ignorePortInHostMatching: true };
  for (const host of ['a.test:80', 'a.test:', 'a.test:abc'])
    assert.ok(select(ignoring, { ':authority': host }), host);
});

test('paths', () => {
  const path = (
    kind: 'prefix' | 'exact' | 'path-separated-prefix',
    value: string,
    caseSensitive = true,
  ): RouteMatch => ({
    ...prefix(''),
    path: { kind, value, caseSensitive },
  });
  const regex = (pattern: string): RouteMatch => ({ ...prefix(''), path: { kind: 'regex', regex: pattern } });
  const rows: [match: RouteMatch, path: string, expected: boolean][] = [
    [path('prefix', '/foo'), '/foobar', true],
    [path('prefix', '/foo'), '/fo', false],
    [path('prefix', '/a?b'), '/a?b', false],
    [path('prefix', ''), '/x', true],
    [path('prefix', '/FOO'), '/foo', false],
    [path('prefix', '/FOO', false), '/foo/x', true],
    [path('exact', '/a'), '/a?x', true],
    [path('exact', '/a'), '/a/', false],
    [path('exact', '/a?x'), '/a?x', false],
    [path('exact', '/A', false), '/a', true],
    [path('exact', '/%2F'), '/%2f', false],
    [path('path-separated-prefix', '/sp'), '/sp', true],
    [path('path-separated-prefix', '/sp'), '/sp/x', true],
    [path('path-separated-prefix', '/sp'), '/sp?x', true],
    [path('path-separated-prefix', '/sp'), '/spx', false],
    [regex('/v[0-9]+'), '/v12?x=y', true],
    [regex('/v[0-9]+'), '/v12/x', false],
    [{ ...prefix(''), path: { kind: 'connect' } }, '/', false],
  ];
  for (const [match, target, expected] of rows) {
    assert.equal(takes(match, target), expected, `${JSON.stringify(match.path)} on ${target}`);
  }
});

test('conditions beside the path', () => {
  const header = { name: 'x-a', invertMatch: false, treatMissingAsEmpty: false } as const;
  const exact = { kind: 'string', matcher: { kind: 'exact', value: '1', ignoreCase: false } } as const;
  const withHeader = prefix('/', { headers: [{ ...header, test: exact }] });
  assert.ok(takes(withHeader, '/', { 'x-a': '1' }));
  assert.ok(!takes(withHeader, '/'));
  const withQuery = prefix('/', { queryParameters: [{ name: 'q', test: exact }] });
  assert.ok(takes(withQuery, '/?q=1'));
  assert.ok(!takes(withQuery, '/?q=2'));
  const fraction = prefix('/', { runtimeFraction: { perMillion: 500_000 } });
  assert.ok(takes(fraction, '/', {}, 1_499_999));
  assert.ok(!takes(fraction, '/', {}, 1_500_000));
  const grpc = prefix('/', { isGrpcOnly: true });
  assert.ok(takes(grpc, '/', { 'content-type': 'application/grpc+proto' }));
  for (const type of ['application/grpc-web', 'application/grpc;v=1', 'Application/grpc']) {
    assert.ok(!takes(grpc, '/', { 'content-type': type }), type);
  }
});

test('the first route that matches wins', () => {
  const table = buildTable([
    buildVirtualHost([buildRoute(prefix('/a/b'), forward('one')), buildRoute(prefix('/a'), forward('two'))]),
  ]);
  assert.equal(select(table, { ':path': '/a/b/c' })?.clusterName, 'one');
  assert.equal(select(table, { ':path': '/a' })?.clusterName, 'two');
  assert.equal(select(table, { ':path': '/' }), undefined);
});

test('weighted clusters get their shares by the random value of the stream', () => {
  const cluster = (name: string, weight: number) => ({
    name,
    weight,
    mutation: noMutation,
    filterConfig: {},
  });
  const split = {
    kind: 'weighted',
    clusters: [cluster('never', 0), cluster('a', 90), cluster('b', 10)],
    totalWeight: 100,
  } as const;
  const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('', { cluster: split }))])]);
  const counts: Record<string, number> = {};
  for (let random = 0; random < 1_000; random++) {
    const name = select(table, {}, random)?.clusterName ?? '';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  assert.deepEqual(counts, { a: 900, b: 100 });

  const byHeader = { ...split, headerName: 'x-random' };
  const headerTable = buildTable([
    buildVirtualHost([buildRoute(prefix('/'), forward('', { cluster: byHeader }))]),
  ]);
  assert.equal(select(headerTable, { 'x-random': '95' })?.clusterName, 'b');
  assert.equal(select(headerTable, { 'x-random': '18446744073709551515' })?.clusterName, 'a');
  assert.equal(select(headerTable, { 'x-random': 'none' }, 95)?.clusterName, 'b');
});

test('a header names the cluster', () => {
  const cluster = { kind: 'header', header: 'x-cluster' } as const;
  const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('', { cluster }))])]);
  assert.equal(select(table, { 'x-cluster': 'named' })?.clusterName, 'named');
  assert.equal(select(table, {})?.clusterName, '');
});

test('require_tls comes before routes', () => {
  const table = (requireTls: 'all' | 'external-only') => buildTable([buildVirtualHost([], { requireTls })]);
  assert.equal(select(table('all'), {})?.route.action.kind, 'redirect');
  assert.equal(select(table('all'), { 'x-forwarded-proto': 'https' }), undefined);
  assert.equal(select(table('all'), { 'x-forwarded-proto': 'HTTPS' })?.route.action.kind, 'redirect');
  assert.equal(select(table('external-only'), { 'x-envoy-internal': 'true' }), undefined);
});

test('CONNECT has no path, and is matched as CONNECT only', () => {
  const connectOnly: RouteMatch = prefix('', { path: { kind: 'connect' } });
  const table = (match: RouteMatch): RouteTable =>
    buildTable([buildVirtualHost([buildRoute(match, forward('c'))])]);
  const connect = { ':method': 'CONNECT', ':path': '' };
  assert.equal(select(table(connectOnly), connect)?.clusterName, 'c');
  assert.equal(select(table(connectOnly), {}), undefined);
  assert.equal(select(table(prefix('')), connect), undefined);
});

test('a filter has its configuration from the most specific level, the route table last', () => {
  const route = buildRoute(prefix('/'), forward('c'), { filterConfig: { a: 'route' } });
  const host = buildVirtualHost([route], { filterConfig: { a: 'host', b: 'host' } });
  const table = buildTable([host], { filterConfig: { a: 'table', b: 'table', c: 'table' } });
  const levels = select(table, {})?.filterConfigs ?? [];
  const of = (name: string): unknown =>
    levels.map((level) => level[name]).find((value) => value !== undefined);
  assert.deepEqual(['a', 'b', 'c', 'd'].map(of), ['route', 'host', 'table', undefined]);
});
