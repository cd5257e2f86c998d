import type { Outcome, Rule } from '../rule.ts';
import {
  chunked,
  forwarded,
  forwardedBoth,
  hidden,
  post,
  refused,
  refusedAndClosed,
  rule,
} from './build-rule.ts';

const ok = '2\r\nok\r\n0\r\n\r\n';
const coded = (value: string, body = ok, fields = ''): string =>
  post(`Transfer-Encoding: ${value}\r\n${fields}`, body);
const understood = forwarded({ body: 'ok' });
const notLast = '400 and a close where chunked is not the last coding';
const unknown = 'a coding that is not understood is 501';
/** A server may take either; what it must not do is keep the connection. */
const both = 'Content-Length beside Transfer-Encoding: refused or ignored, and the connection is closed';
const bothOutcomes: readonly Outcome[] = [
  refusedAndClosed(400),
  {
    requests: [{ target: '/x', body: 'ok', lacks: ['content-length'] }],
    answers: [{ status: 200 }],
    closes: true,
  },
];

/** RFC 9112 6.1, 6.3, 7; RFC 9110 5.6.1. */
export const transferEncodingRules: readonly Rule[] = [
  rule('MUST', '9112 7.1', 'chunked', 'chunked is understood', chunked(ok), understood),
  rule(
    'MUST',
    '9112 7',
    'chunked-upper-case',
    'names of codings are case-insensitive',
    coded('CHUNKED'),
    understood,
  ),
  rule(
    'MUST',
    '9112 7',
    'chunked-mixed-case',
    'names of codings are case-insensitive',
    coded('ChUnKeD'),
    understood,
  ),
  rule(
    'MUST',
    '9112 5',
    'chunked-white-space',
    'white space around a value is no part of it',
    coded(' \tchunked\t '),
    understood,
  ),
  rule(
    'MUST',
    '9110 5.1',
    'chunked-name-case',
    'names are case-insensitive',
    post('tRANSFER-encoding: chunked\r\n', ok),
    understood,
  ),
  rule(
    'MUST',
    '9110 5.6.1',
    'chunked-empty-member-after',
    'empty members of lists are ignored',
    coded('chunked,'),
    understood,
  ),
  rule(
    'MUST',
    '9110 5.6.1',
    'chunked-empty-member-before',
    'empty members of lists are ignored',
    coded(', chunked'),
    understood,
  ),
  rule(
    'MUST',
    '9110 5.6.1',
    'chunked-empty-line-beside',
    'empty members of lists are ignored',
    coded('chunked', ok, 'Transfer-Encoding:\r\n'),
    understood,
  ),
  rule(
    'MUST',
    '9112 6.3',
    'chunked-then-next',
    'what is behind the body is the next request',
    chunked(ok + hidden),
    forwardedBoth({ target: '/x', body: 'ok' }, { target: '/hidden' }),
  ),
  ...['GET', 'DELETE', 'OPTIONS'].map((method) =>
    rule(
      'MUST',
      '9112 6',
      `chunked-of-${method.toLowerCase()}`,
      'framing does not depend on the method',
      `${method} /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n${ok}${hidden}`,
      [forwardedBoth({ method, body: 'ok' }, { target: '/hidden' }), refusedAndClosed()],
    ),
  ),

  // Both.
  rule(
    'MUST',
    '9112 6.1',
    'both-length-first',
    both,
    coded('chunked', ok + hidden, 'Content-Length: 2\r\n'),
    bothOutcomes,
  ),
  rule(
    'MUST',
    '9112 6.1',
    'both-length-last',
    both,
    post('Content-Length: 12\r\nTransfer-Encoding: chunked\r\n', ok + hidden),
    bothOutcomes,
  ),
  rule(
    'MUST',
    '9112 6.1',
    'both-length-zero',
    both,
    post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', ok + hidden),
    bothOutcomes,
  ),
  rule(
    'MUST',
    '9112 6.1',
    'both-length-right',
    both,
    post(`Content-Length: ${ok.length}\r\nTransfer-Encoding: chunked\r\n`, ok + hidden),
    bothOutcomes,
  ),
  rule(
    'MUST',
    '9112 6.1',
    'both-length-invalid',
    both,
    post('Content-Length: x\r\nTransfer-Encoding: chunked\r\n', ok + hidden),
    bothOutcomes,
  ),
  rule(
    'MUST',
    '9112 6.1',
    'both-two-lengths',
    both,
    post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n', ok + hidden),
    bothOutcomes,
  ),
  rule(
    'MUST',
    '9112 6.3',
    'both-identity',
    notLast,
    post('Content-Length: 2\r\nTransfer-Encoding: identity\r\n', `ok${hidden}`),
    refusedAndClosed(400, 501),
  ),
  rule(
    'MUST',
    '9112 6.3',
    'both-unknown',
    notLast,
    post('Content-Length: 2\r\nTransfer-Encoding: xchunked\r\n', `ok${hidden}`),
    refusedAndClosed(400, 501),
  ),

  // Chunked is not the last.
  ...(
    [
      ['identity', 'identity'],
      ['gzip', 'gzip'],
      ['chunked-gzip', 'chunked, gzip'],
      ['chunked-identity', 'chunked, identity'],
      ['prefixed', 'xchunked'],
      ['suffixed', 'chunkedx'],
      ['quoted', '"chunked"'],
      ['space-inside', 'chun ked'],
      ['vertical-tab', '\x0bchunked'],
      ['semicolon', 'chunked;'],
      ['dash', 'chunked-'],
      ['space-separated', 'gzip chunked'],
      ['cow', 'cow'],
      ['colon', ': chunked'],
      ['latin1', 'chunked\xff'],
      ['no-break-space', '\xa0chunked'],
      ['accent', '\xe7hunked'],
    ] as const
  ).map(([name, value]) =>
    rule(
      'MUST',
      '9112 6.3',
      `coding-${name}`,
      notLast,
      coded(value, ok + hidden),
      refusedAndClosed(400, 501),
    ),
  ),
  rule(
    'MUST',
    '9112 6.3',
    'coding-two-lines-not-last',
    notLast,
    coded('chunked', ok + hidden, 'Transfer-Encoding: identity\r\n'),
    refusedAndClosed(400, 501),
  ),
  rule('MUST', '9112 6.3', 'coding-empty', notLast, coded('', ok + hidden), [
    refusedAndClosed(400, 501),
    { requests: [{ target: '/x', body: '' }], answers: [{ status: 200 }, { status: [400, 501] }] },
  ]),
  rule(
    'MUST',
    '9112 2.2',
    'coding-bare-cr',
    'a bare CR makes the element invalid, or is a space',
    coded('chun\rked', ok + hidden),
    refusedAndClosed(400, 501),
  ),
  rule(
    'MUST',
    '9110 5.5',
    'coding-nul',
    'NUL in a value: refused, or a space',
    coded('chunked\0', ok + hidden),
    [refusedAndClosed(400, 501), understood],
  ),

  // Codings that are not known.
  rule('SHOULD', '9112 6.1', 'coding-gzip-chunked', unknown, coded('gzip, chunked'), refused(501)),
  rule('SHOULD', '9112 6.1', 'coding-cow-chunked', unknown, coded('cow, chunked'), refused(501)),
  rule('SHOULD', '9112 6.1', 'coding-identity-chunked', unknown, coded('identity, chunked'), [
    refused(501),
    refused(400),
  ]),
  rule(
    'SHOULD',
    '9112 6.1',
    'coding-on-two-lines',
    unknown,
    coded('gzip', ok, 'Transfer-Encoding: chunked\r\n'),
    refused(501),
  ),
  rule(
    'SHOULD',
    '9112 7',
    'coding-with-parameter',
    'parameters of chunked are an error',
    coded('chunked;q=1', ok + hidden),
    refusedAndClosed(400, 501),
  ),
  rule(
    'SHOULD',
    '9112 6.1',
    'coding-chunked-twice',
    'chunked is applied once: anything else is an error',
    coded('chunked, chunked', ok),
    refused(),
  ),
  rule(
    'SHOULD',
    '9112 6.1',
    'coding-chunked-on-two-lines',
    'chunked is applied once: anything else is an error',
    coded('chunked', ok, 'Transfer-Encoding: chunked\r\n'),
    refused(),
  ),
  rule(
    'MUST',
    '9110 5.1',
    'coding-name-with-underscore',
    'another name is another field',
    post('Transfer_Encoding: chunked\r\n', hidden),
    [forwardedBoth({ target: '/x', body: '' }, { target: '/hidden' }), refused()],
  ),
  rule(
    'MUST',
    '9112 6.1',
    'coding-in-http10',
    'Transfer-Encoding in HTTP/1.0 is faulty framing, and the connection is closed',
    `POST /x HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${ok}${hidden}`,
    [refusedAndClosed(), { requests: [{ target: '/x' }], closes: true }],
    { acceptsHttp10: true },
  ),
  rule(
    'MUST',
    '9112 6.1',
    'coding-and-length-in-http10',
    'Transfer-Encoding in HTTP/1.0 is faulty framing, and the connection is closed',
    `POST /x HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok${hidden}`,
    [refusedAndClosed(), { requests: [{ target: '/x' }], closes: true }],
    { acceptsHttp10: true },
  ),
];
