import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { openEmbeddedRegistry } from '../registry/embedded-registry.ts';
import type { Registry } from '../registry/registry.ts';
import type { ProxyStatus } from './proxy-status.ts';
import { createRestFixture, problemsOf } from './rest-app.fixture.ts';
import type { Readiness } from './health.ts';

const proxy: ProxyStatus = {
  node: 'sidecar/10.0.0.1',
  cluster: 'shop',
  isConnected: true,
  connectedAt: 1,
  userAgent: 'heddle 0.1.0',
  types: [
    {
      type: 'Cluster',
      sentVersion: 'b',
      acknowledgedVersion: 'a',
      nonce: '2',
      state: 'refused',
      lastNack: { version: 'b', message: 'clusters[0].name: is required', at: 2, resourceNames: ['cart'] },
    },
  ],
  liveVersion: 'unknown',
};

/** A registry whose store is away: reads answer, writes do not. */
function withoutStore(failure: Error): Registry {
  const registry = openEmbeddedRegistry({
    file: ':memory:',
    clock: createFakeClock(),
    logger: createSilentLogger(),
  });
  const away = (): Promise<never> => Promise.reject(failure);
  return {
    get: (key) => registry.get(key),
    list: (prefix) => registry.list(prefix),
    watch: (options) => registry.watch(options),
    status: () => registry.status(),
    held: () => registry.held(),
    close: () => registry.close(),
    transact: away,
    renew: away,
    acceptLoss: away,
  };
}

