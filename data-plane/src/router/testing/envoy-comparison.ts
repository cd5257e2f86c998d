import { trustManagers, trustRequests } from './trust-comparison.ts';

/**
 * Routes and requests that a real Envoy and this proxy are given alike. Each manager is an `HttpConnectionManager` in
 * JSON, without what all of them have; a request is its head without the last line ends.
 */
export type ManagerName = 'plain' | 'edge' | 'suppressing' | 'inside' | 'behind';

const cluster = { cluster: 'c' };
const header = (
  key: string,
  value: string,
  appendAction = 'APPEND_IF_EXISTS_OR_ADD',
  keepEmpty = false,
): object => ({
  header: { key, value },
  append_action: appendAction,
  keep_empty_value: keepEmpty,
});
const overwrite = 'OVERWRITE_IF_EXISTS_OR_ADD';
const exact = (value: string): object => ({ string_match: { exact: value } });
const route = (match: object, action: object = { route: cluster }, fields: object = {}): object => ({
  match,
  ...action,
  ...fields,
});
const named = (name: string): object => ({ direct_response: { status: 200, body: { inline_string: name } } });

const matching = [
  route({ prefix: '/m/h', headers: [{ name: 'x-h', ...exact('a') }] }, named('exact a')),
  route(
    { prefix: '/m/h', headers: [{ name: 'x-h', string_match: { safe_regex: { regex: 'b+' } } }] },
    named('regex b'),
  ),
  route({ prefix: '/m/h', headers: [{ name: 'x-r', range_match: { start: 1, end: 5 } }] }, named('range')),
  route({ prefix: '/m/h', headers: [{ name: 'x-n', ...exact('n'), invert_match: true }] }, named('not n')),
  route({ prefix: '/m/h', headers: [{ name: 'x-p', present_match: true }] }, named('present')),
  route(
    {
      prefix: '/m/h',
      headers: [{ name: 'x-e', ...exact(''), treat_missing_header_as_empty: true }, { name: 'x-q' }],
    },
    named('empty'),
  ),
  route({ prefix: '/m/h', headers: [{ name: 'host', ...exact('h.test') }] }, named('host')),
  route(
    { prefix: '/m/q', query_parameters: [{ name: 'a', string_match: { exact: '1' } }] },
    named('query a=1'),
  ),
  route({ prefix: '/m/q', query_parameters: [{ name: 'b', present_match: true }] }, named('query b')),
  route({ path: '/m/exact' }, named('exact path')),
  route({ path: '/m/CASE', case_sensitive: false }, named('case')),
  route({ safe_regex: { regex: '/m/r[0-9]{2}(/.*)?' } }, named('regex path')),
  route({ path_separated_prefix: '/m/sp' }, named('separated')),
  route({ prefix: '/m/grpc', grpc: {} }, named('grpc')),
];

const rewriting = [
  route({ prefix: '/w/a/' }, { route: { ...cluster, prefix_rewrite: '/' } }),
  route({ prefix: '/w/b' }, { route: { ...cluster, prefix_rewrite: '/' } }),
  route({ safe_regex: { regex: '/w/x.*' } }, { route: { ...cluster, prefix_rewrite: '/whole' } }),
  route(
    { prefix: '/w/r' },
    {
      route: {
        ...cluster,
        regex_rewrite: { pattern: { regex: '/([^/]+)/([^/]+)' }, substitution: '/\\2-\\1' },
      },
    },
  ),
  route(
    { prefix: '/w/hl' },
    { route: { ...cluster, host_rewrite_literal: 'new.test', append_x_forwarded_host: true } },
  ),
  route({ prefix: '/w/hh' }, { route: { ...cluster, host_rewrite_header: 'x-host' } }),
  route(
    { prefix: '/w/hr' },
    {
      route: {
        ...cluster,
        host_rewrite_path_regex: { pattern: { regex: '^/w/hr/(.+)$' }, substitution: '\\1' },
      },
    },
  ),
  route(
    { prefix: '/w/same' },
    { route: { ...cluster, prefix_rewrite: '/w/same', host_rewrite_literal: 'a.test' } },
  ),
];

