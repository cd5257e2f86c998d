import assert from 'node:assert/strict';
import { test } from 'node:test';
import { re2ProgramSize } from './re2-program-size.ts';

test('the size of a program is the one that Envoy 1.40 names', () => {
  const sizes: Readonly<Record<string, number>> = {
    a: 5,
    é: 6,
    '.': 6,
    '.*': 6,
    '(?s:.)': 5,
    '[^/]+': 7,
    '(?i)abc': 7,
    '(?i)[a-z]+k': 7,
    '[é-ü]': 5,
    '\\pL': 11,
    '\\w+\\d': 9,
    '\\bfoo\\b': 9,
    'a{100}': 104,
    '[a-z0-9-]{1,63}': 255,
    '[^/]{1,20}': 63,
    '(foo|bar|baz)': 13,
    '(foobar|foobaz|fooqux)x*': 17,
    '(a|b|)*': 12,
    '(a*)*': 11,
    '(^a|b)': 9,
    '^$': 2,
    '/x$': 6,
    '^/x$': 4,
    '^[12]$': 3,
    '^a+b': 5,
    '^a{3}b': 6,
    '^/api/(v[12])/(users|orders)/([^/]+)$': 28,
  };
  for (const [pattern, size] of Object.entries(sizes)) assert.equal(re2ProgramSize(pattern), size, pattern);
});
