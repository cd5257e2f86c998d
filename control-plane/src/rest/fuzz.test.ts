import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createSeededRng, randomInteger, type Rng } from '@heddle/shared/random/rng';
import { createRestFixture } from './rest-app.fixture.ts';

const paths = [
  '/v1/services/cart',
  '/v1/services/__proto__',
  '/v1/services/constructor',
  '/v1/services/cart/instances/1',
  '/v1/services/cart/instances/..%2f..',
  '/v1/services/toString/instances/valueOf',
  '/v1/routes/cart',
  '/v1/routes/%00',
  '/v1/policies/cart',
  '/v1/apply',
  '/v1/apply?dryRun=true',
  '/v1/apply?__proto__=1',
  '/v1/proxies/__proto__',
];
const fieldNames = [
  'kind', 'metadata', 'spec', 'name', 'service', 'address', 'port', 'weight', 'version', 'lease', 'ttlSeconds', 'health', 'locality',
  'parentRefs', 'hostnames', 'rules', 'matches', 'path', 'type', 'value', 'headers', 'filters', 'urlRewrite', 'backendRefs', 'timeouts',
  'request', 'retry', 'codes', 'targetRef', 'loadBalancer', 'policy', 'healthCheck', 'http', 'tcp', 'interval', 'revision',
  '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '', 'a/b~c', '\u0000', 'x'.repeat(300),
]; // prettier-ignore
const scalars = [
  'null', 'true', '0', '-0', '-1', '1', '80', '1.5', '1e308', '1e999', '-1e999', '9007199254740993', '99999999999999999999',
  '""', '"cart"', '"1s"', '"::1"', '"10.0.0.1"', '"v1"', '"/"', '"Service"', '"Instance"', '"HTTPRoute"', '"Policy"', '"PathPrefix"',
  '"RegularExpression"', '"(a+)+$"', '"(?=x)"', '"\\u0000"', '"\\ud800"', '"__proto__"', '{}', '[]', '[[]]', `"${'9'.repeat(500)}s"`,
]; // prettier-ignore

function pick<T>(rng: Rng, values: readonly T[]): T {
  return values[randomInteger(rng, values.length)] as T;
}

/** JSON text rather than a value: duplicate keys, `__proto__` and huge numbers exist in text only. */
function randomJson(rng: Rng, depth: number): string {
  const shape = randomInteger(rng, depth > 0 ? 4 : 1);
  const items = (make: () => string) => Array.from({ length: randomInteger(rng, 5) }, make).join(',');
  if (shape <= 1 && depth < 4) return pick(rng, scalars);
  if (shape === 2) return `[${items(() => randomJson(rng, depth - 1))}]`;
  return `{${items(() => `${JSON.stringify(pick(rng, fieldNames))}:${randomJson(rng, depth - 1)}`)}}`;
}

const handmade = [
  '['.repeat(100_000),
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  '&a [*a, *a]',
  `a: &a [x]\nb: &b [${'*a,'.repeat(99)}]\nc: [${'*b,'.repeat(999)}]`,
  '%YAML 9.9\n---\nkind: Service',
  '? [a, b]\n: c',
  '!!js/function x',
  'kind: !!binary aGk=',
  '\t- x',
  '\u0000',
  '\ufeffkind: Service\nmetadata: {name: a}',
  'kind: Service\nkind: Service',
  '---\n...\n---\n...',
];

it('no input makes the API answer 5xx or change a prototype', async (test) => {
  const rest = await createRestFixture(test);
  await rest.send('PUT', '/v1/services/cart', {});
  const rng = createSeededRng(20_240_401);
  const bodies = [
    ...handmade,
    ...Array.from({ length: 1_500 }, () => randomJson(rng, 1 + randomInteger(rng, 6))),
  ];
  const statuses = new Map<number, number>();
  for (const [index, body] of bodies.entries()) {
    const chosen = index < handmade.length ? paths : [pick(rng, paths)];
    for (const url of chosen) {
      const method = url.includes('apply') ? 'POST' : url.includes('proxies') ? 'GET' : 'PUT';
      const answer = await rest.send(method, url, method === 'GET' ? undefined : body, {
        ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
        'if-match': pick(rng, ['*', '"1"', '"x', '', ',', 'W/"1"']),
      });
      assert.ok(
        answer.status < 500,
        `${method} ${url} ${body.slice(0, 300)}\n${answer.status} ${answer.text}`,
      );
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
  }
  assert.ok((statuses.get(400) ?? 0) > 500, 'most of it is refused');
  assert.deepEqual(Object.keys(Object.prototype), []);
  assert.equal(({} as { port?: unknown }).port, undefined);
});
