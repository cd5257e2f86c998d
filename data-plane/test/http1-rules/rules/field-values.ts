import type { Rule } from '../rule.ts';
import { clientErrors, dropped, forwarded, get, hidden, post, refused, rule } from './build-rule.ts';

const noValue = 'CR, LF and NUL in a value: refused, or a space';
const folded = 'a folded line is 400, or one line';
const spaced = (text: string): readonly string[] => [text, text.replaceAll(/ +/g, ' ')];

/** RFC 9112 2.2, 5.2; RFC 9110 5.3, 5.4, 5.5. */
export const fieldValueRules: readonly Rule[] = [
  // Values.
  rule(
    'MUST',
    '9112 5',
    'value-without-space',
    'no space is needed behind the colon',
    get('X-A:1\r\n'),
    forwarded({ has: { 'x-a': '1' } }),
  ),
  rule(
    'MUST',
    '9112 5',
    'value-with-white-space-around',
    'white space around a value is no part of it',
    get('X-A: \t 1 \t \r\n'),
    forwarded({ has: { 'x-a': '1' } }),
  ),
  rule(
    'MUST',
    '9112 5',
    'value-with-tab-before',
    'white space around a value is no part of it',
    get('X-A:\t1\r\n'),
    forwarded({ has: { 'x-a': '1' } }),
  ),
  rule(
    'MUST',
    '9110 5.5',
    'value-with-inner-space',
    'what stands within a value stays',
    get('X-A: a  b\r\n'),
    forwarded({ has: { 'x-a': spaced('a  b') } }),
  ),
  rule(
    'MUST',
    '9110 5.5',
    'value-with-inner-tab',
    'what stands within a value stays',
    get('X-A: a\tb\r\n'),
    forwarded({ has: { 'x-a': ['a\tb', 'a b'] } }),
  ),
  rule(
    'MUST',
    '9110 5.5',
    'value-empty',
    'a value may be empty',
    get('X-A:\r\n'),
    forwarded({ has: { 'x-a': '' } }),
  ),
  rule(
    'MUST',
    '9110 5.5',
    'value-only-space',
    'a value may be empty',
    get('X-A: \t \r\n'),
    forwarded({ has: { 'x-a': '' } }),
  ),
  rule(
    'MUST',
    '9110 5.5',
    'value-with-colons',
    'a value may hold colons',
    get('X-A: b: c\r\n'),
    forwarded({ has: { 'x-a': 'b: c' } }),
  ),
  rule(
    'SHOULD',
    '9110 5.5',
    'value-latin1',
    'obs-text is opaque',
    get('X-A: \xe9\xff\r\n'),
    forwarded({ has: { 'x-a': '\xe9\xff' } }),
  ),
  rule(
    'SHOULD',
    '9110 5.5',
    'value-utf8',
    'obs-text is opaque',
    get('X-A: \xc3\xa9\r\n'),
    forwarded({ has: { 'x-a': '\xc3\xa9' } }),
  ),
  ...(
    [
      ['nul', 'a\0b', 'a b'],
      ['nul-first', '\0b', 'b'],
      ['nul-last', 'a\0', 'a'],
      ['cr', 'a\rb', 'a b'],
      ['cr-first', '\rb', 'b'],
      ['cr-cr', 'a\r\rb', 'a  b'],
    ] as const
  ).map(([name, value, plain]) =>
    rule('MUST', '9110 5.5', `value-${name}`, noValue, get(`X-A: ${value}\r\n`), [
      refused(),
      forwarded({ has: { 'x-a': spaced(plain) } }),
    ]),
  ),
  rule('MUST', '9110 5.5', 'value-cr-last', noValue, get('X-A: a\r\r\n'), [
    refused(),
    forwarded({ has: { 'x-a': 'a' } }),
  ]),
  rule('MUST', '9110 5.5', 'value-cr-hides-a-field', noValue, get('X-A: a\rX-B: 1\r\n'), [
    refused(),
    forwarded({ lacks: ['x-b'] }),
  ]),
  rule(
    'MUST',
    '9110 5.5',
    'value-nul-hides-a-length',
    noValue,
    post('X-A: a\0\r\nContent-Length: 2\r\n', 'ok'),
    [refused(), forwarded({ body: 'ok' })],
  ),
  ...[
    ['bell', '\x07'],
    ['escape', '\x1b'],
    ['vertical-tab', '\x0b'],
    ['form-feed', '\x0c'],
    ['delete', '\x7f'],
  ].map(([name = '', control = '']) =>
    rule(
      'MAY',
      '9110 5.5',
      `value-${name}`,
      'other controls are invalid, and may be kept where that is safe',
      get(`X-A: a${control}b\r\n`),
      [refused(), { requests: [{ target: '/x' }] }, { answers: [{ status: 200 }] }],
    ),
  ),

  // Lines.
  rule('MUST', '9112 5.2', 'fold-space', folded, get('X-A: a\r\n b\r\n'), [
    refused(400),
    forwarded({ has: { 'x-a': spaced('a  b') } }),
  ]),
  rule('MUST', '9112 5.2', 'fold-tab', folded, get('X-A: a\r\n\tb\r\n'), [
    refused(400),
    forwarded({ has: { 'x-a': ['a b', 'a \tb', 'a  b'] } }),
  ]),
  rule('MUST', '9112 5.2', 'fold-twice', folded, get('X-A: a\r\n b\r\n c\r\n'), [
    refused(400),
    forwarded({ has: { 'x-a': ['a b c', 'a  b  c'] } }),
  ]),
  rule('MUST', '9112 5.2', 'fold-empty-value', folded, get('X-A:\r\n b\r\n'), [
    refused(400),
    forwarded({ has: { 'x-a': 'b' } }),
  ]),
  rule('MUST', '9112 5.2', 'fold-only-space', folded, get('X-A: a\r\n \r\nX-B: 1\r\n'), [
    refused(400),
    forwarded({ has: { 'x-a': 'a', 'x-b': '1' } }),
  ]),
  rule('MUST', '9112 5.2', 'fold-looks-like-a-field', folded, get('X-A: a\r\n X-B: 1\r\n'), [
    refused(400),
    forwarded({ has: { 'x-a': ['a X-B: 1', 'a  X-B: 1'] }, lacks: ['x-b'] }),
  ]),
  rule('MUST', '9112 5.2', 'fold-length', folded, post('Content-Length:\r\n 2\r\n', 'ok'), [
    refused(400),
    forwarded({ body: 'ok' }),
  ]),
  rule(
    'MUST',
    '9112 5.2',
    'fold-length-continued',
    folded,
    post('Content-Length: 2\r\n 2\r\n', `ok${hidden}`),
    refused(400),
  ),
  rule(
    'MUST',
    '9112 5.2',
    'fold-coding',
    folded,
    post('Transfer-Encoding:\r\n chunked\r\n', '2\r\nok\r\n0\r\n\r\n'),
    [refused(400), forwarded({ body: 'ok' })],
  ),
  rule(
    'MUST',
    '9112 5.2',
    'fold-coding-name',
    folded,
    post('X-A: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n', 'ok'),
    [refused(400), forwarded({ body: 'ok' })],
  ),
  rule('MAY', '9112 2.2', 'lf-ends-field', 'a lone LF is a line end, or refused', get('X-A: 1\n'), [
    refused(),
    forwarded({ has: { 'x-a': '1' } }),
  ]),
  rule(
    'MAY',
    '9112 2.2',
    'lf-ends-head',
    'a lone LF is a line end, or refused',
    'GET /x HTTP/1.1\r\nHost: a.test\r\n\n',
    [refused(), forwarded()],
  ),
  rule(
    'MAY',
    '9112 2.2',
    'lf-everywhere',
    'a lone LF is a line end, or refused',
    'GET /x HTTP/1.1\nHost: a.test\n\n',
    [refused(), forwarded()],
  ),
  rule(
    'MUST',
    '9112 2.2',
    'cr-ends-field',
    'a bare CR makes the element invalid, or is a space',
    get('X-A: 1\rX-B: 2\r\n'),
    [refused(), forwarded({ lacks: ['x-b'] })],
  ),
  rule(
    'MUST',
    '9112 2.2',
    'cr-ends-head',
    'a bare CR makes the element invalid, or is a space',
    'GET /x HTTP/1.1\r\nHost: a.test\r\n\r\r\n\r\n',
    [refused(), { requests: [], answers: [] }],
  ),

  // Order and amount.
  rule(
    'MUST',
    '9110 5.3',
    'lines-of-one-name',
    'the order of the lines of one name stays',
    get('X-A: 1\r\nX-B: m\r\nX-A: 2\r\nX-A: 3\r\n'),
    forwarded({ has: { 'x-a': '1, 2, 3', 'x-b': 'm' } }),
  ),
  rule(
    'MUST',
    '9110 5.3',
    'lines-of-one-name-in-cases',
    'the order of the lines of one name stays',
    get('X-A: 3\r\nx-a: 2\r\nX-a: 1\r\n'),
    forwarded({ has: { 'x-a': '3, 2, 1' } }),
  ),
  rule(
    'MUST',
    '9110 5.3',
    'lines-with-empty-ones',
    'the order of the lines of one name stays',
    get('X-A: 1\r\nX-A:\r\nX-A: 2\r\n'),
    forwarded({ has: { 'x-a': '1, , 2' } }),
  ),
  rule(
    'MUST',
    '9110 5.4',
    'field-too-large',
    'a field larger than is wished for is a 4xx',
    get(`X-A: ${'v'.repeat(150_000)}\r\n`),
    [refused(...clientErrors), forwarded({ has: { 'x-a': 'v'.repeat(150_000) } })],
  ),
  rule(
    'MUST',
    '9110 5.4',
    'name-too-large',
    'a field larger than is wished for is a 4xx',
    get(`${'n'.repeat(150_000)}: 1\r\n`),
    [refused(...clientErrors), forwarded()],
  ),
  rule(
    'MUST',
    '9110 5.4',
    'fields-too-many',
    'more fields than are wished for are a 4xx',
    get(Array.from({ length: 3_000 }, (_, index) => `X-${index}: 1\r\n`).join('')),
    [refused(...clientErrors), forwarded({ has: { 'x-2999': '1' } })],
  ),
  rule(
    'MUST',
    '9110 5.4',
    'fields-endless',
    'fields without an end are a 4xx, or a close',
    `GET /x HTTP/1.1\r\nHost: a.test\r\n${'X-A: 12345678\r\n'.repeat(20_000)}`,
    [refused(...clientErrors), dropped],
  ),
  rule(
    'MUST',
    '9110 5.4',
    'fields-80',
    'a usual number of fields is forwarded',
    get(Array.from({ length: 80 }, (_, index) => `X-${index}: 1\r\n`).join('')),
    forwarded({ has: { 'x-79': '1' } }),
  ),
];
