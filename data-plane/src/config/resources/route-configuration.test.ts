import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Route } from '../model/route.ts';
import { decodeYaml, ignoredOfYaml, problemsOfYaml, resourceTypes } from './testing/decode-yaml.ts';

const { routeTable } = resourceTypes;

function tableWith(routes: string, more = ''): string {
  return `name: t\n${more}\nvirtual_hosts:\n- name: v\n  domains: ["*"]\n  routes:\n${routes}`;
}

function firstRoute(routes: string): Route {
  const route = decodeYaml(routeTable, tableWith(routes)).virtualHosts[0]?.routes[0];
  assert.notEqual(route, undefined);
  return route as Route;
}

const noMutation = { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] };

test('a plain route has the defaults of Envoy', () => {
  assert.deepEqual(firstRoute('  - { match: { prefix: / }, route: { cluster: c } }'), {
    name: '',
    match: {
      path: { kind: 'prefix', value: '/', caseSensitive: true },
      headers: [],
      queryParameters: [],
      isGrpcOnly: false,
    },
    action: {
      kind: 'forward',
      cluster: { kind: 'name', name: 'c' },
      clusterNotFoundStatus: 503,
      appendXForwardedHost: false,
      timeoutMs: 15000,
      priority: 'default',
      upgrades: {},
    },
    mutation: noMutation,
    filterConfig: {},
  });
});

test('matchers of all kinds', () => {
  const { match } = firstRoute(`
  - match:
      safe_regex: { regex: "/v[0-9]+" }
      grpc: {}
      runtime_fraction: { default_value: { numerator: 25, denominator: HUNDRED }, runtime_key: k }
      headers:
      - { name: X-A, string_match: { exact: v, ignore_case: true }, invert_match: true }
      - { name: x-b, range_match: { start: 1, end: 5 } }
      - { name: x-c, present_match: false }
      - { name: x-d, exact_match: "" }
      - { name: x-e, prefix_match: p }
      - { name: x-f, safe_regex_match: { regex: r }, treat_missing_header_as_empty: true }
      - { name: x-g }
      query_parameters:
      - { name: q, string_match: { contains: z } }
      - { name: r }
    route: { cluster: c }`);
  assert.deepEqual(match.path, { kind: 'regex', regex: '/v[0-9]+' });
  assert.equal(match.isGrpcOnly, true);
  assert.deepEqual(match.runtimeFraction, { perMillion: 250000 });
  assert.deepEqual(
    match.headers.map(({ name, test: headerTest, invertMatch, treatMissingAsEmpty }) => [
      name,
      headerTest,
      invertMatch,
      treatMissingAsEmpty,
    ]),
    [
      ['x-a', { kind: 'string', matcher: { kind: 'exact', value: 'v', ignoreCase: true } }, true, false],
      ['x-b', { kind: 'range', start: 1, end: 5 }, false, false],
      ['x-c', { kind: 'present', isPresent: false }, false, false],
      ['x-d', { kind: 'present', isPresent: true }, false, false],
      ['x-e', { kind: 'string', matcher: { kind: 'prefix', value: 'p', ignoreCase: false } }, false, false],
      ['x-f', { kind: 'string', matcher: { kind: 'regex', regex: 'r' } }, false, true],
      ['x-g', { kind: 'present', isPresent: true }, false, false],
    ],
  );
  assert.deepEqual(match.queryParameters, [
    { name: 'q', test: { kind: 'string', matcher: { kind: 'contains', value: 'z', ignoreCase: false } } },
    { name: 'r', test: { kind: 'present', isPresent: true } },
  ]);
});