const redirecting = [
  route({ prefix: '/r/host' }, { redirect: { host_redirect: 'n.test' } }),
  route({ prefix: '/r/https' }, { redirect: { https_redirect: true } }),
  route({ prefix: '/r/port' }, { redirect: { port_redirect: 8443, response_code: 'FOUND' } }),
  route({ prefix: '/r/scheme' }, { redirect: { scheme_redirect: 'FTP' } }),
  route({ prefix: '/r/path' }, { redirect: { path_redirect: '/new', response_code: 'SEE_OTHER' } }),
  route({ prefix: '/r/own' }, { redirect: { path_redirect: '/new?own', strip_query: true } }),
  route({ prefix: '/r/strip' }, { redirect: { path_redirect: '/new', strip_query: true } }),
  route({ prefix: '/r/prefix' }, { redirect: { prefix_rewrite: '/p', response_code: 'TEMPORARY_REDIRECT' } }),
  route(
    { prefix: '/r/regex' },
    {
      redirect: {
        regex_rewrite: { pattern: { regex: '/r/regex/(.*)' }, substitution: '/\\1/x' },
        response_code: 'PERMANENT_REDIRECT',
      },
    },
  ),
];

const mutating = [
  route({ prefix: '/h/add' }, undefined, {
    request_headers_to_add: [
      header('x-add', 'one'),
      header('x-add', '%REQ(x-given)%'),
      header('x-empty', '%REQ(x-none)%'),
      header('x-kept', '', overwrite, true),
      header('x-text', '[%REQ(x-none)%] %%'),
      header('user-agent', 'more'),
      header('x-absent', '1', 'ADD_IF_ABSENT'),
      header('x-absent', '2', 'ADD_IF_ABSENT'),
      header('x-if', 'new', 'OVERWRITE_IF_EXISTS'),
      header('x-over', 'new', overwrite),
      header('x-path', '%REQ(:path)% %PROTOCOL% %RESPONSE_CODE%'),
    ],
    request_headers_to_remove: ['x-gone'],
    response_headers_to_add: [
      header('x-answer', '%RESP(x-upstream)% %RESPONSE_CODE% %REQ(:path)%'),
      header('x-upstream', '3'),
      header('server', 'mine', overwrite),
    ],
    response_headers_to_remove: ['x-removed'],
  }),
  route(
    { prefix: '/h/direct' },
    { direct_response: { status: 201, body: { inline_string: '{}' } } },
    {
      response_headers_to_add: [
        header('content-type', 'application/json'),
        header('x-direct', '%ROUTE_NAME%'),
      ],
      name: 'direct route',
    },
  ),
  route(
    { prefix: '/h/redirect' },
    { redirect: { path_redirect: '/x' } },
    {
      response_headers_to_add: [header('location', '/other'), header('x-redirect', 'yes')],
    },
  ),
];

const answering = [
  route({ prefix: '/d/204' }, { direct_response: { status: 204 } }),
  route({ prefix: '/d/400' }, { direct_response: { status: 400, body: { inline_string: 'bad' } } }),
  route({ prefix: '/d/302' }, { direct_response: { status: 302 } }),
  route({ prefix: '/d/empty' }, { direct_response: { status: 503 } }),
  route({ prefix: '/c/header' }, { route: { cluster_header: 'x-cluster' } }),
  route(
    { prefix: '/c/404' },
    { route: { cluster_header: 'x-cluster', cluster_not_found_response_code: 'NOT_FOUND' } },
  ),
  route(
    { prefix: '/c/weighted' },
    {
      route: {
        weighted_clusters: {
          header_name: 'x-random',
          clusters: [
            {
              name: 'c',
              weight: 60,
              request_headers_to_add: [header('x-level', 'cluster c', overwrite)],
              response_headers_to_add: [header('x-cluster', 'c')],
            },
            {
              name: 'd',
              weight: 40,
              host_rewrite_literal: 'd.test',
              response_headers_to_add: [header('x-cluster', 'd')],
            },
          ],
        },
      },
    },
    { request_headers_to_add: [header('x-level', 'route', overwrite)] },
  ),
  route({ prefix: '/t/none' }, { route: { ...cluster, timeout: '0s' } }),
  route({ prefix: '/t/long' }, { route: { ...cluster, timeout: '31.5s' } }),
  route(
    { prefix: '/t/retry' },
    {
      route: {
        ...cluster,
        retry_policy: {
          retry_on: '5xx',
          num_retries: 2,
          retry_back_off: { base_interval: '0.001s', max_interval: '0.002s' },
          per_try_timeout: '3s',
        },
      },
    },
  ),
];

const level = [header('x-level', 'host', overwrite)];
const tableLevel = {
  request_headers_to_add: [header('x-level', 'table', overwrite), header('x-table', '1')],
};

