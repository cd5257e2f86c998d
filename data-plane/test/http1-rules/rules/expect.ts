import type { Outcome, Rule } from '../rule.ts';
import { answerRule, delivered, forwarded, get, post, rule } from './build-rule.ts';

const expecting = (fields: string, version = '1.1'): string =>
  `POST /x HTTP/${version}\r\nHost: a.test\r\nContent-Length: 2\r\n${fields}\r\n`;
/** Without a 100 the client would not have sent the body. */
const toldToGoOn: Outcome = { requests: [{ body: 'ok' }], answers: [{ status: 200 }] };
const final: Outcome = { requests: [], answers: [{ status: [400, 413, 417] }] };
const goOn = '100, or a final status, before the body is there';
const continued = 'HTTP/1.1 100 Continue\r\n\r\n';
const onward = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const passed = 'informational answers are passed on';
const ended = 'an informational answer ends with its head';

/** RFC 9110 10.1.1, 15.2; RFC 9112 9.3. */
export const expectRules: readonly Rule[] = [
  rule('MUST', '9110 10.1.1', 'expect', goOn, expecting('Expect: 100-continue\r\n'), [toldToGoOn, final], {
    afterInformational: 'ok',
    answers: [{ bytes: continued, isEarly: true }, { bytes: onward }],
  }),
  rule(
    'MUST',
    '9110 10.1.1',
    'expect-upper-case',
    goOn,
    expecting('Expect: 100-CONTINUE\r\n'),
    [toldToGoOn, final],
    { afterInformational: 'ok', answers: [{ bytes: continued, isEarly: true }, { bytes: onward }] },
  ),
  rule(
    'MUST',
    '9110 10.1.1',
    'expect-chunked',
    goOn,
    'POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n',
    [toldToGoOn, final],
    {
      afterInformational: '2\r\nok\r\n0\r\n\r\n',
      answers: [{ bytes: continued, isEarly: true }, { bytes: onward }],
    },
  ),
  rule(
    'MAY',
    '9110 10.1.1',
    'expect-body-already-there',
    '100 may be left out when the body is there',
    post('Expect: 100-continue\r\nContent-Length: 2\r\n', 'ok'),
    forwarded({ body: 'ok' }),
  ),
  rule(
    'MUST',
    '9110 10.1.1',
    'expect-refused-early',
    'a final status instead of 100 reaches the client',
    expecting('Expect: 100-continue\r\n'),
    [{ answers: [{ status: 413 }] }],
    {
      answers: [
        {
          bytes: 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno',
          isEarly: true,
          closes: true,
        },
      ],
    },
  ),
  rule(
    'MAY',
    '9110 10.1.1',
    'expect-unknown',
    '417, or ignored',
    post('Expect: jump\r\nContent-Length: 2\r\n', 'ok'),
    [{ requests: [], answers: [{ status: [400, 417] }] }, forwarded({ body: 'ok' })],
  ),
  rule(
    'MUST',
    '9110 10.1.1',
    'expect-in-http10',
    '100-continue in HTTP/1.0 is ignored: no 100',
    'POST /x HTTP/1.0\r\nHost: a.test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok',
    [
      { ...forwarded({ body: 'ok' }), informational: [] },
      { requests: [], informational: [] },
    ],
    { acceptsHttp10: true },
  ),
  rule(
    'MAY',
    '9110 10.1.1',
    'expect-without-body',
    'without a body there is nothing to go on with',
    get('Expect: 100-continue\r\n'),
    [forwarded(), { requests: [], answers: [{ status: [400, 417] }] }],
  ),
  rule(
    'SHOULD',
    '9110 10.1.1',
    'expect-absent',
    'who does not expect 100 gets none',
    post('Content-Length: 2\r\n', 'ok'),
    { ...forwarded({ body: 'ok' }), informational: [] },
  ),
  rule(
    'MUST',
    '9110 10.1.1',
    'early-answer',
    'an answer before the end of the request reaches the client',
    expecting(''),
    { answers: [{ status: 413 }] },
    {
      answers: [
        {
          bytes: 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno',
          isEarly: true,
          closes: true,
        },
      ],
    },
  ),
  rule(
    'MUST',
    '9110 10.1.1',
    'early-answer-of-a-persistent-upstream',
    'what is left of such a request is not read as the next',
    expecting(''),
    [
      { requests: [], answers: [{ status: 200 }], closes: true },
      { requests: [{ body: 'ok' }, { target: '/2' }], answers: [{ status: 200 }, { status: 200 }] },
    ],
    { answers: [{ bytes: onward, isEarly: true }], next: `ok${get('', '/2')}` },
  ),

  // 1xx.
  ...[102, 103, 104, 199].map((status) =>
    answerRule(
      'MUST',
      '9110 15.2',
      `informational-${status}`,
      passed,
      `HTTP/1.1 ${status} Something\r\nX-A: 1\r\n\r\n${onward}`,
      { ...delivered(200, 'ok'), informational: [status] },
    ),
  ),
  answerRule(
    'MUST',
    '9110 15.2',
    'informational-several',
    passed,
    `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: b\r\n\r\n${onward}`,
    { ...delivered(200, 'ok'), informational: [103, 103] },
  ),
  answerRule(
    'MUST',
    '9110 15.2',
    'informational-100-unasked',
    'a 100 that nobody asked for is passed on or dropped',
    continued + onward,
    [
      { ...delivered(200, 'ok'), informational: [100] },
      { ...delivered(200, 'ok'), informational: [] },
    ],
  ),
  answerRule(
    'MUST',
    '9110 15.2',
    'informational-100-twenty',
    'any number of 1xx may come first',
    continued.repeat(20) + onward,
    delivered(200, 'ok'),
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'informational-with-length',
    ended,
    `HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\n${onward}`,
    [delivered(200, 'ok'), { answers: [{ status: 502 }] }],
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'informational-with-coding',
    ended,
    `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n${onward}`,
    [delivered(200, 'ok'), { answers: [{ status: 502 }] }],
  ),
  answerRule(
    'MUST',
    '9110 15.2',
    'informational-to-http10',
    'HTTP/1.0 clients get no 1xx',
    `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${onward}`,
    [
      { ...delivered(200, 'ok'), informational: [] },
      { requests: [], informational: [] },
    ],
    { request: 'GET /x HTTP/1.0\r\nHost: a.test\r\n\r\n', acceptsHttp10: true },
  ),
  answerRule(
    'MUST',
    '9110 15.2',
    'informational-100-to-http10',
    'HTTP/1.0 clients get no 1xx',
    continued + onward,
    [
      { ...delivered(200, 'ok'), informational: [] },
      { requests: [], informational: [] },
    ],
    { request: 'GET /x HTTP/1.0\r\nHost: a.test\r\n\r\n', acceptsHttp10: true },
  ),
  answerRule(
    'MUST',
    '9110 15.2',
    'informational-and-no-end',
    'after 1xx a final answer must come',
    { bytes: 'HTTP/1.1 103 Early Hints\r\n\r\n', closes: true },
    [{ answers: [{ status: [502, 503, 504] }] }, { answers: [], closes: true }],
  ),
];