describe('REST API', () => {
  it('answers unknown paths, wrong methods and broken escapes with problem+json', async (test) => {
    const rest = await createRestFixture(test);
    problemsOf(await rest.send('GET', '/v2/services'), 404, 'unknown-path');
    problemsOf(await rest.send('GET', '/v1/services/%zz'), 400, 'invalid-input');
    for (const [method, url, allow] of [
      ['PATCH', '/v1/services/cart', 'DELETE, GET, HEAD, PUT'],
      ['POST', '/v1/services', 'GET, HEAD'],
      ['GET', '/v1/apply', 'POST'],
      ['DELETE', '/healthz', 'GET, HEAD'],
    ] as const) {
      const refused = await rest.send(method, url);
      problemsOf(refused, 405, 'method-not-allowed');
      assert.equal(refused.headers['allow'], allow);
    }
  });

  it('refuses a query that the path does not know', async (test) => {
    const rest = await createRestFixture(test);
    const refused = await rest.send('PUT', '/v1/services/cart?dryRun=true', {});
    assert.deepEqual(problemsOf(refused, 400, 'invalid-input'), ['/dryRun: unknown field "dryRun"']);
    problemsOf(await rest.send('GET', '/v1/services/cart'), 404, 'not-found');
  });

  it('says where malformed JSON breaks, and what body it would take', async (test) => {
    const rest = await createRestFixture(test, { bodyLimitBytes: 1000 });
    const json = { 'content-type': 'application/json' };
    for (const [body, position] of [
      ['{\n  "port": 1,\n}', /line 3 column 1/],
      ['{"port":\n', /line 2 column 1/],
    ] as const) {
      const refused = await rest.send('PUT', '/v1/services/cart', body, json);
      problemsOf(refused, 400, 'invalid-input');
      assert.match(String(refused.json['detail']), position);
    }
    problemsOf(await rest.send('PUT', '/v1/services/cart', 'port: 1'), 415, 'unsupported-media-type');
    problemsOf(await rest.send('PUT', '/v1/services/cart', { a: 'x'.repeat(2000) }), 413, 'body-too-large');
    problemsOf(
      await rest
        .send('PUT', '/v1/services/cart', 'null', json)
        .then((a) => (assert.equal(a.status, 201), rest.send('PUT', '/v1/services/cart', [], json))),
      400,
      'invalid-input',
    );
  });

  it('answers bytes that are no HTTP request with problem+json and closes', async (test) => {
    const rest = await createRestFixture(test);
    await rest.app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((rest.app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('PLEASE /v1 \r\n\r\n');
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    await once(socket, 'close');
    assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/);
    assert.match(text, /"code":"invalid-input"/);
  });

  it('answers 503 while the registry is away, and hides what an unforeseen error says', async (test) => {
    const away = await createRestFixture(test, {
      registry: withoutStore(new HeddleError('registry-unavailable', 'Redis: gone')),
    });
    const refused = await away.send('PUT', '/v1/services/cart', {});
    problemsOf(refused, 503, 'registry-unavailable');
    assert.equal(refused.headers['retry-after'], '1');
    assert.equal((await away.send('GET', '/v1/services')).status, 200);
    const broken = await createRestFixture(test, {
      registry: withoutStore(new Error('password is hunter2')),
    });
    const failed = await broken.send('PUT', '/v1/services/cart', {});
    problemsOf(failed, 500, 'internal');
    assert.doesNotMatch(failed.text, /hunter2/);
  });

  it('shows the proxies', async (test) => {
    const proxies = { list: () => [proxy], get: (node: string) => (node === proxy.node ? proxy : undefined) };
    const rest = await createRestFixture(test, { proxies });
    assert.deepEqual((await rest.send('GET', '/v1/proxies')).json, { items: [proxy] });
    assert.deepEqual((await rest.send('GET', `/v1/proxies/${encodeURIComponent(proxy.node)}`)).json, proxy);
    problemsOf(await rest.send('GET', '/v1/proxies/other'), 404, 'not-found');
  });

  it('is healthy at once, and ready when it knows the mesh', async (test) => {
    let state: Readiness = { isReady: false, reasons: ['the registry is loading'] };
    const rest = await createRestFixture(test, { readiness: () => state });
    assert.equal((await rest.send('GET', '/healthz')).status, 200);
    const notReady = await rest.send('GET', '/readyz');
    assert.deepEqual(
      [notReady.status, notReady.json],
      [503, { status: 'not ready', reasons: ['the registry is loading'] }],
    );
    state = { isReady: true };
    assert.equal((await rest.send('GET', '/readyz')).status, 200);
  });

  it('counts requests by route and refusals by code', async (test) => {
    const rest = await createRestFixture(test);
    await rest.send('GET', '/v1/services/cart');
    const { text, headers } = await rest.send('GET', '/metrics');
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
    assert.match(text, /heddle_rest_refused_total\{code="not-found"\} 1/);
    assert.match(
      text,
      /heddle_rest_request_duration_seconds_count\{method="GET",route="\/v1\/services\/:service",status="404"\} 1/,
    );
  });

  it('describes itself as OpenAPI 3.1', async (test) => {
    const rest = await createRestFixture(test);
    const { json } = await rest.send('GET', '/docs/json');
    assert.equal(json['openapi'], '3.1.0');
    const operations = Object.entries(json['paths'] as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    assert.deepEqual(operations.sort(), [
      'delete /v1/policies/{name}',
      'delete /v1/routes/{name}',
      'delete /v1/secrets/{name}',
      'delete /v1/services/{service}',
      'delete /v1/services/{service}/instances/{id}',
      'get /healthz',
      'get /metrics',
      'get /readyz',
      'get /v1/loads',
      'get /v1/policies',
      'get /v1/policies/{name}',
      'get /v1/proxies',
      'get /v1/proxies/{node}',
      'get /v1/routes',
      'get /v1/routes/{name}',
      'get /v1/secrets',
      'get /v1/secrets/{name}',
      'get /v1/services',
      'get /v1/services/{service}',
      'get /v1/services/{service}/instances',
      'get /v1/services/{service}/instances/{id}',
      'get /v1/status',
      'post /v1/apply',
      'post /v1/registry/accept-loss',
      'post /v1/services/{service}/accept-loss',
      'post /v1/services/{service}/instances/{id}/renew',
      'post /v3/discovery:client_status',
      'post /v3/discovery:clusters',
      'post /v3/discovery:endpoints',
      'post /v3/discovery:extension_configs',
      'post /v3/discovery:listeners',
      'post /v3/discovery:routes',
      'post /v3/discovery:runtime',
      'post /v3/discovery:scoped-routes',
      'post /v3/discovery:secrets',
      'put /v1/policies/{name}',
      'put /v1/routes/{name}',
      'put /v1/secrets/{name}',
      'put /v1/services/{service}',
      'put /v1/services/{service}/instances/{id}',
    ]);
    assert.match((await rest.send('GET', '/docs')).text, /Swagger UI/);
  });
});
