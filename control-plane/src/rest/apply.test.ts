import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRestFixture, problemsOf } from './rest-app.fixture.ts';

const shop = `kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: cart }]
  rules:
    - backendRefs: [{ name: cart, weight: 90, version: v1 }, { name: cart, weight: 10, version: v2 }]
---
kind: Instance
metadata: { name: '1', service: cart }
spec: { address: 10.0.0.1, port: 80, version: v1 }
---
kind: Service
metadata: { name: cart }
`;

describe('POST /v1/apply', () => {
  it('applies several documents in one transaction, in whatever order they stand', async (test) => {
    const rest = await createRestFixture(test);
    const expected = (outcome: string, revision: number) => [
      { kind: 'HTTPRoute', name: 'shop', outcome, revision },
      { kind: 'Instance', name: '1', service: 'cart', outcome, revision },
      { kind: 'Service', name: 'cart', outcome, revision },
    ];
    const dryRun = await rest.send('POST', '/v1/apply?dryRun=true', shop);
    assert.deepEqual(dryRun.json, { isDryRun: true, revision: 0, objects: expected('created', 0) });
    assert.deepEqual(rest.registry.list(''), []);
    const applied = await rest.send('POST', '/v1/apply', shop);
    assert.equal(applied.status, 200, applied.text);
    assert.deepEqual(applied.json, { isDryRun: false, revision: 1, objects: expected('created', 1) });
    const again = await rest.send('POST', '/v1/apply', shop);
    assert.deepEqual(again.json, { isDryRun: false, revision: 1, objects: expected('unchanged', 1) });
    const changed = await rest.send('POST', '/v1/apply', {
      kind: 'Service',
      metadata: { name: 'cart' },
      spec: { port: 7001 },
    });
    assert.deepEqual(changed.json['objects'], [
      { kind: 'Service', name: 'cart', outcome: 'changed', revision: 2 },
    ]);
  });

  it('applies none when one is wrong, and names document, line and column', async (test) => {
    const rest = await createRestFixture(test);
    const wrong = await rest.send(
      'POST',
      '/v1/apply',
      shop.replace('weight: 90', 'wieght: 90').replace('port: 80', 'port: 0'),
    );
    problemsOf(wrong, 400, 'invalid-input');
    assert.deepEqual(wrong.json['problems'], [
      {
        pointer: '/spec/rules/0/backendRefs/0/wieght',
        message: 'unknown field "wieght" (did you mean "weight"?)',
        document: 0,
        line: 6,
        column: 35,
      },
      { pointer: '/spec/port', message: 'must be at least 1, got 0', document: 1, line: 10, column: 28 },
    ]);
    const dangling = await rest.send(
      'POST',
      '/v1/apply',
      shop.replace('{ name: cart, weight: 10', '{ name: cat, weight: 10'),
    );
    problemsOf(dangling, 422, 'unknown-reference');
    assert.deepEqual(dangling.json['problems'], [
      {
        pointer: '/spec/rules/0/backendRefs/1/name',
        message: 'there is no service "cat"',
        document: 0,
        line: 6,
        column: 64,
      },
    ]);
    assert.deepEqual(rest.registry.list(''), []);
  });

  it('refuses an object that occurs twice, an empty body, a wrong type, and a misspelled dryRun', async (test) => {
    const rest = await createRestFixture(test);
    assert.match(
      problemsOf(await rest.send('POST', '/v1/apply', `${shop}---\n${shop}`), 400, 'invalid-input').join(),
      /twice/,
    );
    for (const empty of ['', '---\n---\n', '# nothing\n']) {
      problemsOf(await rest.send('POST', '/v1/apply', empty), 400, 'invalid-input');
    }
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const refused = await rest.send('POST', '/v1/apply', shop, form);
    problemsOf(refused, 415, 'unsupported-media-type');
    assert.match(String(refused.json['detail']), /application\/yaml/);
    assert.deepEqual(
      problemsOf(await rest.send('POST', '/v1/apply?dryrun=true', shop), 400, 'invalid-input'),
      ['/dryrun: unknown field "dryrun" (did you mean "dryRun"?)'],
    );
    assert.deepEqual(rest.registry.list(''), []);
  });
});
