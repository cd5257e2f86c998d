import type { Rule } from '../rule.ts';
import { clientErrors, forwarded, get, hidden, refused, refusedAndClosed, rule } from './build-rule.ts';

const host = 'Host: a.test\r\n\r\n';
const line = (text: string): string => `${text}\r\n${host}`;
/** RFC 9112 2.2: bytes that are no message. */
const noMessage = '400 and a close for bytes that do not match the grammar';
const words = 'white space other than one SP between the words of a request line is refused, or taken for SP';

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND', 'REPORT'];

/** RFC 9112 2.2, 2.3, 3, 3.1; RFC 9110 2.5, 9. */
export const requestLineRules: readonly Rule[] = [
  ...methods.map((method) =>
    rule(
      method === 'GET' ? 'MUST' : 'MAY',
      '9110 9.1',
      `method-${method.toLowerCase()}`,
      `${method} is forwarded as it is${method === 'GET' ? '' : ', or not allowed'}`,
      line(`${method} /x HTTP/1.1`),
      method === 'GET' ? forwarded({ method }) : [forwarded({ method }), refused(405, 501)],
    ),
  ),
  rule('MUST', '9110 9.1', 'method-head', 'HEAD is supported', line('HEAD /x HTTP/1.1'), {
    requests: [{ method: 'HEAD', target: '/x' }],
    answers: [{ status: 200, body: '' }],
  }),
  ...['get', 'Get', 'pOST'].map((method) =>
    rule(
      'MUST',
      '9110 9.1',
      `method-case-${method}`,
      `methods are case-sensitive: ${method} is none that is known`,
      line(`${method} /x HTTP/1.1`),
      [refused(), forwarded({ method })],
    ),
  ),
  rule(
    'SHOULD',
    '9112 3',
    'method-unknown',
    'an unknown method is forwarded, or 501',
    line('FOOBAR /x HTTP/1.1'),
    [refused(501), forwarded({ method: 'FOOBAR' })],
  ),
  rule(
    'SHOULD',
    '9112 3',
    'method-long',
    '501 for a method longer than any known',
    line(`${'M'.repeat(300)} /x HTTP/1.1`),
    [refused(501), forwarded({ method: 'M'.repeat(300) })],
  ),
  ...[
    ['parenthesis', 'G(T /x HTTP/1.1'],
    ['colon', 'GET: /x HTTP/1.1'],
    ['quote', '"GET" /x HTTP/1.1'],
    ['slash', 'G/T /x HTTP/1.1'],
    ['at', 'G@T /x HTTP/1.1'],
    ['nul', 'GET\0 /x HTTP/1.1'],
    ['control', 'GE\x01T /x HTTP/1.1'],
    ['obs-text', 'G\xc9T /x HTTP/1.1'],
  ].map(([name = '', text = '']) =>
    rule('SHOULD', '9112 2.2', `method-with-${name}`, noMessage, line(text) + hidden, refusedAndClosed()),
  ),

  // Words and spaces.
  rule('MAY', '9112 3', 'spaces-two-before-target', words, line('GET  /x HTTP/1.1'), [
    refused(),
    forwarded(),
  ]),
  rule('MAY', '9112 3', 'spaces-two-before-version', words, line('GET /x  HTTP/1.1'), [
    refused(),
    forwarded(),
  ]),
  rule('MAY', '9112 3', 'spaces-tab-before-target', words, line('GET\t/x HTTP/1.1'), [
    refused(),
    forwarded(),
  ]),
  rule('MAY', '9112 3', 'spaces-tab-before-version', words, line('GET /x\tHTTP/1.1'), [
    refused(),
    forwarded(),
  ]),
  rule('MAY', '9112 3', 'spaces-vertical-tab', words, line('GET\x0b/x HTTP/1.1'), [refused(), forwarded()]),
  rule('MAY', '9112 3', 'spaces-form-feed', words, line('GET /x\x0cHTTP/1.1'), [refused(), forwarded()]),
  rule('MAY', '9112 3', 'spaces-leading', words, line(' GET /x HTTP/1.1'), [refused(), forwarded()]),
  rule('MAY', '9112 3', 'spaces-trailing', words, line('GET /x HTTP/1.1 '), [refused(), forwarded()]),
  rule('MAY', '9112 3', 'spaces-trailing-tab', words, line('GET /x HTTP/1.1\t'), [refused(), forwarded()]),
  rule(
    'SHOULD',
    '9112 3.2',
    'spaces-in-target',
    'a request line with white space in the target is 400, not repaired',
    line('GET /a b HTTP/1.1') + hidden,
    refused(400),
  ),
  rule(
    'SHOULD',
    '9112 3',
    'words-no-target',
    '400 for an invalid request line',
    line('GET HTTP/1.1'),
    refused(400),
  ),
  rule(
    'SHOULD',
    '9112 3',
    'words-no-method',
    '400 for an invalid request line',
    line('/x HTTP/1.1'),
    refused(400),
  ),
  rule(
    'SHOULD',
    '9112 3',
    'words-four',
    '400 for an invalid request line',
    line('GET /x HTTP/1.1 x'),
    refused(400),
  ),
  rule('SHOULD', '9112 2.2', 'garbage', noMessage, 'hello world\r\n\r\n', refusedAndClosed()),
  rule(
    'SHOULD',
    '9112 2.2',
    'tls-client-hello',
    noMessage,
    '\x16\x03\x01\x00\x2e\x01\x00\x00\x2a\x03\x03aaaa\r\n\r\n',
    [refusedAndClosed(), { requests: [], answers: [], closes: true }],
  ),
  rule('SHOULD', '9112 2.2', 'http2-preface', noMessage, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [
    refusedAndClosed(),
    { requests: [], answers: [], closes: true },
  ]),
  rule('SHOULD', '9112 2.2', 'answer-as-request', noMessage, 'HTTP/1.1 200 OK\r\n\r\n', refusedAndClosed()),

  // Versions.
  ...(
    [
      ['lower-case', 'http/1.1'],
      ['space-inside', 'HTTP /1.1'],
      ['comma', 'HTTP/1,1'],
      ['without-dot', 'HTTP/11'],
      ['without-minor', 'HTTP/1.'],
      ['without-major', 'HTTP/.1'],
      ['two-digits', 'HTTP/1.10'],
      ['https', 'HTTPS/1.1'],
      ['letter', 'HTTP/A.1'],
      ['sign', 'HTTP/-1.1'],
    ] as const
  ).map(([name, version]) =>
    rule(
      'SHOULD',
      '9112 2.3',
      `version-${name}`,
      `400 for an invalid request line: ${version} is no version`,
      line(`GET /x ${version}`),
      refused(),
    ),
  ),
  rule(
    'SHOULD',
    '9110 2.5',
    'version-1-2',
    'a higher minor version is processed as 1.1',
    line('GET /x HTTP/1.2'),
    forwarded(),
  ),
  rule(
    'MUST',
    '9112 2.3',
    'version-1-9-forwarded-as-own',
    'an intermediary sends its own version',
    line('GET /x HTTP/1.9'),
    [refused(), forwarded()],
  ),
  ...['HTTP/2.0', 'HTTP/3.0', 'HTTP/0.9', 'HTTP/9.9'].map((version) =>
    rule(
      'MAY',
      '9110 2.5',
      `version-major-${version.slice(5, 6)}`,
      'another major version is refused, with 505 at best',
      line(`GET /x ${version}`),
      [refused(), { requests: [], answers: [], closes: true }],
    ),
  ),
  rule('MAY', '9112 2.3', 'version-0-9', 'HTTP/0.9 is refused or answered without a head', 'GET /x\r\n', [
    refused(),
    { requests: [], closes: true },
    { requests: [], answers: [] },
  ]),

  // Line ends.
  rule(
    'SHOULD',
    '9112 2.2',
    'empty-line-before',
    'an empty line before a request is ignored',
    `\r\n${get()}`,
    forwarded(),
  ),
  rule('MAY', '9112 2.2', 'empty-lines-before', 'several empty lines, too', `\r\n\r\n\r\n${get()}`, [
    refused(),
    forwarded(),
  ]),
  rule(
    'MAY',
    '9112 2.2',
    'lf-ends-request-line',
    'a lone LF is a line end, or refused',
    `GET /x HTTP/1.1\n${host}`,
    [refused(), forwarded()],
  ),
  rule(
    'MUST',
    '9112 2.2',
    'cr-ends-request-line',
    'a bare CR makes the element invalid, or is a space',
    `GET /x HTTP/1.1\r${host}`,
    refused(),
  ),
  rule(
    'MUST',
    '9112 2.2',
    'cr-in-target',
    'a bare CR makes the element invalid, or is a space',
    line('GET /a\rb HTTP/1.1'),
    refused(),
  ),
  rule(
    'MUST',
    '9112 2.2',
    'cr-in-method',
    'a bare CR makes the element invalid, or is a space',
    line('GE\rT /x HTTP/1.1'),
    refused(),
  ),
  rule(
    'MUST',
    '9112 2.2',
    'cr-in-version',
    'a bare CR makes the element invalid, or is a space',
    line('GET /x HTTP/1\r.1'),
    refused(),
  ),
  rule(
    'MUST',
    '9112 2.2',
    'cr-before-target',
    'a bare CR makes the element invalid, or is a space',
    line('GET \r/x HTTP/1.1'),
    [refused(), forwarded()],
  ),
  rule(
    'MUST',
    '9112 2.2',
    'cr-cr-lf',
    'a bare CR makes the element invalid, or is a space',
    line('GET /x HTTP/1.1\r'),
    [refused(), forwarded()],
  ),
  rule(
    'MUST',
    '9112 2.2',
    'space-before-first-field',
    'white space before the first field: 400, or the line is skipped',
    `GET /x HTTP/1.1\r\n X-A: 1\r\n${host}`,
    [refused(), forwarded({ lacks: ['x-a'] })],
  ),
  rule(
    'MUST',
    '9112 2.2',
    'tab-before-first-field',
    'white space before the first field: 400, or the line is skipped',
    `GET /x HTTP/1.1\r\n\tX-A: 1\r\n${host}`,
    [refused(), forwarded({ lacks: ['x-a'] })],
  ),
  rule(
    'MUST',
    '9112 2.2',
    'space-before-host',
    'white space before the first field: 400, or the line is skipped, and then there is no Host',
    `GET /x HTTP/1.1\r\n ${host}`,
    refused(400),
  ),
  rule(
    'MUST',
    '9112 2.2',
    'space-line-before-first-field',
    'white space before the first field: 400, or the line is skipped',
    `GET /x HTTP/1.1\r\n \r\n${host}`,
    [refused(), forwarded()],
  ),

  // Lengths.
  rule(
    'SHOULD',
    '9112 3',
    'target-8000',
    'request lines of 8,000 octets are supported',
    get('', `/${'x'.repeat(7_980)}`),
    forwarded({ target: `/${'x'.repeat(7_980)}` }),
  ),
  rule(
    'MUST',
    '9112 3',
    'target-too-long',
    'a target that is too long is 414',
    get('', `/${'x'.repeat(150_000)}`),
    refused(414),
  ),
  rule(
    'MUST',
    '9112 3',
    'target-too-long-query',
    'a target that is too long is 414',
    get('', `/x?${'q'.repeat(150_000)}`),
    refused(414),
  ),
  rule(
    'MUST',
    '9110 5.4',
    'request-line-endless',
    'a request line without an end is refused',
    `GET /${'x'.repeat(200_000)}`,
    [refused(...clientErrors), { requests: [], answers: [], closes: true }],
  ),
];
