import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem, InvalidInputError } from '../errors/problem.ts';
import { jsonReader, parseConfigFile, syntaxOf } from './config-file.ts';
import { yamlReader } from './read-yaml.ts';
import { fromProtoJson } from './proto-json.ts';
import { loadApi } from './xds-api.ts';

const yaml = (text: string) => parseConfigFile(Buffer.from(text), 'b.yaml', yamlReader);
const json = (text: string) => parseConfigFile(Buffer.from(text), 'b.json', jsonReader);

function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (thrown) {
    assert.ok(thrown instanceof InvalidInputError, String(thrown));
    return thrown.problems.map(formatProblem);
  }
  return assert.fail('nothing was thrown');
}

test('the syntax follows the name of the file', () => {
  assert.deepEqual(['a.yaml', 'a.YML', 'a.json', 'a'].map(syntaxOf), ['yaml', 'yaml', 'json', 'json']);
});

test('plain words of YAML are what Envoy takes them for', () => {
  const text = `
- [y, Y, yes, Yes, YES, on, true, n, No, OFF, False]
- [yEs, oN, tRUE, "y", 'no', ! on]
- [~, null, NULL, "", '~']
- [12, -3, +5, 0x1F, 010, 08, 1_000, 0o17, 2147483648, -9223372036854775808, 9223372036854775808]
- [1.5, 1e3, .inf, 2001-01-01, 12:30, =, !!str 5, !!int "6", !!binary aGk=]
- {1: a, true: b, ~: c, "k": d, e: , f: !foo {g: h}}
- >-
  12
- |
  y
`;
  assert.deepEqual(yaml(text).value, [
    [true, true, true, true, true, true, true, false, false, false, false],
    ['yEs', 'oN', 'tRUE', 'y', 'no', 'on'],
    [null, null, null, '', '~'],
    [12, -3, 5, 31, 8, '08', '1_000', '0o17', '2147483648', '-9223372036854775808', '9223372036854775808'],
    ['1.5', '1e3', '.inf', '2001-01-01', '12:30', '=', 5, 6, 'aGk='],
    { 1: 'a', true: 'b', '~': 'c', k: 'd', e: null, f: { g: 'h' } },
    '12',
    'y\n',
  ]);
});

test('anchors are followed; aliases that expand to billions, or to themselves, are refused', () => {
  assert.deepEqual(yaml('a: &x {b: 1}\nc: [*x, *x]').value, { a: { b: 1 }, c: [{ b: 1 }, { b: 1 }] });
  assert.deepEqual(yaml('a: {<<: {b: 1}}').value, { a: { '<<': { b: 1 } } });
  const bomb = ['a0: &a0 [x]'];
  for (let i = 1; i < 30; i++) bomb.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}, *a${i - 1}]`);
  assert.match(problemsOf(() => yaml(bomb.join('\n')))[0]!, /aliases expand to too much/);
  assert.match(problemsOf(() => yaml('a: &x [*x]'))[0]!, /anchor/);
  assert.match(problemsOf(() => yaml('a: *x'))[0]!, /^b\.yaml:1:4: no anchor "x"/);
});

test('syntax errors have their line and column', () => {
  assert.deepEqual(
    problemsOf(() => yaml('node:\n\tid: x')),
    ['b.yaml:2:1: a tab cannot indent in YAML; use spaces'],
  );
  assert.match(problemsOf(() => yaml('node:\n  id: a: b'))[0]!, /^b\.yaml:2:\d+: /);
  assert.match(problemsOf(() => yaml('node: {id: "a'))[0]!, /^b\.yaml:1:\d+: /);
  assert.deepEqual(
    problemsOf(() => yaml('# nothing\n')),
    ['b.yaml:1:1: the file is empty; an empty configuration is {}'],
  );
  assert.deepEqual(
    problemsOf(() => json('{\n  "a": 01\n}')),
    ['b.json:2:9: not a JSON number'],
  );
  assert.deepEqual(
    problemsOf(() => json('{"a": 1} // no')),
    ['b.json:1:10: there is something behind the end of the JSON value'],
  );
  assert.match(problemsOf(() => json('{"a": "b'))[0]!, /^b\.json:1:7: a string is not ended/);
  assert.match(problemsOf(() => json('[1, /* no */ 2]'))[0]!, /^b\.json:1:5: JSON has no comments/);
  assert.match(problemsOf(() => json('{"a" 1}'))[0]!, /found "1" where ":" behind a key should be/);
  assert.match(problemsOf(() => json('['.repeat(5000)))[0]!, /nested too deeply/);
  assert.match(problemsOf(() => yaml('['.repeat(20_000)))[0]!, /nested too deeply/);
  assert.match(problemsOf(() => yaml('- '.repeat(20_000) + 'a'))[0]!, /nested too deeply/);
  assert.match(problemsOf(() => yaml('- '.repeat(1000) + 'a'))[0]!, /nested too deeply/);
});

test('JSON is read with the leniency of Envoy', () => {
  const text = `{a: 1, 'b': 'it\\'s', "c": "\t", "d": [1, 2,], "e": "\\u00fc\\ud83d\\ude00\\U0041",}`;
  assert.deepEqual(json(text).value, { a: 1, b: "it's", c: '\t', d: [1, 2], e: 'ü😀A' });
  assert.deepEqual(
    json('[-0.5e-2, true, null, {"__proto__": 1}]').value,
    JSON.parse('[-0.005, true, null, {"__proto__": 1}]'),
  );
});