test('weighted clusters, rewrites, time-outs and retries', () => {
  const { action } = firstRoute(`
  - match: { path_separated_prefix: /a }
    route:
      weighted_clusters:
        clusters:
        - { name: c1, weight: 90, request_headers_to_add: [ { header: { key: X-W, value: "1" }, append_action: ADD_IF_ABSENT } ] }
        - { name: c2, weight: 10, host_rewrite_literal: h.test }
      prefix_rewrite: /b
      auto_host_rewrite: true
      timeout: 5s
      idle_timeout: 1.5s
      max_stream_duration: { max_stream_duration: 9s, grpc_timeout_header_max: 0s, grpc_timeout_header_offset: 0.25s }
      max_grpc_timeout: 7s
      grpc_timeout_offset: 0.5s
      priority: HIGH
      cluster_not_found_response_code: NOT_FOUND
      upgrade_configs: [ { upgrade_type: WebSocket } ]
      retry_policy:
        retry_on: "5xx, reset,retriable-status-codes,cancelled,deadline-exceeded,internal,resource-exhausted,unavailable"
        num_retries: 3
        per_try_timeout: 1s
        retriable_status_codes: [429]
        retry_back_off: { base_interval: 0.1s }
        retry_host_predicate:
        - { name: p, typed_config: { "@type": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate } }
        host_selection_retry_max_attempts: 5`);
  assert.equal(action.kind, 'forward');
  assert.deepEqual(action.cluster, {
    kind: 'weighted',
    totalWeight: 100,
    clusters: [
      {
        name: 'c1',
        weight: 90,
        filterConfig: {},
        mutation: {
          ...noMutation,
          requestAdd: [{ name: 'x-w', value: '1', action: 'add-if-absent', keepEmptyValue: false }],
        },
      },
      { name: 'c2', weight: 10, filterConfig: {}, mutation: noMutation, hostRewriteLiteral: 'h.test' },
    ],
  });
  assert.partialDeepStrictEqual(action, {
    prefixRewrite: '/b',
    hostRewrite: { kind: 'auto' },
    // Envoy: `timeout` does not count beside `max_stream_duration`.
    timeoutMs: 0,
    isTimeoutIgnored: true,
    idleTimeoutMs: 1500,
    maxStreamDurationMs: 9000,
    grpcTimeoutHeaderMaxMs: 0,
    grpcTimeoutHeaderOffsetMs: 250,
    maxGrpcTimeoutMs: 7000,
    grpcTimeoutOffsetMs: 500,
    priority: 'high',
    clusterNotFoundStatus: 404,
    upgrades: { websocket: true },
  });
  assert.deepEqual(action.retryPolicy, {
    retryOn: [
      ...(['5xx', 'reset', 'retriable-status-codes'] as const),
      ...(['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable'] as const),
    ],
    numRetries: 3,
    perTryTimeoutMs: 1000,
    perTryIdleTimeoutMs: 0,
    retriableStatusCodes: [429],
    retriableHeaders: [],
    retriableRequestHeaders: [],
    backOffBaseMs: 100,
    backOffMaxMs: 1000,
    avoidPreviousHosts: true,
    omitCanaryHosts: false,
    hostSelectionRetryMaxAttempts: 5,
  });
});

test('redirects and direct responses', () => {
  const [redirect, direct] =
    decodeYaml(
      routeTable,
      tableWith(`
  - { match: { path: /r }, redirect: { https_redirect: true, host_redirect: n.test, port_redirect: 8443, path_redirect: /n, response_code: PERMANENT_REDIRECT, strip_query: true } }
  - { match: { prefix: / }, direct_response: { status: 418, body: { inline_string: short } } }`),
    ).virtualHosts[0]?.routes.map(({ action }) => action) ?? [];
  assert.deepEqual(redirect, {
    kind: 'redirect',
    status: 308,
    httpsRedirect: true,
    stripQuery: true,
    hostRedirect: 'n.test',
    portRedirect: 8443,
    pathRedirect: '/n',
  });
  assert.deepEqual(direct, { kind: 'direct-response', status: 418, body: 'short' });
});

test('mutations: names are lower-case, the deprecated append means the action', () => {
  const { mutation } = firstRoute(`
  - match: { prefix: / }
    route: { cluster: c }
    request_headers_to_remove: [X-Gone]
    response_headers_to_add:
    - { header: { key: X-B, value: "%REQ(:path)%" }, append: false }
    - { header: { key: x-c, value: "" }, append_action: OVERWRITE_IF_EXISTS, keep_empty_value: true }`);
  assert.deepEqual(mutation, {
    ...noMutation,
    requestRemove: ['x-gone'],
    responseAdd: [
      { name: 'x-b', value: '%REQ(:path)%', action: 'overwrite-or-add', keepEmptyValue: false },
      { name: 'x-c', value: '', action: 'overwrite-if-exists', keepEmptyValue: true },
    ],
  });
});

test('CONNECT is matched, allowed and ended by a route', () => {
  const { match, action } = firstRoute(`
  - match: { connect_matcher: {} }
    route: { cluster: c, upgrade_configs: [ { upgrade_type: CONNECT, connect_config: { allow_post: true } } ] }`);
  assert.deepEqual(match.path, { kind: 'connect' });
  assert.partialDeepStrictEqual(action, {
    upgrades: { connect: true },
    connectTermination: { allowsPost: true },
  });
});

