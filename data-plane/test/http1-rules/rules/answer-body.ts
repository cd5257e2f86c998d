import type { Rule } from '../rule.ts';
import { answerRule, badGatewayOrCut, delivered, get } from './build-rule.ts';

const head = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n`;
const lengthOf = (value: string, body = 'ok'): string => head(`Content-Length: ${value}\r\n`) + body;
const chunkedAnswer = (body: string): string => head('Transfer-Encoding: chunked\r\n') + body;
const invalid = '502, and the connection to the server is closed, for an invalid Content-Length';
const incomplete = 'an incomplete answer does not look complete';
const second = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
const next = get('', '/2');
const invalidLengths: readonly (readonly [name: string, value: string])[] = [
  ['plus', '+2'],
  ['minus', '-2'],
  ['hex', '0x2'],
  ['word', 'two'],
  ['empty', ''],
  ['two-numbers', '2 2'],
  ['fraction', '2.0'],
  ['list-of-different', '2, 3'],
];

/** RFC 9112 6.1, 6.2, 6.3, 7, 8; RFC 9110 8.6. */
export const answerBodyRules: readonly Rule[] = [
  answerRule(
    'MUST',
    '9112 6.3',
    'body-length',
    'Content-Length delimits',
    lengthOf('2'),
    delivered(200, 'ok'),
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'body-length-zero',
    'Content-Length delimits',
    lengthOf('0', ''),
    delivered(200, ''),
  ),
  answerRule(
    'MUST',
    '9110 8.6',
    'body-length-leading-zeros',
    '1*DIGIT: zeros in front mean nothing',
    lengthOf('0002'),
    delivered(200, 'ok'),
  ),
  answerRule(
    'MUST',
    '9112 7.1',
    'body-chunked',
    'chunked is understood',
    chunkedAnswer('2\r\nok\r\n0\r\n\r\n'),
    delivered(200, 'ok'),
  ),
  answerRule(
    'MUST',
    '9112 7',
    'body-chunked-upper-case',
    'names of codings are case-insensitive',
    head('Transfer-Encoding: CHUNKED\r\n') + '2\r\nok\r\n0\r\n\r\n',
    delivered(200, 'ok'),
  ),
  answerRule(
    'MUST',
    '9110 5.6.1',
    'body-chunked-empty-member',
    'empty members of lists are ignored',
    head('Transfer-Encoding: ,chunked\r\n') + '2\r\nok\r\n0\r\n\r\n',
    delivered(200, 'ok'),
  ),
  answerRule(
    'MUST',
    '9112 7.1.1',
    'body-chunk-extension',
    'unknown chunk extensions are ignored',
    chunkedAnswer('2;a="b"\r\nok\r\n0;c\r\n\r\n'),
    delivered(200, 'ok'),
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'body-until-close',
    'without framing fields the body lasts until the close',
    { bytes: `${head('')}ok`, closes: true },
    delivered(200, 'ok'),
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'body-until-close-empty',
    'without framing fields the body lasts until the close',
    { bytes: head(''), closes: true },
    delivered(200, ''),
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'body-until-close-like-an-answer',
    'without framing fields the body lasts until the close',
    { bytes: head('') + second, closes: true },
    delivered(200, second),
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'body-until-close-http10',
    'without framing fields the body lasts until the close',
    { bytes: 'HTTP/1.0 200 OK\r\n\r\nok', closes: true },
    delivered(200, 'ok'),
  ),
  answerRule(
    'MUST',
    '9112 6.1',
    'body-chunked-to-http10',
    'HTTP/1.0 clients get no chunks',
    chunkedAnswer('2\r\nok\r\n0\r\n\r\n'),
    [delivered(200, 'ok', { lacks: ['transfer-encoding'] }), { requests: [] }],
    { request: 'GET /x HTTP/1.0\r\nHost: a.test\r\n\r\n', acceptsHttp10: true },
  ),

  ...invalidLengths.map(([name, value]) =>
    answerRule('MUST', '9112 6.3', `body-length-invalid-${name}`, invalid, lengthOf(value), {
      answers: [{ status: 502 }],
    }),
  ),
  answerRule(
    'MUST',
    '9110 8.6',
    'body-length-beyond-64-bits',
    'great lengths do not overflow',
    { bytes: lengthOf('18446744073709551618'), closes: true },
    badGatewayOrCut,
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'body-two-lengths',
    invalid,
    head('Content-Length: 2\r\nContent-Length: 3\r\n') + 'ok',
    { answers: [{ status: 502 }] },
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'body-two-same-lengths',
    'repeated equal lengths: 502, or one of them',
    head('Content-Length: 2\r\nContent-Length: 2\r\n') + 'ok',
    [delivered(200, 'ok', { has: { 'content-length': '2' } }), { answers: [{ status: 502 }] }],
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'body-list-of-same-lengths',
    'repeated equal lengths: 502, or one of them',
    lengthOf('2, 2'),
    [delivered(200, 'ok', { has: { 'content-length': '2' } }), { answers: [{ status: 502 }] }],
  ),
  answerRule(
    'MUST',
    '9112 6.3',
    'body-both',
    'Content-Length beside Transfer-Encoding: 502, or removed',
    head('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n') + '2\r\nok\r\n0\r\n\r\n',
    [delivered(200, 'ok', { lacks: ['content-length'] }), { answers: [{ status: 502 }] }],
  ),
  answerRule(
    'MUST',
    '9112 6.1',
    'body-chunked-in-http10',
    'Transfer-Encoding in HTTP/1.0 is faulty framing, and the connection is not used again',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    [
      { answers: [{ status: 502 }, { status: 200 }] },
      { answers: [{ status: 502 }], closes: true },
      { requests: [{}, { isOnNewConnection: true }], answers: [{ status: 200 }, { status: 200 }] },
      { requests: [{}], closes: true },
    ],
    { next },
  ),
  answerRule(
    'MAY',
    '9112 6.3',
    'body-unknown-coding',
    'where chunked is not last the body lasts until the close, or 502',
    { bytes: head('Transfer-Encoding: gzip\r\n') + 'ok', closes: true },
    [delivered(200), ...badGatewayOrCut],
  ),

  // Cut short, or no chunks.
  answerRule(
    'MUST',
    '9112 8',
    'body-cut',
    incomplete,
    { bytes: lengthOf('3'), closes: true },
    badGatewayOrCut,
  ),
  answerRule(
    'MUST',
    '9112 8',
    'body-cut-at-once',
    incomplete,
    { bytes: lengthOf('3', ''), closes: true },
    badGatewayOrCut,
  ),
  answerRule(
    'MUST',
    '9112 8',
    'body-chunks-without-last',
    incomplete,
    { bytes: chunkedAnswer('2\r\nok\r\n'), closes: true },
    badGatewayOrCut,
  ),
  answerRule(
    'MUST',
    '9112 8',
    'body-chunks-cut-in-data',
    incomplete,
    { bytes: chunkedAnswer('4\r\nok'), closes: true },
    badGatewayOrCut,
  ),
  answerRule(
    'MUST',
    '9112 8',
    'body-chunks-cut-in-size',
    incomplete,
    { bytes: chunkedAnswer('2'), closes: true },
    badGatewayOrCut,
  ),
  answerRule(
    'MUST',
    '9112 8',
    'body-chunks-cut-in-trailers',
    incomplete,
    { bytes: chunkedAnswer('2\r\nok\r\n0\r\nX-T: 1\r\n'), closes: true },
    badGatewayOrCut,
  ),
  ...(
    [
      ['size-word', 'g\r\nok\r\n0\r\n\r\n'],
      ['size-hex-prefix', '0x2\r\nok\r\n0\r\n\r\n'],
      ['size-minus', '-2\r\nok\r\n0\r\n\r\n'],
      ['size-empty', '\r\nok\r\n0\r\n\r\n'],
      ['size-overflow', '10000000000000002\r\nok\r\n0\r\n\r\n'],
      ['data-other-byte-for-cr', '2\r\nokx\n0\r\n\r\n'],
      ['data-other-byte-for-lf', '2\r\nok\rx0\r\n\r\n'],
      ['data-too-long', '2\r\nokay\r\n0\r\n\r\n'],
      ['data-too-short', '3\r\nok\r\n0\r\n\r\n'],
      ['data-without-end', '2\r\nok0\r\n\r\n'],
      ['size-line-lf', '2\nok\r\n0\r\n\r\n'],
      ['data-lf', '2\r\nok\n0\r\n\r\n'],
    ] as const
  ).map(([name, body]) =>
    answerRule(
      name === 'size-overflow' ? 'MUST' : 'SHOULD',
      name === 'size-overflow' ? '9112 7.1' : '9112 8',
      `body-chunk-${name}`,
      incomplete,
      { bytes: chunkedAnswer(body), closes: true },
      badGatewayOrCut,
    ),
  ),
];
