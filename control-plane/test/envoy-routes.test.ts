import assert from 'node:assert/strict';
import { request } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { HttpRouteRule } from '@heddle/shared/model/http-route';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { put, startEnvoy, startTestControlPlane, untilAnswer } from './mesh-harness.ts';

const envoy = usePeer('envoy');

type Filters = NonNullable<HttpRouteRule['filters']>;

function rewritePrefix(replacePrefixMatch: string): Filters {
  return [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch } } }];
}

const backendRefs = [{ name: 'app' }];

/** Listed in an order that is none of precedence. */
const rules: HttpRouteRule[] = [
  { name: 'rest', backendRefs },
  { name: 'strip', matches: [{ path: { value: '/strip' } }], filters: rewritePrefix('/'), backendRefs },
  {
    name: 'strip-deep',
    matches: [{ path: { value: '/strip/deep/' } }],
    filters: rewritePrefix(''),
    backendRefs,
  },
  { name: 'swap', matches: [{ path: { value: '/swap.a' } }], filters: rewritePrefix('/b/'), backendRefs },
  {
    name: 'whole',
    matches: [{ path: { value: '/whole' } }],
    filters: [
      {
        type: 'URLRewrite',
        urlRewrite: { hostname: 'other.test', path: { type: 'ReplaceFullPath', replaceFullPath: '/w\\1' } },
      },
    ],
    backendRefs,
  },
  { name: 'regex', matches: [{ path: { type: 'RegularExpression', value: '/r/[0-9]+' } }], backendRefs },
  { name: 'exact', matches: [{ path: { type: 'Exact', value: '/r/7' } }], backendRefs },
  { name: 'method', matches: [{ path: { value: '/r' }, method: 'POST' }], backendRefs },
  {
    name: 'header',
    matches: [{ path: { value: '/r' }, headers: [{ name: 'X-K', value: 'v' }] }],
    backendRefs,
  },
  {
    name: 'query',
    matches: [{ path: { value: '/r' }, queryParams: [{ name: 'q', value: '1' }] }],
    backendRefs,
  },
  {
    name: 'moved',
    matches: [{ path: { value: '/moved' } }],
    filters: [
      {
        type: 'RequestRedirect',
        requestRedirect: {
          hostname: 'n.test',
          port: 80,
          path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/to' },
        },
      },
    ],
  },
  {
    name: 'secure',
    matches: [{ path: { value: '/secure' } }],
    filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', port: 8443, statusCode: 308 } }],
  },
  {
    name: 'headers',
    matches: [{ path: { value: '/headers' } }],
    filters: [
      {
        type: 'RequestHeaderModifier',
        requestHeaderModifier: {
          set: [{ name: 'x-set', value: '50%' }],
          add: [{ name: 'x-add', value: 'b' }],
          remove: ['x-gone'],
        },
      },
    ],
    backendRefs,
  },
];

interface Seen {
  readonly status: number;
  readonly location: string;
  /** What reached the application. */
  readonly rule: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
}

function send(
  port: number,
  target: string,
  options: { method?: string; headers?: Record<string, string> },
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'app', ...options.headers };
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path: target,
      method: options.method ?? 'GET',
      headers,
      agent: false,
    });
    outgoing.on('response', (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.on('end', () => {
        const seen = (body.startsWith('{') ? JSON.parse(body) : {}) as Partial<Seen>;
        resolve({
          status: answer.statusCode ?? 0,
          location: answer.headers.location ?? '',
          rule: '',
          path: '',
          host: '',
          headers: {},
          ...seen,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

const rows: readonly {
  readonly ask: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly sees: Partial<Seen>;
}[] = [
  { ask: '/any?x=1', sees: { rule: 'rest', path: '/any?x=1', host: 'app' } },
  { ask: '/strip', sees: { rule: 'strip', path: '/' } },
  { ask: '/strip/a/b?x=1', sees: { rule: 'strip', path: '/a/b?x=1' } },
  { ask: '/stripes', sees: { rule: 'rest', path: '/stripes' } },
  { ask: '/strip/deep/c', sees: { rule: 'strip-deep', path: '/c' } },
  { ask: '/swap.a/c', sees: { rule: 'swap', path: '/b/c' } },
  { ask: '/swapxa/c', sees: { rule: 'rest' } },
  { ask: '/whole/c?x=1', sees: { rule: 'whole', path: '/w\\1?x=1', host: 'other.test' } },
  { ask: '/r/7', sees: { rule: 'exact' } },
  { ask: '/r/8', sees: { rule: 'regex' } },
  { ask: '/r/x', method: 'POST', headers: { 'x-k': 'v' }, sees: { rule: 'method' } },
  { ask: '/r/x?q=1', headers: { 'x-k': 'v' }, sees: { rule: 'header' } },
  { ask: '/r/x?q=1', sees: { rule: 'query' } },
  { ask: '/r/x', sees: { rule: 'rest' } },
  { ask: '/moved/a?x=1', sees: { status: 302, location: 'http://n.test/to/a?x=1' } },
  { ask: '/secure', sees: { status: 308, location: 'https://app:8443/secure' } },
  {
    ask: '/headers',
    headers: { 'x-set': 'old', 'x-add': 'a', 'x-gone': '1' },
    sees: { headers: { 'x-set': '50%', 'x-add': 'a, b' } },
  },
];

test(
  'a real Envoy routes, rewrites and redirects as the Gateway API says',
  { skip: envoy.skip },
  async () => {
    const controlPlane = await startTestControlPlane();
    const [outboundPort = 0] = await findFreePorts(1);
    const app = createServer((incoming, answer) => {
      const picked = Object.entries(incoming.headers).filter(([name]) =>
        ['x-set', 'x-add', 'x-gone'].includes(name),
      );
      const { host, 'x-rule': rule } = incoming.headers;
      answer.end(JSON.stringify({ rule, host, path: incoming.url, headers: Object.fromEntries(picked) }));
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    const { port } = app.address() as AddressInfo;
    const proxy = startEnvoy({
      program: envoy.path,
      xdsPort: controlPlane.xdsPort,
      apiType: 'DELTA_GRPC',
      nodeId: 'n1',
      heddle: { outboundPort },
    });
    try {
      await put(controlPlane, { kind: 'Service', metadata: { name: 'app' } });
      const spec = { address: '127.0.0.1', port };
      await put(controlPlane, { kind: 'Instance', metadata: { name: 'app-1', service: 'app' }, spec });
      // Every rule tells the application which one it was.
      const named = rules.map((rule): HttpRouteRule => {
        if (rule.backendRefs === undefined || rule.name === 'headers') return rule;
        const mark = { set: [{ name: 'x-rule', value: rule.name ?? '' }] };
        return {
          ...rule,
          filters: [...(rule.filters ?? []), { type: 'RequestHeaderModifier', requestHeaderModifier: mark }],
        };
      });
      await put(controlPlane, {
        kind: 'HTTPRoute',
        metadata: { name: 'app' },
        spec: { parentRefs: [{ name: 'app' }], rules: named },
      });
      await untilAnswer(
        outboundPort,
        'app',
        JSON.stringify({ rule: 'rest', host: 'app', path: '/', headers: {} }),
      );
      for (const { ask, sees, ...options } of rows) {
        const seen = await send(outboundPort, ask, options);
        const compared = Object.fromEntries(Object.keys(sees).map((key) => [key, seen[key as keyof Seen]]));
        assert.deepEqual(compared, sees, `${options.method ?? 'GET'} ${ask}`);
      }
    } finally {
      await proxy.stop();
      app.closeAllConnections();
      app.close();
      await controlPlane.stop();
    }
  },
);
