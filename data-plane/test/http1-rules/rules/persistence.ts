import type { Outcome, Rule } from '../rule.ts';
import { okAnswer } from '../rule.ts';
import { forwarded, forwardedBoth, get, hidden, post, rule } from './build-rule.ts';

const first = get('', '/1');
const second = get('', '/2');
const inOrder = 'pipelined requests are answered in their order';
const closing = 'after a request with close the connection ends, and nothing further is processed';
/** Answered or not: what is behind it is never processed. */
const closed: readonly Outcome[] = [
  { requests: [{ target: '/x' }], closes: true },
  { requests: [], closes: true },
];
const retried = 'a request that is not idempotent is not sent again';
const once: Outcome = { requests: [{ method: 'POST' }] };
const answered = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** RFC 9112 9; RFC 9110 9.2.2. */
export const persistenceRules: readonly Rule[] = [
  rule('MUST', '9112 9.3.2', 'pipeline-two', inOrder, first + second, {
    requests: [{ target: '/1' }, { target: '/2' }],
    answers: [{ status: 200 }, { status: 200 }],
  }),
  rule(
    'MUST',
    '9112 9.3.2',
    'pipeline-order',
    inOrder,
    first + second,
    {
      answers: [
        { status: 200, body: 'one' },
        { status: 200, body: 'two' },
      ],
    },
    { answers: [{ bytes: answered('one') }, { bytes: answered('two') }] },
  ),
  rule('MUST', '9112 9.3.2', 'pipeline-ten', inOrder, first.repeat(10), {
    answers: Array.from({ length: 10 }, () => ({ status: 200 })),
  }),
  rule(
    'MUST',
    '9112 9.3.2',
    'pipeline-body-then-get',
    inOrder,
    post('Content-Length: 2\r\n', `ok${second}`),
    forwardedBoth({ method: 'POST', body: 'ok' }, { method: 'GET', target: '/2' }),
  ),
  rule(
    'MUST',
    '9112 9.3.2',
    'pipeline-get-then-body',
    inOrder,
    `${first}${post('Content-Length: 2\r\n', 'ok')}`,
    forwardedBoth({ method: 'GET' }, { method: 'POST', body: 'ok' }),
  ),
  rule(
    'MUST',
    '9112 9.3.2',
    'pipeline-head-then-get',
    inOrder,
    `HEAD /1 HTTP/1.1\r\nHost: a.test\r\n\r\n${second}`,
    {
      requests: [{ method: 'HEAD' }, { method: 'GET' }],
      answers: [
        { status: 200, body: '' },
        { status: 200, body: 'two' },
      ],
    },
    { answers: [{ bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n' }, { bytes: answered('two') }] },
  ),
  rule(
    'SHOULD',
    '9112 2.2',
    'pipeline-empty-line-between',
    'an empty line before a request is ignored',
    `${first}\r\n${second}`,
    forwardedBoth({ target: '/1' }, { target: '/2' }),
  ),
  rule(
    'SHOULD',
    '9112 2.2',
    'pipeline-empty-line-after-body',
    'an empty line before a request is ignored',
    post('Content-Length: 2\r\n', `ok\r\n${second}`),
    forwardedBoth({ body: 'ok' }, { target: '/2' }),
  ),
  rule(
    'MUST',
    '9112 9.3.2',
    'pipeline-good-then-bad',
    'the answer to the first comes before the refusal of the second',
    `${first}garbage\r\n\r\n${hidden}`,
    [
      { requests: [{ target: '/1' }], answers: [{ status: 200 }, { status: [400, 501] }], closes: true },
      { requests: [{ target: '/1' }], answers: [{ status: 200 }], closes: true },
    ],
  ),
  rule(
    'SHOULD',
    '9112 2.2',
    'pipeline-behind-a-refusal',
    'behind bytes that are no message nothing is read',
    `garbage\r\n\r\n${hidden}`,
    { requests: [], answers: [{ status: [400, 501] }], closes: true },
  ),
  rule(
    'SHOULD',
    '9112 9.3',
    'persistent',
    'HTTP/1.1 connections persist',
    first,
    { requests: [{ target: '/1' }, { target: '/2' }], closes: false },
    { next: second },
  ),
  rule(
    'SHOULD',
    '9112 9.3',
    'persistent-after-body',
    'HTTP/1.1 connections persist',
    post('Content-Length: 2\r\n', 'ok'),
    { requests: [{ body: 'ok' }, { target: '/2' }], closes: false },
    { next: second },
  ),

  ...(
    [
      ['close', 'Connection: close\r\n'],
      ['upper-case', 'Connection: CLOSE\r\n'],
      ['in-a-list', 'Connection: keep-alive, close\r\n'],
      ['first-of-a-list', 'Connection: close, X-A\r\nX-A: 1\r\n'],
      ['on-a-second-line', 'Connection: X-A\r\nConnection: close\r\n'],
      ['empty-members', 'Connection: ,close,\r\n'],
    ] as const
  ).map(([name, fields]) => rule('MUST', '9112 9.6', `close-${name}`, closing, get(fields) + hidden, closed)),
  rule(
    'MUST',
    '9112 9.6',
    'close-with-body',
    closing,
    post('Connection: close\r\nContent-Length: 2\r\n', `ok${hidden}`),
    closed,
  ),
  rule(
    'MUST',
    '9112 9.6',
    'close-with-chunks',
    closing,
    post('Connection: close\r\nTransfer-Encoding: chunked\r\n', `2\r\nok\r\n0\r\n\r\n${hidden}`),
    closed,
  ),
  rule('SHOULD', '9112 9.6', 'close-is-said', 'the last answer says close', get('Connection: close\r\n'), {
    answers: [{ status: 200, has: { connection: 'close' } }],
  }),

  // The upstream's connection.
  rule(
    'MUST',
    '9112 9.6',
    'upstream-close',
    'after an answer with close the connection is not used again',
    first,
    {
      requests: [{ target: '/1' }, { target: '/2', isOnNewConnection: true }],
      answers: [{ status: 200 }, { status: 200 }],
    },
    {
      answers: [{ bytes: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok' }],
      next: second,
    },
  ),
  rule(
    'MUST',
    '9112 9.6',
    'upstream-close-in-a-list',
    'after an answer with close the connection is not used again',
    first,
    {
      requests: [{ target: '/1' }, { target: '/2', isOnNewConnection: true }],
      answers: [{ status: 200 }, { status: 200 }],
    },
    {
      answers: [{ bytes: 'HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\nContent-Length: 2\r\n\r\nok' }],
      next: second,
    },
  ),
  rule(
    'MUST',
    '9112 9.3',
    'upstream-http10',
    'an HTTP/1.0 answer without keep-alive ends the connection',
    first,
    {
      requests: [{ target: '/1' }, { target: '/2', isOnNewConnection: true }],
      answers: [{ status: 200 }, { status: 200 }],
    },
    { answers: [{ bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok' }], next: second },
  ),
  rule('MUST', '9110 9.2.2', 'retry-of-post', retried, post('Content-Length: 2\r\n', 'ok'), once, {
    answers: [{ bytes: '', closes: true }],
  }),
  rule(
    'MUST',
    '9110 9.2.2',
    'retry-of-post-on-used-connection',
    retried,
    first,
    { requests: [{ method: 'GET' }, { method: 'POST' }] },
    {
      answers: [{ bytes: okAnswer }, { bytes: '', closes: true }],
      next: post('Content-Length: 2\r\n', 'ok'),
    },
  ),
  rule(
    'MUST',
    '9110 9.2.2',
    'retry-of-patch-half-answered',
    retried,
    'PATCH /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nok',
    { requests: [{ method: 'PATCH' }] },
    { answers: [{ bytes: 'HTTP/1.1 2', closes: true }] },
  ),

  // Half-close.
  rule(
    'MAY',
    '9112 9.6',
    'half-close-after-request',
    'a client that has said all is answered, or gone',
    get(),
    [forwarded(), { answers: [], closes: true }],
    { endsAfterRequest: true },
  ),
  rule(
    'MAY',
    '9112 9.6',
    'half-close-after-two',
    'a client that has said all is answered, or gone',
    first + second,
    [
      { requests: [{ target: '/1' }, { target: '/2' }], answers: [{ status: 200 }, { status: 200 }] },
      { closes: true },
    ],
    { endsAfterRequest: true },
  ),
  rule(
    'MUST',
    '9112 8',
    'half-close-in-line',
    'an incomplete request is not forwarded',
    'GET /x HTTP/1.1',
    { requests: [], closes: true },
    { endsAfterRequest: true },
  ),
  rule(
    'MUST',
    '9112 8',
    'half-close-in-head',
    'an incomplete request is not forwarded',
    'GET /x HTTP/1.1\r\nHost: a.test\r\n',
    { requests: [], closes: true },
    { endsAfterRequest: true },
  ),
  rule(
    'MUST',
    '9112 8',
    'half-close-in-second-head',
    'an incomplete request is not forwarded',
    `${first}GET /2 HTTP/1.1\r\nHost: a.test\r\n`,
    [
      { requests: [{ target: '/1' }], closes: true },
      { requests: [], closes: true },
    ],
    { endsAfterRequest: true },
  ),
  rule(
    'MAY',
    '9112 9.6',
    'half-close-at-once',
    'a client that says nothing is told nothing, or 408',
    '',
    { requests: [], closes: true },
    { endsAfterRequest: true },
  ),
];
