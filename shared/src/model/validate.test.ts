import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatProblem } from '../errors/problem.ts';
import { canonicalJson, checkMeshObject, parseMeshObject } from './parse-object.ts';

function problemsOf(value: unknown): string[] {
  return checkMeshObject(value).problems.map(formatProblem);
}

const ofService = (spec: unknown) => problemsOf({ kind: 'Service', metadata: { name: 'cart' }, spec });
const ofInstance = (spec: object) =>
  problemsOf({
    kind: 'Instance',
    metadata: { name: '1', service: 'cart' },
    spec: { address: '::1', port: 1, ...spec },
  });
const ofRule = (rule: object) =>
  problemsOf({
    kind: 'HTTPRoute',
    metadata: { name: 'r' },
    spec: { parentRefs: [{ name: 'cart' }], rules: [{ backendRefs: [{ name: 'cart' }], ...rule }] },
  });
const ofPolicy = (spec: object) =>
  problemsOf({ kind: 'Policy', metadata: { name: 'p' }, spec: { targetRef: { name: 'cart' }, ...spec } });

describe('validation of mesh objects', () => {
  it('takes everything that may be given', () => {
    assert.deepEqual(problemsOf({ kind: 'Service', metadata: { name: 'a' } }), []);
    assert.deepEqual(ofService({ protocol: 'grpc', port: 7001 }), []);
    assert.deepEqual(
      ofInstance({
        weight: 10_000,
        version: 'v1',
        metadata: { any: 'thing', constructor: 'x' },
        locality: { region: 'eu', zone: 'a', subZone: '1' },
        health: 'draining',
        lease: { ttlSeconds: 86_400 },
      }),
      [],
    );
    assert.deepEqual(
      ofRule({
        name: 'main',
        matches: [
          {
            path: { type: 'RegularExpression', value: '/v[0-9]+/(?i:x)' },
            headers: [
              { name: 'X-Team', value: 'a' },
              { type: 'RegularExpression', name: 'x', value: '^a|b$' },
            ],
            queryParams: [{ name: 'debug', value: '1' }],
            method: 'GET',
          },
          {},
        ],
        filters: [
          {
            type: 'URLRewrite',
            urlRewrite: { hostname: 'a.b', path: { type: 'ReplaceFullPath', replaceFullPath: '/x' } },
          },
          {
            type: 'RequestHeaderModifier',
            requestHeaderModifier: { set: [{ name: 'a', value: 'b' }], remove: ['c'] },
          },
          { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'a', value: '' }] } },
        ],
        backendRefs: [{ kind: 'Service', name: 'cart', weight: 0, version: 'v2' }, { name: 'cart' }],
        timeouts: { request: '0s', backendRequest: '5s' },
        retry: { codes: [503], attempts: 2, backoff: '25ms' },
      }),
      [],
    );
    assert.deepEqual(
      ofPolicy({
        loadBalancer: { policy: 'leastRequest', choiceCount: 3 },
        healthCheck: {
          http: { path: '/healthz', expectedStatuses: [200, 204], host: 'cart' },
          interval: '1s',
          timeout: '1s',
          healthyThreshold: 1,
          unhealthyThreshold: 2,
        },
        circuitBreaker: {
          maxConnections: 1,
          maxPendingRequests: 0,
          maxRequests: 4_294_967_295,
          maxRetries: 0,
        },
        timeouts: { connect: '1s', request: '0s', idle: '1h' },
      }),
      [],
    );
  });

  it('names the kind that was meant', () => {
    assert.deepEqual(problemsOf({ kind: 'HttpRoute' }), [
      '/kind: unknown kind "HttpRoute" (did you mean "HTTPRoute"?)',
    ]);
    assert.deepEqual(problemsOf({ kind: '__proto__' }), [
      '/kind: unknown kind "__proto__" (known: Service, Instance, HTTPRoute, Policy, Secret)',
    ]);
    assert.deepEqual(problemsOf({}), [
      '/kind: is required: one of Service, Instance, HTTPRoute, Policy, Secret',
    ]);
    for (const value of [null, 1, 'x', [], undefined]) {
      assert.deepEqual(problemsOf(value), ['expected an object with kind, metadata and spec']);
    }
  });

  it('reports all problems at once, each at its place', () => {
    assert.deepEqual(ofService({ protocol: 'HTTP2', prot: 1, port: 65_536 }).sort(), [
      '/spec/port: must be at most 65535, got 65536',
      '/spec/prot: unknown field "prot" (known: tls)',
      '/spec/protocol: expected "http" or "http2" or "grpc" or "tcp", got "HTTP2" (did you mean "http2"?)',
    ]);
    assert.deepEqual(ofService(null), ['/spec: expected an object, got nothing']);
    assert.deepEqual(
      problemsOf(JSON.parse('{"kind":"Service","metadata":{"name":"a","__proto__":{}},"spec":[]}')).sort(),
      ['/metadata/__proto__: unknown field "__proto__"', '/spec: expected an object, got a list'],
    );
  });

  it('refuses names, addresses and ids that could not stand where they are used', () => {
    for (const name of ['', 'Cart', '-a', 'a-', 'a_b', 'a.b', 'a/b', 'x'.repeat(64)]) {
      assert.equal(problemsOf({ kind: 'Service', metadata: { name } }).length, 1, name);
    }
    for (const address of ['localhost', '[::1]', '10.0.0.1:80', 'fe80::1%eth0', '10.0.0', '']) {
      assert.equal(ofInstance({ address }).length, 1, address);
    }
    for (const address of ['10.0.0.1', '::', 'fd00::7', '::ffff:10.0.0.1'])
      assert.deepEqual(ofInstance({ address }), []);
    assert.deepEqual(ofInstance({ version: 1.1 }), [
      '/spec/version: expected text, got 1.1; write it in quotes',
    ]);
    assert.equal(ofInstance({ port: 1e999 }).length, 1);
    assert.equal(ofInstance({ lease: { ttlSeconds: 0.5 } }).length, 1);
  });

  it('refuses routes that mean nothing', () => {
    const at = (path: string, message: string) => [`/spec/rules/0${path}: ${message}`];
    assert.deepEqual(
      ofRule({ backendRefs: [] }),
      at('/backendRefs', 'at least one backend, or a RequestRedirect'),
    );
    assert.deepEqual(
      ofRule({ backendRefs: [{ name: 'a', weight: 0 }] }),
      at('/backendRefs', 'at least one backend needs a weight above 0'),
    );
    assert.deepEqual(
      ofRule({ timeouts: { request: '1s', backendRequest: '2s' } }),
      at('/timeouts/backendRequest', 'must not be longer than request (1s)'),
    );
    assert.deepEqual(
      ofRule({ timeouts: { request: '10' } }),
      at('/timeouts/request', 'expected a duration such as "10s", "1m30s" or "100ms", got "10"'),
    );
    assert.deepEqual(
      ofRule({ matches: [{ path: { type: 'Exact' } }] }),
      at('/matches/0/path/value', 'is required with type Exact'),
    );
    assert.deepEqual(
      ofRule({ matches: [{ path: { value: 'a' } }] }),
      at('/matches/0/path/value', 'must start with "/", got "a"'),
    );
    assert.match(
      ofRule({ matches: [{ path: { type: 'RegularExpression', value: '(?=a)' } }] }).join(),
      /RE2/,
    );
    assert.match(
      ofRule({ matches: [{ headers: [{ type: 'RegularExpression', name: 'a', value: '(' }] }] }).join(),
      /headers\/0\/value: .*RE2/,
    );
    assert.match(
      ofRule({ matches: [{ headers: [{ name: 'a b', value: 'x' }] }] }).join(),
      /headers\/0\/name: expected the name of a header/,
    );
    assert.match(
      ofRule({
        filters: [
          {
            type: 'RequestHeaderModifier',
            requestHeaderModifier: { set: [{ name: 'a', value: 'x\r\ny: z' }] },
          },
        ],
      }).join(),
      /set\/0\/value: must not contain a line break/,
    );
    assert.deepEqual(
      ofRule({
        filters: [
          {
            type: 'RequestHeaderModifier',
            requestHeaderModifier: { add: [{ name: 'Host', value: 'x' }], remove: ['a', 'host'] },
          },
        ],
      }),
      ['add/0/name', 'remove/1'].map(
        (place) =>
          `/spec/rules/0/filters/0/requestHeaderModifier/${place}: host is changed with URLRewrite.hostname`,
      ),
    );
  });

  it('refuses filters that contradict themselves or each other', () => {
    const rewrite = {
      type: 'URLRewrite',
      urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } },
    };
    const redirect = { type: 'RequestRedirect', requestRedirect: { statusCode: 301 } };
    assert.deepEqual(ofRule({ filters: [rewrite] }), []);
    assert.deepEqual(ofRule({ filters: [redirect], backendRefs: [] }), []);
    assert.deepEqual(ofRule({ filters: [redirect] }), [
      '/spec/rules/0/backendRefs: a rule that redirects has no backends',
    ]);
    assert.deepEqual(ofRule({ filters: [rewrite, rewrite] }), [
      '/spec/rules/0/filters/1: a second URLRewrite',
    ]);
    assert.deepEqual(ofRule({ filters: [rewrite, redirect], backendRefs: [] }), [
      '/spec/rules/0/filters: RequestRedirect and URLRewrite exclude each other',
    ]);
    assert.deepEqual(ofRule({ filters: [rewrite], matches: [{ path: { type: 'Exact', value: '/a' } }] }), [
      '/spec/rules/0/filters/0: ReplacePrefixMatch needs matches with a path of type PathPrefix',
    ]);
    assert.deepEqual(ofRule({ filters: [{ type: 'URLRewrite', requestRedirect: {} }] }).sort(), [
      '/spec/rules/0/filters/0/requestRedirect: does not go with type URLRewrite',
      '/spec/rules/0/filters/0/urlRewrite: is required with type URLRewrite',
    ]);
    assert.deepEqual(
      ofRule({ filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath' } } }] }),
      ['/spec/rules/0/filters/0/urlRewrite/path/replaceFullPath: is required with type ReplaceFullPath'],
    );
    assert.equal(
      ofRule({ filters: [{ ...redirect, requestRedirect: { statusCode: 304 } }], backendRefs: [] }).length,
      1,
    );
  });

  it('refuses host names with ports, upper case or addresses', () => {
    const ofHost = (hostname: string) =>
      problemsOf({
        kind: 'HTTPRoute',
        metadata: { name: 'r' },
        spec: {
          parentRefs: [{ name: 'a' }],
          hostnames: [hostname],
          rules: [{ backendRefs: [{ name: 'a' }] }],
        },
      });
    for (const hostname of ['a', 'a.b-c.example', '*.example'])
      assert.deepEqual(ofHost(hostname), [], hostname);
    for (const hostname of ['a:80', '10.0.0.1', '*', 'a.*', 'a..b', '', '.a', '[::1]']) {
      assert.equal(ofHost(hostname).length, 1, hostname);
    }
    assert.deepEqual(ofHost('Shop.Example'), ['/spec/hostnames/0: expected lower case: "shop.example"']);
  });

  it('refuses policies that say nothing or too much', () => {
    assert.deepEqual(ofPolicy({}), [
      '/spec: at least one of loadBalancer, healthCheck, circuitBreaker, timeouts is required',
    ]);
    assert.deepEqual(ofPolicy({ healthCheck: {} }), ['/spec/healthCheck: one of http and tcp is required']);
    assert.deepEqual(ofPolicy({ healthCheck: { tcp: {}, http: { path: '/' } } }), [
      '/spec/healthCheck: http and tcp exclude each other',
    ]);
    assert.deepEqual(ofPolicy({ loadBalancer: { policy: 'random', choiceCount: 2 } }), [
      '/spec/loadBalancer/choiceCount: does not go with policy random',
    ]);
    assert.deepEqual(ofPolicy({ timeouts: { connect: '0s' } }), [
      '/spec/timeouts/connect: must be longer than 0',
    ]);
    assert.equal(ofPolicy({ circuitBreaker: { maxRequests: 4_294_967_296 } }).length, 1);
  });
});

it('a parsed object is deeply frozen, and its canonical text does not depend on the order of fields', () => {
  const object = parseMeshObject({ spec: { port: 1 }, metadata: { name: 'a' }, kind: 'Service' });
  assert.ok(Object.isFrozen(object) && Object.isFrozen(object.metadata) && Object.isFrozen(object.spec));
  assert.equal(canonicalJson(object), '{"kind":"Service","metadata":{"name":"a"},"spec":{"port":1}}');
  const labels: unknown = JSON.parse(
    '{"kind":"Instance","metadata":{"name":"1","service":"a"},"spec":{"address":"::1","port":1,"metadata":{"__proto__":"x","b":"y"}}}',
  );
  assert.match(canonicalJson(parseMeshObject(labels)), /"metadata":\{"__proto__":"x","b":"y"\}/);
});
