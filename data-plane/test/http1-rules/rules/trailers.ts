import type { Rule } from '../rule.ts';
import {
  answerRule,
  badGateway,
  chunked,
  delivered,
  forwarded,
  forwardedBoth,
  hidden,
  rule,
} from './build-rule.ts';
import type { Outcome } from '../rule.ts';

const faulty: Outcome = { requests: [], closes: true };
const trailer = (lines: string, behind = ''): string => chunked(`2\r\nok\r\n0\r\n${lines}\r\n${behind}`);
const understood = forwarded({ body: 'ok' });
const notThere = 'a field that frames, routes or authenticates is no trailer: not sent on';
const asInHeads = 'trailers have the syntax of fields';
const forbidden = [
  'Authorization',
  'Cache-Control',
  'Connection',
  'Content-Encoding',
  'Content-Length',
  'Content-Range',
  'Content-Type',
  'Cookie',
  'Expect',
  'Host',
  'Keep-Alive',
  'Max-Forwards',
  'Proxy-Authorization',
  'Range',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
];

/** RFC 9110 6.5; RFC 9112 7.1.2. */
export const trailerRules: readonly Rule[] = [
  rule(
    'MAY',
    '9110 6.5.1',
    'trailer',
    'a trailer is kept apart or dropped',
    trailer('X-T: 1\r\n'),
    understood,
  ),
  rule(
    'MAY',
    '9110 6.5.1',
    'trailers',
    'trailers are kept apart or dropped',
    trailer('X-T: 1\r\nX-U: 2\r\n'),
    understood,
  ),
  rule(
    'MUST',
    '9110 6.5.1',
    'trailer-not-merged',
    'a trailer does not become a header field',
    chunked('2\r\nok\r\n0\r\nX-A: 2\r\n\r\n', 'X-A: 1\r\n'),
    forwarded({ body: 'ok', has: { 'x-a': '1' } }),
  ),
  rule(
    'MUST',
    '9112 7.1.2',
    'trailer-then-next',
    'what is behind the trailers is the next request',
    trailer('X-T: 1\r\n', hidden),
    forwardedBoth({ target: '/x', body: 'ok' }, { target: '/hidden' }),
  ),
  rule(
    'MUST',
    '9112 7.1.2',
    'trailer-like-a-request',
    'a trailer section is not read as a request',
    chunked(`0\r\nGET: /hidden\r\n\r\n`),
    forwarded({ body: '' }),
  ),
  ...forbidden.map((name) =>
    rule('MUST', '9110 6.5.1', `trailer-${name.toLowerCase()}`, notThere, trailer(`${name}: 1\r\n`), [
      faulty,
      { requests: [{ body: 'ok', lacksTrailers: [name.toLowerCase()] }] },
    ]),
  ),
  rule(
    'MUST',
    '9112 5.1',
    'trailer-space-before-colon',
    'white space between a name and its colon is 400',
    trailer('X-T : 1\r\n', hidden),
    [faulty, forwardedBoth({ body: 'ok', lacksTrailers: ['x-t'] }, { target: '/hidden' })],
  ),
  rule(
    'MUST',
    '9112 5.2',
    'trailer-folded',
    'a folded line is 400, or one line',
    trailer('X-T: 1\r\n 2\r\n'),
    [faulty, understood],
  ),
  rule(
    'MUST',
    '9112 2.2',
    'trailer-bare-cr',
    'a bare CR makes the element invalid, or is a space',
    trailer('X-T: 1\r2\r\n'),
    [faulty, understood],
  ),
  rule('MUST', '9110 5.5', 'trailer-nul', 'NUL in a value: refused, or a space', trailer('X-T: 1\x002\r\n'), [
    faulty,
    understood,
  ]),
  rule('MUST', '9110 2.2', 'trailer-bad-name', asInHeads, trailer('X T: 1\r\n'), [faulty, understood]),
  rule('MUST', '9110 2.2', 'trailer-no-name', asInHeads, trailer(': 1\r\n'), [faulty, understood]),
  rule('MUST', '9110 2.2', 'trailer-no-colon', asInHeads, trailer('X-T\r\n'), [faulty, understood]),
  rule('MAY', '9112 2.2', 'trailer-lf', 'a lone LF is a line end, or refused', trailer('X-T: 1\n'), [
    faulty,
    understood,
  ]),
  rule(
    'MUST',
    '9110 5.4',
    'trailer-too-large',
    'more than is wished for is a 4xx, or dropped',
    trailer(`X-T: ${'v'.repeat(150_000)}\r\n`),
    [faulty, understood],
  ),
  rule(
    'MUST',
    '9110 5.4',
    'trailers-endless',
    'more than is wished for is a 4xx, or dropped',
    chunked(`0\r\n${'X-T: 12345678\r\n'.repeat(20_000)}`),
    [faulty, { requests: [], answers: [] }],
  ),

  answerRule(
    'MAY',
    '9110 6.5.1',
    'answer-trailer',
    'a trailer is kept apart or dropped',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n',
    delivered(200, 'ok'),
  ),
  answerRule(
    'MUST',
    '9110 6.5.1',
    'answer-trailer-not-merged',
    'a trailer does not become a header field',
    'HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A: 2\r\n\r\n',
    delivered(200, 'ok', { has: { 'x-a': '1' } }),
  ),
  ...['Content-Length', 'Set-Cookie', 'Content-Type', 'WWW-Authenticate'].map((name) =>
    answerRule(
      'MUST',
      '9110 6.5.1',
      `answer-trailer-${name.toLowerCase()}`,
      notThere,
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${name}: 1\r\n\r\n`,
      [
        delivered(200, 'ok', { lacksTrailers: [name.toLowerCase()] }),
        badGateway,
        { answers: [], closes: true },
      ],
    ),
  ),
];
