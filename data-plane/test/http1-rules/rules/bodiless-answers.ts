import type { Outcome, Rule } from '../rule.ts';
import { answerRule, badGateway, get } from './build-rule.ts';

const head = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n`;
const lengthOf = (value: string, body = 'ok'): string => head(`Content-Length: ${value}\r\n`) + body;
const chunkedAnswer = (body: string): string => head('Transfer-Encoding: chunked\r\n') + body;
const second = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
const next = get('', '/2');
/** Both requests are answered, each by what belongs to it, or the first not at all. */
const own = (status: number, body: string): readonly Outcome[] => [
  {
    answers: [
      { status, body },
      { status: 200, body: 'ok' },
    ],
  },
  { answers: [{ status, body }], closes: true },
  { answers: [{ status: 502 }] },
  { answers: [{ status: 502 }, { status: 200, body: 'ok' }] },
  { answers: [], closes: true },
];
const unasked = 'an answer that nobody asked for is none';
const bodiless = 'what stands behind the head of such an answer is no answer';
const headRequest = 'HEAD /x HTTP/1.1\r\nHost: a.test\r\n\r\n';

/** RFC 9112 6.1, 6.3, 9.2; RFC 9110 8.6, 15. */
export const bodilessAnswerRules: readonly Rule[] = [
  answerRule(
    'MUST',
    '9112 6.3',
    'head-length',
    'the answer to HEAD has no body',
    head('Content-Length: 100\r\n'),
    {
      answers: [
        { status: 200, body: '', has: { 'content-length': '100' } },
        { status: 200, body: 'ok' },
      ],
    },
    { request: headRequest, next },
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'head-chunked',
    'the answer to HEAD has no body',
    head('Transfer-Encoding: chunked\r\n'),
    {
      answers: [
        { status: 200, body: '' },
        { status: 200, body: 'ok' },
      ],
    },
    { request: headRequest, next },
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'head-without-framing',
    'the answer to HEAD has no body',
    head(''),
    {
      answers: [
        { status: 200, body: '' },
        { status: 200, body: 'ok' },
      ],
    },
    { request: headRequest, next },
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'head-with-body',
    bodiless,
    head('Content-Length: 4\r\n') + 'evil',
    own(200, ''),
    { request: headRequest, next },
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'head-with-answer',
    bodiless,
    head(`Content-Length: ${second.length}\r\n`) + second,
    own(200, ''),
    { request: headRequest, next },
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'not-modified-length',
    '304 has no body',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n',
    {
      answers: [
        { status: 304, body: '' },
        { status: 200, body: 'ok' },
      ],
    },
    { next },
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'not-modified-with-answer',
    bodiless,
    `HTTP/1.1 304 Not Modified\r\nContent-Length: ${second.length}\r\n\r\n${second}`,
    own(304, ''),
    { next },
  ),
  answerRule(
    'MUST',
    '9110 8.6',
    'no-content-length',
    '204 is sent without Content-Length',
    'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    {
      answers: [
        { status: 204, lacks: ['content-length'] },
        { status: 200, body: 'ok' },
      ],
    },
    { next },
  ),
  answerRule(
    'MUST',
    '9112 6.1',
    'no-content-chunked',
    '204 is sent without Transfer-Encoding',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
    [
      {
        answers: [
          { status: 204, lacks: ['transfer-encoding'] },
          { status: 200, body: 'ok' },
        ],
      },
      { answers: [{ status: 502 }, { status: 200 }] },
    ],
    { next },
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'no-content-with-answer',
    bodiless,
    `HTTP/1.1 204 No Content\r\nContent-Length: ${second.length}\r\n\r\n${second}`,
    own(204, ''),
    { next },
  ),
  answerRule(
    'SHOULD',
    '9110 15.3.6',
    'reset-content',
    '205 is sent without content',
    'HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok',
    [{ answers: [{ status: 205, body: '' }] }, badGateway],
  ),

  // More than one.
  answerRule('MUST', '9112 9.2', 'second-answer', unasked, lengthOf('2') + second, own(200, 'ok'), { next }),
  answerRule(
    'MUST',
    '9112 9.2',
    'second-answer-after-chunks',
    unasked,
    chunkedAnswer('2\r\nok\r\n0\r\n\r\n') + second,
    own(200, 'ok'),
    { next },
  ),
  answerRule(
    'MUST',
    '9112 9.2',
    'second-answer-begun',
    unasked,
    `${lengthOf('2')}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n`,
    own(200, 'ok'),
    { next },
  ),
  answerRule(
    'MUST',
    '9112 9.2',
    'second-answer-after-empty',
    unasked,
    lengthOf('0', '') + second,
    own(200, ''),
    { next },
  ),
  answerRule('MUST', '9112 9.2', 'garbage-behind', unasked, `${lengthOf('2')}garbage`, own(200, 'ok'), {
    next,
  }),
  answerRule(
    'MUST',
    '9112 9.2',
    'line-end-behind',
    'a line end behind an answer is no answer',
    `${lengthOf('2')}\r\n`,
    own(200, 'ok'),
    { next },
  ),
  answerRule('MUST', '9112 9.2', 'body-longer-than-said', unasked, lengthOf('2', 'okay'), own(200, 'ok'), {
    next,
  }),
];
