import { test } from 'node:test';
import assert from 'node:assert/strict';
import { HeaderMap } from '../codec/header-map.ts';
import type { HeaderMatcher, StringMatcher } from '../config/model/matcher.ts';
import { CompiledHeaderMatcher } from './header-matcher.ts';

function matches(
  values: readonly string[],
  test: HeaderMatcher['test'],
  options: { invert?: boolean; missingIsEmpty?: boolean } = {},
): boolean {
  const headers = new HeaderMap();
  for (const value of values) headers.add('x-h', value);
  return new CompiledHeaderMatcher({
    name: 'x-h',
    test,
    invertMatch: options.invert ?? false,
    treatMissingAsEmpty: options.missingIsEmpty ?? false,
  }).matches(headers);
}

const string = (kind: 'exact' | 'prefix' | 'suffix' | 'contains', value: string, ignoreCase = false) =>
  ({ kind: 'string', matcher: { kind, value, ignoreCase } satisfies StringMatcher }) as const;
const regex = (pattern: string) => ({ kind: 'string', matcher: { kind: 'regex', regex: pattern } }) as const;
const present = (isPresent: boolean) => ({ kind: 'present', isPresent }) as const;
const range = { kind: 'range', start: 0, end: 10 } as const;

test('a header sent twice is tried value by value', () => {
  assert.ok(matches(['a', 'b'], string('exact', 'a')));
  assert.ok(matches(['a', 'b'], string('exact', 'b')));
  assert.ok(matches(['a', 'b'], regex('b')));
  assert.ok(!matches(['a', 'b'], string('exact', 'a,b')));
  assert.ok(!matches(['a', 'b'], string('exact', 'b'), { invert: true }));
  assert.ok(matches(['a', 'b'], string('exact', 'c'), { invert: true }));
});

test('a missing header matches no value, inverted or not, unless missing is empty', () => {
  assert.ok(!matches([], string('exact', 'a')));
  assert.ok(!matches([], string('exact', 'a'), { invert: true }));
  assert.ok(!matches([], range, { invert: true }));
  assert.ok(matches([], string('exact', ''), { missingIsEmpty: true }));
  assert.ok(matches([], string('exact', 'a'), { missingIsEmpty: true, invert: true }));
  assert.ok(matches([], present(true), { missingIsEmpty: true }));
});

test('presence', () => {
  assert.ok(matches([''], present(true)));
  assert.ok(!matches([], present(true)));
  assert.ok(matches([], present(false)));
  assert.ok(matches([], present(true), { invert: true }));
  assert.ok(!matches(['x'], present(false)));
});

test('kinds of strings, and case', () => {
  assert.ok(matches(['abc'], string('prefix', 'ab')));
  assert.ok(matches(['abc'], string('suffix', 'bc')));
  assert.ok(matches(['abc'], string('contains', 'b')));
  assert.ok(!matches(['aBc'], string('contains', 'b')));
  assert.ok(matches(['aBc'], string('contains', 'bC', true)));
  assert.ok(!matches(['abc'], regex('b')));
});

test('a range is half-open and takes whole numbers only', () => {
  for (const value of ['0', '+5', '05', '-0', '9']) assert.ok(matches([value], range), value);
  for (const value of ['10', '-1', '5.0', '0x5', '', '5a']) assert.ok(!matches([value], range), value);
  assert.ok(matches(['none'], range, { invert: true }));
});

test('the name host means :authority', () => {
  const matcher = new CompiledHeaderMatcher({
    name: 'host',
    test: string('exact', 'a.test'),
    invertMatch: false,
    treatMissingAsEmpty: false,
  });
  assert.ok(matcher.matches(HeaderMap.of({ ':authority': 'a.test' })));
});
