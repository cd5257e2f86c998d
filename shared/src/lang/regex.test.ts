import { test } from 'node:test';
import assert from 'node:assert/strict';
import { RE2JS } from 're2js';
import { compileRegex, compileRegexReplacement } from './regex.ts';
import { translatePattern } from './regex-translation.ts';

test('a pattern matches the whole text, as RE2 reads it', () => {
  const rows: [pattern: string, matching: string[], other: string[]][] = [
    ['/a', ['/a'], ['/ab', 'x/a', '']],
    ['a|ab', ['a', 'ab'], ['abb']],
    ['/v[0-9]+/.*', ['/v1/', '/v12/x'], ['/v/', '/v1']],
    ['a.c', ['abc', 'a\rc'], ['a\nc']],
    ['[[:alpha:]_]+', ['ab_'], ['a1']],
    ['[^[:space:]]', ['x'], [' ', '\v']],
    ['[]a]+', [']a'], ['b']],
    ['\\s', [' ', '\t'], ['\v', '\u00a0']],
    ['\\Qa.b\\E+', ['a.b', 'a.bb'], ['axb']],
    ['\\Aa\\z', ['a'], ['aa']],
    ['a{2,}', ['aa', 'aaa'], ['a']],
    ['a{,2}', ['a{,2}'], ['a', 'aa']],
    ['\\x41\\x{42}\\103', ['ABC'], ['abc']],
    ['(?P<n>a)(?<m>b)', ['ab'], ['a']],
    ['(?i)AbC', ['abc', 'ABC'], ['abd']],
    ['(?i:a)b', ['Ab'], ['AB']],
    ['a{1000}', ['a'.repeat(1000)], ['a'.repeat(999)]],
    ['\\pL', ['a', Buffer.from('é').toString('latin1')], ['1']],
    ['é+', [Buffer.from('éé').toString('latin1')], ['e']],
    ['\\C', ['a', '\n', '\u00ff'], ['']],
    ['', [''], ['a']],
  ];
  for (const [pattern, matching, other] of rows) {
    const regex = compileRegex(pattern);
    for (const text of matching) assert.ok(regex.matchesFully(text), `${pattern} ~ ${JSON.stringify(text)}`);
    for (const text of other) assert.ok(!regex.matchesFully(text), `${pattern} !~ ${JSON.stringify(text)}`);
  }
});

test('what RE2 refuses is refused with its reason', () => {
  for (const pattern of ['(?=a)', '(a)\\1', 'a{1001}', '[', 'a**', '(?<=a)b', '*']) {
    assert.throws(() => compileRegex(pattern), /not a regular expression of RE2/, pattern);
  }
});

test('a pattern that backtracks without end in JavaScript answers at once', () => {
  for (const pattern of ['(a+)+', '(a|a)*', '(a|a)*b{1000}']) {
    const regex = compileRegex(pattern);
    const startedAt = performance.now();
    assert.equal(regex.matchesFully(`${'a'.repeat(5_000)}!`), false);
    assert.ok(performance.now() - startedAt < 2_000, pattern);
  }
});

test('replace-all substitutes groups as RE2 does', () => {
  const rows: [pattern: string, substitution: string, text: string, expected: string][] = [
    ['^/service/([^/]+)(/.*)$', '\\2/instance/\\1', '/service/foo/v1/api', '/v1/api/instance/foo'],
    ['one', 'two', '/xxx/one/yyy/one/zzz', '/xxx/two/yyy/two/zzz'],
    ['^(.*?)one(.*)$', '\\1two\\2', '/xxx/one/yyy/one/zzz', '/xxx/two/yyy/one/zzz'],
    ['(?i)/xxx/', '/yyy/', '/aaa/XxX/bbb', '/aaa/yyy/bbb'],
    ['x*', '-', 'abc', '-a-b-c-'],
    ['x*', '-', 'xa', '-a-'],
    ['(?i)x*', '-', 'Xa', '-a-'],
    ['a', '[\\0]', 'aba', '[a]b[a]'],
    ['a', '\\\\', 'a', '\\'],
    ['a(b)?', '<\\1>', 'a', '<>'],
    ['(a)', '\\2', 'a', 'a'],
    ['a', '\\x', 'ab', 'b'],
    ['(?:(a)|b)*', '[\\1]', 'ab', '[a]'],
    ['nothing', 'x', '/path', '/path'],
  ];
  for (const [pattern, substitution, text, expected] of rows) {
    const actual = compileRegexReplacement(pattern, substitution).replaceAll(text);
    assert.equal(actual, expected, `${pattern} → ${substitution} on ${text}`);
  }
});

test('random patterns mean the same translated as in re2js', () => {
  const atoms = [
    'a',
    'b',
    '.',
    '[ab]',
    '[^a]',
    '\\w',
    '(a)',
    '(?:ab)',
    '\\s',
    '[[:digit:]]',
    '^',
    '$',
    '\\b',
    '-',
    ']',
    '}',
  ];
  const suffixes = ['', '', '', '*', '+?', '?', '{2}', '|'];
  const texts = ['', 'a', 'ab', 'aab', 'ba-', ' ', '\n', 'a b', ']}', '1'];
  let seed = 7;
  const next = (bound: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % bound;
  let checkedCount = 0;
  for (let round = 0; round < 2_000; round++) {
    let pattern = '';
    for (let length = 1 + next(5); length > 0; length--) {
      pattern += (atoms[next(atoms.length)] ?? '') + (suffixes[next(suffixes.length)] ?? '');
    }
    let oracle: RE2JS;
    try {
      oracle = RE2JS.compile(pattern);
    } catch {
      continue;
    }
    const regex = compileRegex(pattern);
    for (const text of texts) {
      assert.equal(regex.matchesFully(text), oracle.matches(text), `${pattern} on ${JSON.stringify(text)}`);
      assert.equal(
        regex.matchesPartially(text),
        oracle.matcher(text).find(),
        `${pattern} in ${JSON.stringify(text)}`,
      );
    }
    checkedCount++;
  }
  assert.ok(checkedCount > 1_000);
  assert.equal(translatePattern('a.b')?.source, 'a[^\\n]b');
});
