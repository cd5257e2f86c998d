import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidDocumentsError, parseDocuments } from './parse-documents.ts';

function refusal(text: string): string[] {
  try {
    parseDocuments(text);
  } catch (thrown) {
    if (thrown instanceof InvalidDocumentsError) return thrown.message.split('\n');
    throw thrown;
  }
  throw new Error('it was taken');
}

describe('parseDocuments', () => {
  it('reads YAML and JSON documents in one text, and skips empty ones', () => {
    const text = `# the shop
---
kind: Service
metadata: { name: cart }
---
# nothing here
---
{"kind":"Service",
\t"metadata":{"name":"shop"},
\t"spec":{"port":7001}}
...
`;
    const documents = parseDocuments(text);
    assert.deepEqual(
      documents.map(({ object }) => object),
      [
        { kind: 'Service', metadata: { name: 'cart' } },
        { kind: 'Service', metadata: { name: 'shop' }, spec: { port: 7001 } },
      ],
    );
    const [, shop] = documents;
    assert.ok(shop !== undefined);
    assert.deepEqual(shop.locate('/spec/port'), { documentIndex: 2, line: 10, column: 10 });
    assert.deepEqual(shop.locate('/spec/none/deeper'), { documentIndex: 2, line: 10, column: 2 });
    assert.deepEqual(parseDocuments(''), []);
    assert.deepEqual(parseDocuments('{"kind":"Service","metadata":{"name":"a"}}').length, 1);
  });

  it('reports the problems of all documents with line and column', () => {
    const text = `kind: Service
metadata:
  name: Cart
  nmae: x
---
kind: Instance
metadata: { name: '1' }
spec:
  address: 10.0.0.1
  port: '80'
  version: 1.10
---
kind: Servce
`;
    assert.deepEqual(refusal(text), [
      '3:3: /metadata/name: expected lower-case letters, digits and inner dashes (at most 63), got "Cart"',
      '4:3: /metadata/nmae: unknown field "nmae"',
      '7:1: /metadata/service: is required',
      '10:3: /spec/port: expected a whole number, got "80"',
      '11:3: /spec/version: expected text, got 1.1; write it in quotes',
      '13:1: /kind: unknown kind "Servce" (did you mean "Service"?)',
    ]);
  });

  it('a stray dash or a wrong indentation is an error, never a route that matches everything', () => {
    const route = (rule: string) => `kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: a }]
  rules:
${rule}`;
    assert.deepEqual(
      parseDocuments(route('  - matches: [{ path: { value: /a } }]\n    backendRefs: [{ name: a }]')).length,
      1,
    );
    assert.deepEqual(
      refusal(route('  - matches: [{ path: { value: /a } }]\n  - backendRefs: [{ name: a }]')),
      ['6:5: /spec/rules/0/backendRefs: at least one backend, or a RequestRedirect'].map((line) =>
        line.replace('6:5', '6:5'),
      ),
    );
    assert.match(
      refusal(route('  - matches: [{ path: { value: /a } }]\n   backendRefs: [{ name: a }]')).join(),
      /^7:/,
    );
  });

  it('reports syntax, duplicate keys and unknown anchors', () => {
    assert.deepEqual(refusal('kind: Service\nkind: Service'), ['2:1: Map keys must be unique']);
    assert.match(refusal('a: [1').join(), /^1:6: /);
    assert.match(refusal('a: *b').join(), /^1:1: .*alias.*b/);
    assert.match(refusal('{"kind":"Service",,}').join(), /^1:19: /);
    assert.match(refusal('kind: !!x Service\nmetadata: {name: a}').join(), /^1:7: .*tag/);
  });

  it('refuses an object that occurs twice and says where it was first', () => {
    const service = 'kind: Service\nmetadata: { name: a }\n';
    assert.deepEqual(refusal(`${service}---\n${service}`), [
      '5:13: /metadata/name: Service "a" occurs twice (first in line 1)',
    ]);
  });

  it('survives nesting and aliases that explode', () => {
    assert.deepEqual(refusal('['.repeat(100_000)), ['1:1: is nested too deeply']);
    assert.deepEqual(refusal(`${'['.repeat(20_000)}${']'.repeat(20_000)}`), ['1:1: is nested too deeply']);
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]\n`;
    assert.match(refusal(bomb).join(), /alias/i);
  });
});
