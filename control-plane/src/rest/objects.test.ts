import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRestFixture, problemsOf, type RestFixture } from './rest-app.fixture.ts';

const instance = { address: 'fd00::7', port: 8080 };
const route = { parentRefs: [{ name: 'cart' }], rules: [{ backendRefs: [{ name: 'cart', version: 'v1' }] }] };
const policy = { targetRef: { kind: 'Service', name: 'cart' }, loadBalancer: { policy: 'leastRequest' } };

async function withCart(test: Parameters<typeof createRestFixture>[0]): Promise<RestFixture> {
  const rest = await createRestFixture(test);
  assert.equal((await rest.send('PUT', '/v1/services/cart', { protocol: 'http' })).status, 201);
  return rest;
}

describe('objects of the REST API', () => {
  it('creates, reads, replaces and deletes each kind, with the spec alone as body', async (test) => {
    const rest = await withCart(test);
    for (const [path, spec, changed, document] of [
      ['/v1/services/shop', { port: 7001 }, { port: 7002 }, { kind: 'Service', metadata: { name: 'shop' } }],
      [
        '/v1/services/cart/instances/cart-1',
        {
          ...instance,
          weight: 3,
          version: 'v1',
          metadata: { team: 'a' },
          locality: { zone: 'z' },
          health: 'healthy',
          lease: { ttlSeconds: 10 },
        },
        instance,
        { kind: 'Instance', metadata: { name: 'cart-1', service: 'cart' } },
      ],
      [
        '/v1/routes/cart',
        route,
        { ...route, hostnames: ['cart.example'] },
        { kind: 'HTTPRoute', metadata: { name: 'cart' } },
      ],
      [
        '/v1/policies/cart',
        policy,
        { ...policy, timeouts: { connect: '1s' } },
        { kind: 'Policy', metadata: { name: 'cart' } },
      ],
    ] as const) {
      const created = await rest.send('PUT', path, spec);
      assert.equal(created.status, 201, created.text);
      assert.equal(created.headers['location'], path);
      const read = await rest.send('GET', path);
      assert.deepEqual([read.status, read.json], [200, created.json]);
      const { revision, ...rest1 } = read.json;
      assert.deepEqual(rest1, { ...document, spec });
      assert.deepEqual(
        [read.headers['etag'], created.headers['etag']],
        [`"${String(revision)}"`, `"${String(revision)}"`],
      );

      const again = await rest.send('PUT', path, spec);
      assert.deepEqual([again.status, again.json], [200, created.json], 'an equal PUT changes nothing');
      const replaced = await rest.send('PUT', path, changed);
      assert.equal(replaced.status, 200);
      assert.notEqual(replaced.headers['etag'], created.headers['etag']);

      const list = await rest.send('GET', path.slice(0, path.lastIndexOf('/')));
      assert.ok(
        (list.json['items'] as unknown[]).some(
          (item) => JSON.stringify(item) === JSON.stringify(replaced.json),
        ),
      );
      const gone = await rest.send('DELETE', path);
      assert.deepEqual([gone.status, gone.text], [204, '']);
      problemsOf(await rest.send('GET', path), 404, 'not-found');
      problemsOf(await rest.send('DELETE', path), 404, 'not-found');
    }
  });

  it('takes back the document that a GET answered, and refuses it when somebody was faster', async (test) => {
    const rest = await withCart(test);
    const { json: document } = await rest.send('PUT', '/v1/routes/shop', route);
    const edited = { ...document, spec: { ...route, hostnames: ['shop.example'] } };
    assert.equal((await rest.send('PUT', '/v1/routes/shop', edited)).status, 200);
    problemsOf(
      await rest.send('PUT', '/v1/routes/shop', { ...edited, spec: route }),
      412,
      'revision-mismatch',
    );
    assert.equal((await rest.send('PUT', '/v1/services/empty')).status, 201, 'a service needs no body');
  });

  it('compares kind, name and service of a whole document with its path', async (test) => {
    const rest = await withCart(test);
    const document = { kind: 'Instance', metadata: { name: 'b', service: 'shop' }, spec: instance };
    assert.deepEqual(
      problemsOf(await rest.send('PUT', '/v1/services/cart/instances/a', document), 400, 'invalid-input'),
      ['/metadata/name: must be "a" as in the path', '/metadata/service: must be "cart" as in the path'],
    );
    assert.deepEqual(
      problemsOf(await rest.send('PUT', '/v1/routes/a', { ...document, revision: -1 }), 400, 'invalid-input'),
      [
        '/revision: expected the revision of a GET, or none',
        '/kind: must be "HTTPRoute" under this path',
        '/metadata/name: must be "a" as in the path',
      ],
    );
  });

  it('obeys If-Match and If-None-Match', async (test) => {
    const rest = await withCart(test);
    const path = '/v1/services/cart';
    const put = (body: unknown, headers: Record<string, string>) => rest.send('PUT', path, body, headers);
    problemsOf(await put({ port: 1 }, { 'if-match': '"7"' }), 412, 'revision-mismatch');
    problemsOf(await put({ port: 1 }, { 'if-none-match': '*' }), 412, 'revision-mismatch');
    problemsOf(await rest.send('PUT', '/v1/services/new', {}, { 'if-match': '*' }), 412, 'revision-mismatch');
    assert.equal((await rest.send('PUT', '/v1/services/new', {}, { 'if-none-match': '*' })).status, 201);
    assert.equal((await put({ port: 1 }, { 'if-match': '"7", "1"' })).status, 200);
    assert.equal((await put({ port: 2 }, { 'if-match': '*' })).status, 200);
    const unchanged = await rest.send('GET', path, undefined, { 'if-none-match': 'W/"4"' });
    assert.deepEqual([unchanged.status, unchanged.text, unchanged.headers['etag']], [304, '', '"4"']);
    problemsOf(await rest.send('DELETE', path, undefined, { 'if-match': '"1"' }), 412, 'revision-mismatch');
    assert.equal((await rest.send('DELETE', path, undefined, { 'if-match': '"4"' })).status, 204);
  });

  it('lets one of many concurrent writers with the same ETag win', async (test) => {
    const rest = await withCart(test);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        rest.send('PUT', '/v1/services/cart', { port: index + 1 }, { 'if-match': '"1"' }),
      ),
    );
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [
      200,
      ...Array.from({ length: 9 }, () => 412),
    ]);
  });

  it('reports the problems of path, query, headers and body together', async (test) => {
    const rest = await createRestFixture(test);
    const answer = await rest.send('PUT', '/v1/services/Cart?force=1', { port: 0, protcol: 'tcp' });
    const problems = problemsOf(answer, 400, 'invalid-input');
    assert.equal(problems.length, 4, problems.join('\n'));
    const parts = (answer.json['problems'] as { in?: string }[]).map((problem) => problem.in ?? 'body');
    assert.deepEqual(parts, ['path', 'query', 'body', 'body']);
    const document = { kind: 'Service', metadata: { name: 'cart' }, spec: { port: 0 }, revision: -1 };
    const ofDocument = problemsOf(
      await rest.send('PUT', '/v1/services/Cart', document),
      400,
      'invalid-input',
    );
    assert.equal(ofDocument.length, 3, ofDocument.join('\n'));
    const ofNothing = problemsOf(await rest.send('GET', '/v1/services/Cart?x=1'), 400, 'invalid-input');
    assert.equal(ofNothing.length, 2, ofNothing.join('\n'));
  });

  it('reports every problem of a body with its pointer', async (test) => {
    const rest = await withCart(test);
    const body = {
      address: 'localhost',
      prt: 1,
      weight: 0,
      health: 'helthy',
      lease: { ttlSeconds: '5' },
      metadata: { a: 1 },
    };
    assert.deepEqual(
      problemsOf(await rest.send('PUT', '/v1/services/cart/instances/1', body), 400, 'invalid-input').sort(),
      [
        '/address: expected an IPv4 or IPv6 address (no name, brackets or port), got "localhost"',
        '/health: expected "unknown" or "healthy" or "unhealthy" or "draining" or "degraded" or "timeout", got "helthy" (did you mean "healthy"?)',
        '/lease/ttlSeconds: expected a whole number, got "5"',
        '/metadata/a: expected text, got 1; write it in quotes',
        '/port: is required',
        '/prt: unknown field "prt" (did you mean "port"?)',
        '/weight: must be at least 1, got 0',
      ],
    );
    assert.deepEqual(
      problemsOf(await rest.send('PUT', '/v1/services/Cart/instances/-', instance), 400, 'invalid-input')
        .length,
      2,
    );
  });

  it('refuses references to what does not exist, and deletions of what is referred to', async (test) => {
    const rest = await createRestFixture(test);
    assert.deepEqual(problemsOf(await rest.send('PUT', '/v1/routes/r', route), 422, 'unknown-reference'), [
      '/parentRefs/0/name: there is no service "cart"',
      '/rules/0/backendRefs/0/name: there is no service "cart"',
    ]);
    problemsOf(await rest.send('PUT', '/v1/policies/p', policy), 422, 'unknown-reference');
    problemsOf(await rest.send('PUT', '/v1/services/cart/instances/1', instance), 422, 'unknown-reference');
    problemsOf(await rest.send('GET', '/v1/services/cart/instances'), 404, 'not-found');
    await rest.send('PUT', '/v1/services/cart', {});
    await rest.send('PUT', '/v1/routes/r', route);
    await rest.send('PUT', '/v1/policies/p', policy);
    await rest.send('PUT', '/v1/services/cart/instances/1', instance);
    assert.deepEqual(problemsOf(await rest.send('DELETE', '/v1/services/cart'), 409, 'conflict'), [
      ': Service "cart" is still referred to by HTTPRoute "r", Policy "p", Instance "cart/1"',
    ]);
    assert.deepEqual(problemsOf(await rest.send('PUT', '/v1/routes/twin', route), 409, 'conflict'), [
      '/rules/0: HTTPRoute "r" already takes the same requests for host "cart"',
    ]);
  });

  it('renews a lease, and says when there is none or the instance is gone', async (test) => {
    const rest = await withCart(test);
    const path = '/v1/services/cart/instances/1';
    await rest.send('PUT', path, { ...instance, lease: { ttlSeconds: 10 } });
    rest.clock.advance(9_000);
    assert.equal((await rest.send('POST', `${path}/renew`)).status, 204);
    rest.clock.advance(9_000);
    assert.equal((await rest.send('GET', path)).status, 200);
    rest.clock.advance(2_000);
    assert.equal((await rest.send('GET', path)).status, 404);
    problemsOf(await rest.send('POST', `${path}/renew`), 404, 'not-found');
    assert.equal((await rest.send('GET', path)).status, 404, 'a late renewal brings nothing back');
    await rest.send('PUT', path, instance);
    problemsOf(await rest.send('POST', `${path}/renew`), 409, 'no-lease');
  });
});