const allRoutes = [...matching, ...rewriting, ...redirecting, ...mutating, ...answering];

export const managers: Readonly<Record<ManagerName, { readonly routeConfig: object }>> = {
  plain: {
    routeConfig: {
      ...tableLevel,
      virtual_hosts: [
        { name: 'tls', domains: ['tls.test'], require_tls: 'ALL', routes: [route({ prefix: '/' })] },
        {
          name: 'suffix',
          domains: ['*.a.test', '*-b.test'],
          routes: [route({ prefix: '/' }, named('suffix'))],
        },
        { name: 'prefix', domains: ['a.*'], routes: [route({ prefix: '/' }, named('prefix'))] },
        {
          name: 'main',
          domains: ['a.test', 'h.test'],
          request_headers_to_add: level,
          response_headers_to_add: [header('x-host-level', '%RESPONSE_CODE%')],
          include_request_attempt_count: true,
          include_attempt_count_in_response: true,
          routes: allRoutes,
        },
      ],
    },
  },
  edge: {
    use_remote_address: true,
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT',
    strip_any_host_port: true,
    via: 'proxy',
    always_set_request_id_in_response: false,
    server_header_transformation: 'APPEND_IF_ABSENT',
    routeConfig: {
      ...tableLevel,
      most_specific_header_mutations_wins: true,
      internal_only_headers: ['x-inside'],
      virtual_hosts: [
        { name: 'external', domains: ['tls.test'], require_tls: 'EXTERNAL_ONLY', routes: [] },
        {
          name: 'main',
          domains: ['a.test'],
          request_headers_to_add: level,
          routes: [
            route({ prefix: '/m' }, undefined, {
              request_headers_to_add: [header('x-level', 'route', overwrite)],
            }),
            route({ prefix: '/' }),
          ],
        },
      ],
    },
  } as { readonly routeConfig: object },
  suppressing: {
    server_header_transformation: 'PASS_THROUGH',
    xff_num_trusted_hops: 1,
    routeConfig: {
      ignore_port_in_host_matching: true,
      virtual_hosts: [
        { name: 'main', domains: ['a.test'], routes: [...rewriting, ...redirecting, ...answering] },
      ],
    },
  } as { readonly routeConfig: object },
  ...trustManagers,
};

const get = (path: string, fields = '', host = 'a.test'): string =>
  `GET ${path} HTTP/1.1\nhost: ${host}${fields === '' ? '' : `\n${fields}`}`;

const common: readonly string[] = [
  ...[
    '/w/a/x',
    '/w/a/x?q',
    '/w/b',
    '/w/bcd',
    '/w/b/x?a=1',
    '/w/xyz/abc?a=b',
    '/w/r/x?q',
    '/w/hl',
    '/w/same?a=1',
  ].map((path) => get(path, 'user-agent: test agent')),
  get('/w/hl', 'x-forwarded-host: first'),
  get('/w/hl', 'x-forwarded-host: first, a.test'),
  get('/w/hh'),
  get('/w/hh', 'x-host: from.header'),
  get('/w/hr/some'),
  get('/w/hr'),
  ...['/r/host?a=1', '/r/https', '/r/port', '/r/scheme', '/r/path?q=1', '/r/own?q', '/r/strip?q'].map(
    (path) => get(path),
  ),
  ...['/r/prefix/x?q', '/r/regex/one?q'].map((path) => get(path)),
  get('/d/204'),
  get('/d/302'),
  get('/d/empty'),
  get('/d/400'),
  'HEAD /d/empty HTTP/1.1\nhost: a.test',
  'HEAD /r/host HTTP/1.1\nhost: a.test',
  get('/c/header'),
  get('/c/header', 'x-cluster: d'),
  get('/c/header', 'x-cluster: nobody'),
  get('/c/404', 'x-cluster: nobody'),
  ...['0', '59', '60', '99', '160', '18446744073709551615'].map((random) =>
    get('/c/weighted', `x-random: ${random}`),
  ),
  get('/t/none'),
  get('/t/long'),
  get('/t/retry'),
  get('/t/retry?status=503'),
  get('/t/retry?status=404'),
  get('/nothing'),
  'POST /t/long HTTP/1.1\nhost: a.test\ncontent-length: 0',
];