test('what is accepted but was hardly meant is a warning', () => {
  const twice = yaml('node: {id: a}\nadmin: {}\nnode: {id: b}');
  assert.deepEqual(twice.value, { admin: {}, node: { id: 'b' } });
  assert.deepEqual(twice.warnings.map(formatProblem), [
    'b.yaml:3:1: the key "node" occurs twice; the last one counts',
  ]);
  const merged = json('{"a": {"b": 1}, "a": {"c": 2}, "l": [1], "l": [2], "s": 1, "s": null}');
  assert.deepEqual(merged.value, { a: { b: 1, c: 2 }, l: [1, 2], s: 1 });
  assert.equal(merged.warnings.length, 3);
  assert.match(formatProblem(yaml('{}\n---\n{{{').warnings[0]!), /^b\.yaml:2:1: only the first document/);
});

test('YAML may be UTF-8 or UTF-16; what is no UTF-8 is replaced with a warning', () => {
  const text = 'a: ü';
  for (const bytes of [
    Buffer.from(text),
    Buffer.from(`\ufeff${text}`),
    Buffer.from(text, 'utf16le'),
    Buffer.from(`\ufeff${text}`, 'utf16le'),
    Buffer.from(text, 'utf16le').swap16(),
    Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  ]) {
    assert.deepEqual(parseConfigFile(bytes, 'b.yaml', yamlReader).value, { a: 'ü' });
  }
  const latin1 = parseConfigFile(Buffer.from('a: b # ü', 'latin1'), 'b.yaml', yamlReader);
  assert.deepEqual(latin1.value, { a: 'b' });
  assert.equal(latin1.warnings.length, 1);
  assert.match(problemsOf(() => json('\ufeff{}'))[0]!, /byte order mark/);
});

test('a path of a later error finds its line', () => {
  const file = yaml(`static_resources:
  clusters:
  - name: a
    loadAssignment:
      endpoints: {priority: 3}
  - name: b
metadata:
  "x.y": {z: 1}
`);
  assert.equal(file.placeOf('static_resources.clusters[1].name'), 'b.yaml:6:11');
  assert.equal(
    file.placeOf('staticResources.clusters[0].load_assignment.endpoints[0].priority'),
    'b.yaml:5:29',
  );
  assert.equal(file.placeOf('static_resources.clusters[0].load_assignment.nothing.at.all'), 'b.yaml:4:5');
  assert.equal(file.placeOf('static_resources.clusters[7].name'), 'b.yaml:2:3');
  assert.equal(file.placeOf('metadata["x.y"].z'), 'b.yaml:8:14');
  assert.equal(file.placeOf(''), 'b.yaml:1:1');
});

test('a word that YAML read as a boolean or a number: the message says which quotes are missing', () => {
  const file = yaml('node:\n  id: n\n  cluster: 0x1F\n  user_agent_name: 12');
  const problems = (() => {
    try {
      fromProtoJson(loadApi(), 'envoy.config.bootstrap.v3.Bootstrap', file.value);
    } catch (thrown) {
      if (thrown instanceof InvalidInputError) return file.locate(thrown.problems).map(formatProblem);
    }
    return [];
  })();
  assert.deepEqual(problems, [
    'b.yaml:2:7: node.id: expected a string, found the boolean false; write it in quotes: "n" (YAML reads n as false)',
    'b.yaml:3:12: node.cluster: expected a string, found the number 31; write it in quotes: "0x1F" (YAML reads 0x1F as 31)',
    'b.yaml:4:20: node.user_agent_name: expected a string, found the number 12; write it in quotes: "12"',
  ]);
});

test('problems stand in the order of the file, whatever the order of the checks', () => {
  const file = parseConfigFile(Buffer.from('a: 1\nb:\n  c: 2\n'), 'x.yaml', yamlReader);
  const located = file.locate([
    { path: 'b.c', message: 'second' },
    { path: 'a', message: 'first' },
  ]);
  assert.deepEqual(located.map(formatProblem), ['x.yaml:1:4: a: first', 'x.yaml:3:6: b.c: second']);
});
