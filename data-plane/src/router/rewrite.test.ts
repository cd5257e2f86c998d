import { test } from 'node:test';
import assert from 'node:assert/strict';
import { HeaderMap } from '../codec/header-map.ts';
import type { ForwardAction, RedirectAction, RouteMatch } from '../config/model/route.ts';
import { redirectLocation } from './redirect.ts';
import { HostRewriter, PathRewriter } from './rewrite.ts';
import { RouteMatcher } from './route-matcher.ts';
import { forward, prefix, redirect } from './testing/route-fixtures.ts';

function pathAfter(match: RouteMatch, fields: Partial<ForwardAction>, path: string): string | undefined {
  return PathRewriter.create(forward('c', fields), new RouteMatcher(match))?.rewrite(path);
}

test('paths', () => {
  const regexMatch: RouteMatch = { ...prefix(''), path: { kind: 'regex', regex: '/r.*' } };
  const exact: RouteMatch = { ...prefix(''), path: { kind: 'exact', value: '/e', caseSensitive: true } };
  const rows: [match: RouteMatch, fields: Partial<ForwardAction>, path: string, expected: string][] = [
    [prefix('/a'), { prefixRewrite: '/' }, '/a/b', '//b'],
    [prefix('/a/'), { prefixRewrite: '/' }, '/a/b?q', '/b?q'],
    [prefix('/a'), { prefixRewrite: '/' }, '/auto', '/uto'],
    [exact, { prefixRewrite: '/new' }, '/e?q', '/new?q'],
    [regexMatch, { prefixRewrite: '/new' }, '/r/x?q', '/new?q'],
    [prefix('/q'), { prefixRewrite: '/q?x=1' }, '/q/z?y=2', '/q?x=1/z?y=2'],
    [prefix('/a'), { prefixRewrite: 'new' }, '/a/x', 'new/x'],
    [
      prefix('/'),
      { regexRewrite: { regex: '^/service/([^/]+)(/.*)$', substitution: '\\2/instance/\\1' } },
      '/service/foo/v1/api?q',
      '/v1/api/instance/foo?q',
    ],
    [prefix('/'), { regexRewrite: { regex: 'a', substitution: '\\2' } }, '/a', '/a'],
  ];
  for (const [match, fields, path, expected] of rows)
    assert.equal(pathAfter(match, fields, path), expected, path);
  assert.equal(pathAfter(prefix('/'), {}, '/'), undefined);
});

test('the original path is told even when nothing changed', () => {
  const headers = HeaderMap.of({ ':path': '/a' });
  PathRewriter.create(forward('c', { prefixRewrite: '/a' }), new RouteMatcher(prefix('/a')))?.apply(
    headers,
    false,
  );
  assert.equal(headers.get('x-envoy-original-path'), '/a');
  const quiet = HeaderMap.of({ ':path': '/a' });
  PathRewriter.create(forward('c', { prefixRewrite: '/b' }), new RouteMatcher(prefix('/a')))?.apply(
    quiet,
    true,
  );
  assert.deepEqual([...quiet], [[':path', '/b']]);
});

test('hosts', () => {
  const rewrite = (
    fields: Partial<ForwardAction>,
    given: Record<string, string> = {},
    clusterLiteral?: string,
  ) => {
    const headers = HeaderMap.of({ ':authority': 'a.test', ':path': '/hr/x?q', ...given });
    HostRewriter.create(forward('c', fields), clusterLiteral)?.apply(headers, false);
    return [headers.get(':authority'), headers.get('x-envoy-original-host'), headers.get('x-forwarded-host')];
  };
  assert.deepEqual(rewrite({ hostRewrite: { kind: 'literal', host: 'new' } }), ['new', 'a.test', undefined]);
  assert.deepEqual(rewrite({ hostRewrite: { kind: 'literal', host: 'new' }, appendXForwardedHost: true }), [
    'new',
    'a.test',
    'a.test',
  ]);
  assert.deepEqual(
    rewrite(
      { hostRewrite: { kind: 'literal', host: 'new' }, appendXForwardedHost: true },
      { 'x-forwarded-host': 'x,a.test' },
    )[2],
    'x,a.test',
  );
  assert.deepEqual(
    rewrite(
      { hostRewrite: { kind: 'literal', host: 'new' }, appendXForwardedHost: true },
      { 'x-forwarded-host': 'x' },
    )[2],
    'x,a.test',
  );
  assert.deepEqual(rewrite({ hostRewrite: { kind: 'header', header: 'x-h' } }), [
    'a.test',
    undefined,
    undefined,
  ]);
  assert.deepEqual(rewrite({ hostRewrite: { kind: 'header', header: 'x-h' } }, { 'x-h': 'n' })[0], 'n');
  const pathRegex = (regex: string) =>
    ({ kind: 'path-regex', rewrite: { regex, substitution: '\\1' } }) as const;
  assert.equal(rewrite({ hostRewrite: pathRegex('^/([^/]+)/.*') })[0], 'hr');
  assert.equal(rewrite({ hostRewrite: pathRegex('^(nothing)') })[0], '/hr/x');
  assert.deepEqual(rewrite({ hostRewrite: { kind: 'literal', host: 'new' } }, {}, 'weighted'), [
    'new',
    'weighted',
    undefined,
  ]);
});

test('redirects', () => {
  const rows: [action: Partial<RedirectAction>, given: Record<string, string>, expected: string][] = [
    [{ hostRedirect: 'n.test' }, {}, 'http://n.test/p?q'],
    [{ hostRedirect: 'n.test' }, { ':authority': 'a.test:81' }, 'http://n.test/p?q'],
    [{ httpsRedirect: true }, {}, 'https://a.test/p?q'],
    [{ httpsRedirect: true }, { ':authority': 'a.test:80' }, 'https://a.test/p?q'],
    [{ httpsRedirect: true }, { ':authority': 'a.test:81' }, 'https://a.test:81/p?q'],
    [{ httpsRedirect: true }, { ':authority': '[::1]:80' }, 'https://[::1]/p?q'],
    [{ schemeRedirect: 'FTP' }, {}, 'FTP://a.test/p?q'],
    [{ portRedirect: 80 }, { ':authority': 'a.test:81' }, 'http://a.test:80/p?q'],
    [{ hostRedirect: 'n.test:81', portRedirect: 82 }, {}, 'http://n.test:81:82/p?q'],
    [{ pathRedirect: '/n' }, {}, 'http://a.test/n?q'],
    [{ pathRedirect: 'n' }, {}, 'http://a.test/n?q'],
    [{ pathRedirect: '/n?own' }, {}, 'http://a.test/n?own'],
    [{ pathRedirect: '/n#f' }, {}, 'http://a.test/n#f?q'],
    [{ pathRedirect: '/n?own', stripQuery: true }, {}, 'http://a.test/n?own'],
    [{ pathRedirect: '/n', stripQuery: true }, {}, 'http://a.test/n'],
    [{ prefixRewrite: '/n', stripQuery: true }, {}, 'http://a.test/n'],
    [{ prefixRewrite: '/n' }, {}, 'http://a.test/n?q'],
  ];
  for (const [fields, given, expected] of rows) {
    const action = redirect(fields);
    const headers = HeaderMap.of({
      ':authority': 'a.test',
      ':path': '/p?q',
      ':scheme': 'http',
      'x-forwarded-proto': 'http',
      ...given,
    });
    const rewriter = PathRewriter.create(action, new RouteMatcher(prefix('/p')));
    assert.equal(redirectLocation(action, rewriter, headers), expected);
  }
});