const requests: Readonly<Record<ManagerName, readonly string[]>> = {
  plain: [
    ...common,
    ...[
      'x-h: a',
      'x-h: b',
      'x-h: c\nx-h: bb',
      'x-h: a,b',
      'x-r: 1',
      'x-r: +4',
      'x-r: 5',
      'x-r: 1.0',
      'x-r: 0x1',
    ].map((fields) => get('/m/h', fields)),
    ...['x-n: m', 'x-n: n', 'x-p: ', 'x-q: 1', 'x-e: 1\nx-q: 1'].map((fields) => get('/m/h', fields)),
    get('/m/h', '', 'h.test'),
    get('/m/h'),
    ...['/m/q?a=1', '/m/q?a=1&a=2', '/m/q?a=2&a=1', '/m/q?%61=1', '/m/q?b', '/m/q?b=', '/m/q?ab', '/m/q'].map(
      (path) => get(path),
    ),
    ...['/m/exact', '/m/exact?q', '/m/exact/', '/m/case', '/m/Case', '/m/r12', '/m/r12/x', '/m/r123'].map(
      (path) => get(path),
    ),
    ...['/m/sp', '/m/sp/', '/m/sp/x', '/m/sp?x', '/m/spx'].map((path) => get(path)),
    ...['application/grpc', 'application/grpc+proto', 'application/grpc-web', 'application/grpc;v=1'].map(
      (type) => get('/m/grpc', `content-type: ${type}`),
    ),
    get('/nothing', 'content-type: application/grpc'),
    get('/r/host', 'content-type: application/grpc'),
    get('/h/add', 'x-given: g\nx-gone: 1\nx-if: old\nx-over: old\nuser-agent: ua\nx-envoy-max-retries: 3'),
    get('/h/add?q=1'),
    get('/h/direct'),
    'HEAD /h/direct HTTP/1.1\nhost: a.test',
    get('/h/redirect'),
    ...['b.a.test', '.a.test', 'x-b.test', '-b.test', 'a.org', 'a.', 'A.TEST', 'a.test:80', 'none'].map(
      (host) => get('/m/exact', '', host),
    ),
    get('/x', '', 'tls.test'),
    get('/x?y', 'x-forwarded-proto: https', 'tls.test'),
    get('/x', 'x-forwarded-proto: HTTPS', 'tls.test:80'),
    get('/r/https', '', 'a.test'),
    get('/r/scheme', 'x-forwarded-proto: https'),
    get('/w/a/x', 'x-forwarded-for: 1.2.3.4, 5.6.7.8\nx-request-id: mine\nvia: before\nte: gzip, trailers'),
    get('/w/a/x', 'x-envoy-original-path: /y\nx-envoy-internal: true\nx-envoy-upstream-rq-timeout-ms: 1'),
    'GET /w/a/%zz|x HTTP/1.1\nhost: a.test',
    'OPTIONS * HTTP/1.1\nhost: a.test',
    'PUT /w/a/x HTTP/1.1\nhost: a.test\ncontent-length: 0',
  ],
  edge: [
    ...['/a/../b', '/a/./b?c=/../d', '/a//b///c?d//e', '/%41%7e', '/a\\b', '/a/..', '/../x', '/a/.'].map(
      (path) => get(path),
    ),
    ...['/a%2Fb', '/a%5cb?x=%2f', '/a?x=%2f', '/a%00', '/a|b'].map((path) => get(path)),
    get('/a%2fb', 'content-type: application/grpc'),
    ...['a.test:80', 'a.test:8080'].map((host) => get('/', '', host)),
    get('/x', '', 'tls.test'),
    get('/m', 'x-inside: 1'),
    get('/m', 'x-forwarded-for: 1.2.3.4\nx-forwarded-proto: https\nx-request-id: mine\nvia: before'),
    get('/', 'x-envoy-original-path: /y\nx-envoy-original-host: h\nx-envoy-decorator-operation: o'),
    get('/', 'x-envoy-external-address: 9.9.9.9\nx-envoy-retry-on: 5xx'),
    get('/', 'te: trailers\nx-kept: 1'),
  ],
  suppressing: [
    ...common,
    get('/w/a/x', 'x-forwarded-for: 1.2.3.4, 5.6.7.8, 9.9.9.9'),
    ...['a.test:80', 'A.test'].map((host) => get('/w/a/x', '', host)),
  ],
  inside: trustRequests,
  behind: trustRequests,
};

export function requestsOf(name: ManagerName): readonly string[] {
  return requests[name];
}