const toC = 'route: { cluster: c }';
const refusals: readonly [string, string, readonly RegExp[]][] = [
  [
    'a domain that is given twice',
    'name: t\nvirtual_hosts: [ { name: v, domains: [a.test, "*"] }, { name: w, domains: [A.test] } ]',
    [/^virtual_hosts\[1\]\.domains\[0\]: "A\.test" is a domain of virtual host "v" already$/],
  ],
  [
    'weights that are all zero',
    tableWith(
      '  - { match: { prefix: / }, route: { weighted_clusters: { clusters: [ { name: a, weight: 0 } ] } } }',
    ),
    [/^virtual_hosts\[0\]\.routes\[0\]\.route\.weighted_clusters\.clusters: have no weight/],
  ],
  [
    'append beside append_action',
    tableWith(
      `  - { match: { prefix: / }, ${toC}, request_headers_to_add: [ { header: { key: a, value: b }, append: true, append_action: ADD_IF_ABSENT } ] }`,
    ),
    [/request_headers_to_add\[0\]\.append: and append_action must not both be set/],
  ],
  [
    'a mutation of pseudo-headers and host',
    tableWith(
      `  - { match: { prefix: / }, ${toC}, request_headers_to_add: [ { header: { key: ":path", value: b } } ], response_headers_to_remove: [Host] }`,
    ),
    [
      /request_headers_to_add\[0\]\.header\.key: :path cannot be set/,
      /response_headers_to_remove\[0\]: host cannot be removed/,
    ],
  ],
  [
    'a lone %',
    tableWith(
      `  - { match: { prefix: / }, ${toC}, request_headers_to_add: [ { header: { key: a, value: "5%" } } ] }`,
    ),
    [/header\.value: a lone %/],
  ],
  [
    'regular expressions that RE2 refuses',
    tableWith(
      `  - { match: { safe_regex: { regex: "(?=a)" } }, ${toC} }\n  - { match: { prefix: /, headers: [ { name: h, string_match: { safe_regex: { regex: "a{1001}" } } } ] }, ${toC} }`,
    ),
    [
      /routes\[0\]\.match\.safe_regex\.regex: /,
      /routes\[1\]\.match\.headers\[0\]\.string_match\.safe_regex\.regex: /,
    ],
  ],
  [
    'ignore_case beside a regular expression',
    tableWith(
      `  - { match: { prefix: /, headers: [ { name: h, string_match: { ignore_case: true, safe_regex: { regex: a } } } ] }, ${toC} }`,
    ),
    [/string_match\.ignore_case: has no effect/],
  ],
  [
    'a separated prefix with a slash at its end',
    tableWith(`  - { match: { path_separated_prefix: /a/ }, ${toC} }`),
    [/path_separated_prefix: /],
  ],
  [
    'a body that is too long',
    tableWith(
      `  - { match: { prefix: / }, direct_response: { status: 200, body: { inline_string: "${'x'.repeat(5)}" } } }`,
      'max_direct_response_body_size_bytes: 4',
    ),
    [/direct_response\.body: has 5 bytes, more than max_direct_response_body_size_bytes \(4\)/],
  ],
  [
    'an end of what is no CONNECT, and an upgrade type that is given twice',
    tableWith(
      '  - { match: { prefix: / }, route: { cluster: c, upgrade_configs: [ { upgrade_type: websocket, connect_config: {} }, { upgrade_type: WebSocket } ] } }',
    ),
    [
      /upgrade_configs\[0\]\.connect_config: needs upgrade_type CONNECT/,
      /upgrade_configs\[1\]\.upgrade_type: WebSocket occurs twice/,
    ],
  ],
  [
    'two rewrites',
    tableWith(
      '  - { match: { prefix: / }, route: { cluster: c, prefix_rewrite: /a, regex_rewrite: { pattern: { regex: b }, substitution: c } } }',
    ),
    [/regex_rewrite: and prefix_rewrite must not both be set/],
  ],
  [
    'what is not implemented, by its path',
    tableWith(
      '  - { match: { prefix: /, cookies: [ { name: c, string_match: { exact: b } } ] }, route: { cluster: c, request_mirror_policies: [ { cluster: m } ], hedge_policy: {} } }',
    ),
    [
      /match\.cookies: is not supported/,
      /route\.request_mirror_policies: is not supported/,
      /route\.hedge_policy: is not supported/,
    ],
  ],
  [
    'filters that are not known',
    tableWith(
      `  - { match: { prefix: / }, ${toC}, typed_per_filter_config: { f: { "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute, disabled: true } } }`,
    ),
    [
      /typed_per_filter_config\["f"\]: envoy\.extensions\.filters\.http\.lua\.v3\.LuaPerRoute is not supported/,
    ],
  ],
];

for (const [what, yaml, expected] of refusals) {
  test(`a route table is refused for ${what}`, () => {
    const problems = problemsOfYaml(routeTable, yaml);
    for (const pattern of expected) {
      assert.equal(problems.filter((problem) => pattern.test(problem)).length, 1, problems.join('\n'));
    }
  });
}

test('a condition that nobody knows is passed over and listed', () => {
  const yaml = tableWith(
    '  - { match: { prefix: / }, route: { cluster: c, retry_policy: { retry_on: "5xx,gateway-eror" } } }',
  );
  assert.deepEqual(ignoredOfYaml(routeTable, yaml), [
    'virtual_hosts[0].routes[0].route.retry_policy.retry_on: is ignored: there is no condition "gateway-eror" (did you mean "gateway-error"?)',
  ]);
});
