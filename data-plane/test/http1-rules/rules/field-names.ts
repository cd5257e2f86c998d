import type { Rule } from '../rule.ts';
import { forwarded, get, hidden, post, refused, rule } from './build-rule.ts';

const noSpace = 'white space between a name and its colon is 400';
const noName = 'what is no field name is never sent on';

const invalidNames: readonly (readonly [name: string, line: string])[] = [
  ['space-inside', 'X A: 1'],
  ['tab-inside', 'X\tA: 1'],
  ['parenthesis', 'X(A: 1'],
  ['comma', 'X,A: 1'],
  ['slash', 'X/A: 1'],
  ['semicolon', 'X;A: 1'],
  ['less', 'X<A: 1'],
  ['equals', 'X=A: 1'],
  ['question', 'X?A: 1'],
  ['at', 'X@A: 1'],
  ['bracket', 'X[A: 1'],
  ['backslash', 'X\\A: 1'],
  ['brace', 'X{A: 1'],
  ['quote', 'X"A: 1'],
  ['nul', 'X\0A: 1'],
  ['control', 'X\x01A: 1'],
  ['delete', 'X\x7fA: 1'],
  ['latin1', 'X\xe9A: 1'],
  ['utf8', 'X\xc3\xa9A: 1'],
];

/** RFC 9112 5.1; RFC 9110 2.2, 5.1. */
export const fieldNameRules: readonly Rule[] = [
  // Between name and colon.
  rule('MUST', '9112 5.1', 'colon-after-space', noSpace, get('X-A : 1\r\n'), refused(400)),
  rule('MUST', '9112 5.1', 'colon-after-tab', noSpace, get('X-A\t: 1\r\n'), refused(400)),
  rule('MUST', '9112 5.1', 'colon-after-spaces', noSpace, get('X-A   : 1\r\n'), refused(400)),
  rule(
    'MUST',
    '9112 5.1',
    'colon-after-space-first-field',
    noSpace,
    'GET /x HTTP/1.1\r\nX-A : 1\r\nHost: a.test\r\n\r\n',
    refused(400),
  ),
  rule(
    'MUST',
    '9112 5.1',
    'length-colon-after-space',
    noSpace,
    post('Content-Length : 2\r\n', `ok${hidden}`),
    refused(400),
  ),
  rule(
    'MUST',
    '9112 5.1',
    'length-colon-after-tab',
    noSpace,
    post('Content-Length\t: 2\r\n', `ok${hidden}`),
    refused(400),
  ),
  rule(
    'MUST',
    '9112 5.1',
    'coding-colon-after-space',
    noSpace,
    post('Transfer-Encoding : chunked\r\n', '2\r\nok\r\n0\r\n\r\n'),
    refused(400),
  ),
  rule(
    'MUST',
    '9112 5.1',
    'coding-colon-after-tab',
    noSpace,
    post('Transfer-Encoding\t: chunked\r\n', '2\r\nok\r\n0\r\n\r\n'),
    refused(400),
  ),
  rule(
    'MUST',
    '9112 5.1',
    'coding-colon-after-space-beside-length',
    noSpace,
    post('Content-Length: 12\r\nTransfer-Encoding : chunked\r\n', '2\r\nok\r\n0\r\n\r\n'),
    refused(400),
  ),

  // Names.
  ...invalidNames.map(([name, line]) =>
    rule('MUST', '9110 2.2', `name-${name}`, noName, get(`${line}\r\n`), [refused(), forwarded()]),
  ),
  rule('MUST', '9110 2.2', 'name-empty', noName, get(': 1\r\n'), [refused(), forwarded()]),
  rule('MUST', '9110 2.2', 'name-without-colon', noName, get('X-A\r\n'), [refused(), forwarded()]),
  rule('MUST', '9110 2.2', 'name-without-colon-nor-value', noName, get('X-A 1\r\n'), [
    refused(),
    forwarded(),
  ]),
  rule('MUST', '9110 2.2', 'name-pseudo', noName, get(':authority: b.test\r\n'), [
    refused(),
    forwarded({ has: { host: 'a.test' } }),
  ]),
  rule(
    'MUST',
    '9110 5.1',
    'name-of-all-token-characters',
    'unrecognised fields are forwarded',
    get("!#$%&'*+-.^_`|~09Az: 1\r\n"),
    forwarded({ has: { "!#$%&'*+-.^_`|~09az": '1' } }),
  ),
  rule(
    'MUST',
    '9110 5.1',
    'name-with-underscore',
    'unrecognised fields are forwarded',
    get('X_A: 1\r\n'),
    forwarded({ has: { x_a: '1' } }),
  ),
  rule(
    'MUST',
    '9110 5.1',
    'name-with-dot',
    'unrecognised fields are forwarded',
    get('X.A: 1\r\n'),
    forwarded({ has: { 'x.a': '1' } }),
  ),
  rule(
    'MUST',
    '9110 5.1',
    'name-of-digits',
    'unrecognised fields are forwarded',
    get('123: 1\r\n'),
    forwarded({ has: { 123: '1' } }),
  ),
  rule(
    'MUST',
    '9110 5.1',
    'name-unknown',
    'unrecognised fields are forwarded',
    get('X-Nobody-Knows: 1\r\n'),
    forwarded({ has: { 'x-nobody-knows': '1' } }),
  ),
  rule(
    'MUST',
    '9110 5.1',
    'name-of-one-character',
    'unrecognised fields are forwarded',
    get('a: 1\r\n'),
    forwarded({ has: { a: '1' } }),
  ),
];
