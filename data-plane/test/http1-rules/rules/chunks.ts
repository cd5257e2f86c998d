import type { Outcome, Rule } from '../rule.ts';
import { chunked, forwarded, forwardedBoth, get, hidden, rule } from './build-rule.ts';

const understood = forwarded({ body: 'ok' });
const noGrammar = 'a body that does not match the grammar is 400 and a close, and never complete';
const faulty: Outcome = { requests: [], closes: true };
const ignored = 'unknown chunk extensions are ignored';
const noOverflow = 'great sizes do not overflow: this chunk is not complete';
const unfinished: readonly Outcome[] = [{ requests: [], answers: [] }, faulty];

const sizes: readonly (readonly [name: string, body: string, expected: string])[] = [
  ['several', '1\r\no\r\n1\r\nk\r\n0\r\n\r\n', 'ok'],
  ['hex-lower-case', `a\r\n0123456789\r\n0\r\n\r\n`, '0123456789'],
  ['hex-upper-case', `A\r\n0123456789\r\n0\r\n\r\n`, '0123456789'],
  ['two-digits', `10\r\n0123456789abcdef\r\n0\r\n\r\n`, '0123456789abcdef'],
  ['leading-zeros', '0002\r\nok\r\n0\r\n\r\n', 'ok'],
  ['last-of-several-zeros', '2\r\nok\r\n0000\r\n\r\n', 'ok'],
  ['empty', '0\r\n\r\n', ''],
  ['data-with-line-ends', '4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n'],
  ['data-like-a-last-chunk', '5\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n'],
  ['data-like-a-request', `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`, hidden],
];

const extensions: readonly (readonly [name: string, extension: string])[] = [
  ['name', ';a'],
  ['value', ';a=b'],
  ['quoted', ';a="b"'],
  ['quoted-semicolon', ';a="x;y"'],
  ['quoted-pair', ';a="\\""'],
  ['two', ';a=b;c=d'],
  ['white-space', ' ; a = b'],
  ['tab', '\t;a'],
];

const invalid: readonly (readonly [name: string, body: string])[] = [
  ['size-empty', '\r\nok\r\n0\r\n\r\n'],
  ['size-hex-prefix', '0x2\r\nok\r\n0\r\n\r\n'],
  ['size-plus', '+2\r\nok\r\n0\r\n\r\n'],
  ['size-minus', '-2\r\nok\r\n0\r\n\r\n'],
  ['size-word', 'g\r\nok\r\n0\r\n\r\n'],
  ['size-space-before', ' 2\r\nok\r\n0\r\n\r\n'],
  ['size-two', '2 2\r\nok\r\n0\r\n\r\n'],
  ['size-comma', '2,\r\nok\r\n0\r\n\r\n'],
  ['size-underscore', '0_2\r\nok\r\n0\r\n\r\n'],
  ['size-fraction', '2.0\r\nok\r\n0\r\n\r\n'],
  ['size-nul', '2\0\r\nok\r\n0\r\n\r\n'],
  ['size-vertical-tab', '2\x0b\r\nok\r\n0\r\n\r\n'],
  ['size-latin1', '\xb2\r\nok\r\n0\r\n\r\n'],
  ['size-quoted', '"2"\r\nok\r\n0\r\n\r\n'],
  ['size-line-lf', '2\nok\r\n0\r\n\r\n'],
  ['size-line-lf-cr', '2\n\rok\r\n0\r\n\r\n'],
  ['last-line-lf', '2\r\nok\r\n0\n\r\n'],
  ['data-lf', '2\r\nok\n0\r\n\r\n'],
  ['data-cr', '2\r\nok\r0\r\n\r\n'],
  ['data-without-end', '2\r\nok0\r\n\r\n'],
  ['data-other-byte-for-cr', '2\r\nokx\n0\r\n\r\n'],
  ['data-two-lf', '2\r\nok\n\n0\r\n\r\n'],
  ['data-other-byte-for-lf', '2\r\nok\rx0\r\n\r\n'],
  ['size-line-other-byte-for-lf', '2\rxok\r\n0\r\n\r\n'],
  ['data-too-long', '2\r\noka\r\n0\r\n\r\n'],
  ['data-too-short', '3\r\nok\r\n0\r\n\r\n'],
  ['data-junk-behind', '2\r\nokxx\r\n0\r\n\r\n'],
  ['data-two-ends', '2\r\nok\r\n\r\n0\r\n\r\n'],
  ['extension-lf', `2;a\nxx\r\nok\r\n0\r\n\r\n`],
  ['extension-of-last-lf', `2\r\nok\r\n0;a\n\r\n`],
];

/** RFC 9112 7.1, 8. */
export const chunkRules: readonly Rule[] = [
  ...sizes.map(([name, body, expected]) =>
    rule(
      'MUST',
      '9112 7.1',
      `chunks-${name}`,
      'chunks are decoded',
      chunked(body),
      forwarded({ body: expected }),
    ),
  ),
  ...extensions.map(([name, extension]) =>
    rule(
      'MUST',
      '9112 7.1.1',
      `extension-${name}`,
      ignored,
      chunked(`2${extension}\r\nok\r\n0\r\n\r\n`),
      understood,
    ),
  ),
  rule('MUST', '9112 7.1.1', 'extension-of-last', ignored, chunked('2\r\nok\r\n0;a=b\r\n\r\n'), understood),
  rule(
    'MUST',
    '9112 7.1.1',
    'extension-then-next',
    ignored,
    chunked(`2;a="b c"\r\nok\r\n0;d\r\n\r\n${hidden}`),
    forwardedBoth({ target: '/x', body: 'ok' }, { target: '/hidden' }),
  ),
  rule(
    'MAY',
    '9112 7.1.1',
    'extension-long',
    'the length of extensions is limited',
    chunked(`2;${'a'.repeat(60_000)}\r\nok\r\n0\r\n\r\n`),
    [understood, faulty],
  ),
  rule(
    'MUST',
    '9112 2.2',
    'extension-bare-cr',
    'a bare CR makes the element invalid, or is a space',
    chunked(`2;a\rb\r\nok\r\n0\r\n\r\n${hidden}`),
    [faulty, forwardedBoth({ target: '/x', body: 'ok' }, { target: '/hidden' })],
  ),
  rule(
    'MAY',
    '9112 7.1',
    'size-space-behind',
    'white space behind a size is no grammar, and often sent',
    chunked('2 \r\nok\r\n0\r\n\r\n'),
    [understood, faulty],
  ),
  rule(
    'MAY',
    '9112 7.1',
    'size-many-zeros',
    'a size of many digits is decoded or refused',
    chunked(`${'0'.repeat(60)}2\r\nok\r\n0\r\n\r\n`),
    [understood, faulty],
  ),
  ...(
    [
      ['2-to-the-32', '100000002'],
      ['2-to-the-31', '80000002'],
      ['2-to-the-53', '20000000000002'],
      ['2-to-the-63', '8000000000000002'],
      ['2-to-the-64', '10000000000000002'],
      ['2-to-the-64-less-1', 'ffffffffffffffff'],
      ['2-to-the-128', '100000000000000000000000000000002'],
    ] as const
  ).map(([name, size]) =>
    rule(
      'MUST',
      '9112 7.1',
      `size-${name}`,
      noOverflow,
      chunked(`${size}\r\nok\r\n0\r\n\r\n${hidden}`),
      unfinished,
    ),
  ),
  ...invalid.map(([name, body]) =>
    rule('SHOULD', '9112 2.2', `chunk-${name}`, noGrammar, chunked(body + hidden), faulty),
  ),
  rule(
    'MUST',
    '9112 8',
    'chunks-without-last',
    'without the last chunk a body is incomplete',
    chunked('2\r\nok\r\n'),
    faulty,
    { endsAfterRequest: true },
  ),
  rule(
    'MUST',
    '9112 8',
    'chunks-cut-in-data',
    'without the last chunk a body is incomplete',
    chunked('4\r\nok'),
    faulty,
    { endsAfterRequest: true },
  ),
  rule(
    'MUST',
    '9112 8',
    'chunks-cut-in-size',
    'without the last chunk a body is incomplete',
    chunked('2\r\nok\r\n0'),
    faulty,
    { endsAfterRequest: true },
  ),
  rule(
    'MUST',
    '9112 8',
    'chunks-without-end-of-trailers',
    'a trailer section ends with an empty line',
    chunked('2\r\nok\r\n0\r\n'),
    faulty,
    { endsAfterRequest: true },
  ),
  rule(
    'MUST',
    '9112 7.1',
    'chunks-wait-for-the-end',
    'a trailer section ends with an empty line',
    chunked('2\r\nok\r\n0\r\n'),
    { requests: [], answers: [] },
  ),
  rule(
    'MUST',
    '9112 9.3',
    'chunks-two-requests',
    'the second body is read as the first',
    chunked(`2\r\nok\r\n0\r\n\r\n${chunked('2\r\nko\r\n0\r\n\r\n')}`),
    forwardedBoth({ body: 'ok' }, { body: 'ko' }),
  ),
  rule(
    'MUST',
    '9112 9.3',
    'chunks-after-a-get',
    'the second body is read as the first',
    `${get()}${chunked('2\r\nok\r\n0\r\n\r\n')}`,
    forwardedBoth({ method: 'GET' }, { method: 'POST', body: 'ok' }),
  ),
];
