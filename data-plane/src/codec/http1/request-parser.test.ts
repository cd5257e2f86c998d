import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordingServer } from '../testing/recording-server.ts';
import type { Http1ServerOptions } from './options.ts';

type Options = Partial<Omit<Http1ServerOptions, 'workspace'>>;

/** `400 http1.codec_error`, or the fields of the request. */
function outcomeOf(input: string, options: Options = {}, splitAt = 0): string {
  const server = new RecordingServer(options);
  if (splitAt > 0) server.feed(input.slice(0, splitAt));
  server.feed(input.slice(splitAt));
  const error = server.errors[0];
  if (error !== undefined) return `${error.status} ${error.details} ${error.body}`.trim();
  const request = server.requests[0];
  if (request === undefined) return 'incomplete';
  const fields = [...request.headers].map(([name, value]) => `${name}=${value}`).join('|');
  return `${fields}|${request.body}${request.isComplete ? '' : '…'}`;
}

const host = 'host: a\r\n';
const bad = '400 http1.codec_error Bad Request';
const plain = ':method=GET|:path=/|:authority=a|:scheme=http|';

const refused: readonly (readonly [name: string, input: string, expected: string, options?: Options])[] = [
  ['RFC 9112 2.2 bare LF ends no request line', `GET / HTTP/1.1\n${host}\r\n`, bad],
  ['RFC 9112 2.2 bare LF ends no field', 'GET / HTTP/1.1\r\nhost: a\n\r\n', bad],
  ['RFC 9112 2.2 bare LF ends no head', `GET / HTTP/1.1\r\n${host}\n`, bad],
  ['RFC 9112 2.2 bare CR in a value', 'GET / HTTP/1.1\r\nhost: a\rb\r\n\r\n', bad],
  ['RFC 9112 2.2 bare CR in a target', 'GET /a\rb HTTP/1.1\r\nhost: a\r\n\r\n', bad],
  ['RFC 9112 2.2 CR CR LF', 'GET / HTTP/1.1\r\nhost: a\r\r\n\r\n', bad],
  ['RFC 9112 2.2 white space before the first field', `GET / HTTP/1.1\r\n ${host}\r\n`, bad],
  ['RFC 9112 3 two spaces', `GET  / HTTP/1.1\r\n${host}\r\n`, bad],
  ['RFC 9112 3 tab for a space', `GET\t/ HTTP/1.1\r\n${host}\r\n`, bad],
  ['RFC 9112 3 space before the request', ` GET / HTTP/1.1\r\n${host}\r\n`, bad],
  ['RFC 9112 3 space in the target', `GET /a b HTTP/1.1\r\n${host}\r\n`, bad],
  ['RFC 9112 3 space behind the version', `GET / HTTP/1.1 \r\n${host}\r\n`, bad],
  ['RFC 9112 3 no target', `GET HTTP/1.1\r\n${host}\r\n`, bad],
  ['RFC 9112 3.1 unknown method', `FOOBAR / HTTP/1.1\r\n${host}\r\n`, bad],
  ['RFC 9112 3.1 method in lower case', `get / HTTP/1.1\r\n${host}\r\n`, bad],
  [
    'RFC 9112 3.1 method with a separator',
    `G(T / HTTP/1.1\r\n${host}\r\n`,
    bad,
    { allowCustomMethods: true },
  ],
  ['RFC 9112 3.2 no Host', 'GET / HTTP/1.1\r\n\r\n', '400 missing_host_header'],
  ['RFC 9112 3.2 two Hosts', `GET / HTTP/1.1\r\n${host}${host}\r\n`, bad],
  ['RFC 9112 3.2 Host with user information', 'GET / HTTP/1.1\r\nhost: u@a.test\r\n\r\n', bad],
  ['RFC 9112 3.2 Host with a bad port', 'GET / HTTP/1.1\r\nhost: a.test:x1\r\n\r\n', bad],
  ['RFC 9112 3.2 Host with half a bracket', 'GET / HTTP/1.1\r\nhost: [::1\r\n\r\n', bad],
  ['RFC 9112 3.2 Host with no IPv6 address', 'GET / HTTP/1.1\r\nhost: [::1::2]\r\n\r\n', bad],
  ['RFC 9112 3.2 Host with a path', 'GET / HTTP/1.1\r\nhost: a/b\r\n\r\n', bad],
  ['RFC 9112 3.2 Host with a space', 'GET / HTTP/1.1\r\nhost: a b\r\n\r\n', bad],
  [
    'RFC 9112 3.2 Host with a comma list of two hosts and ports',
    'GET / HTTP/1.1\r\nhost: a:1,b:2\r\n\r\n',
    bad,
  ],
  ['RFC 9112 3.2 Host with a cut escape', 'GET / HTTP/1.1\r\nhost: a%2\r\n\r\n', bad],
  ['RFC 9112 3.2.2 absolute form without Host', 'GET http://a/ HTTP/1.1\r\n\r\n', '400 missing_host_header'],
  [
    'RFC 9112 3.2.2 no scheme of ours',
    `GET ftp://a/ HTTP/1.1\r\n${host}\r\n`,
    '400 http1.invalid_scheme Bad Request',
  ],
  ['RFC 9110 4.2.1 no host', `GET http:///x HTTP/1.1\r\n${host}\r\n`, '400 http1.invalid_url Bad Request'],
  [
    'RFC 9110 4.2.1 no host but a port',
    `GET http://:80/x HTTP/1.1\r\n${host}\r\n`,
    '400 http1.invalid_url Bad Request',
  ],
  [
    'RFC 9110 4.2.4 user information',
    `GET http://u:p@a/ HTTP/1.1\r\n${host}\r\n`,
    '400 http1.invalid_url Bad Request',
  ],
  ['RFC 9112 3.2 relative target', `GET a/b HTTP/1.1\r\n${host}\r\n`, '400 http1.invalid_url Bad Request'],
  ['RFC 9112 3.2 fragment', `GET /a#b HTTP/1.1\r\n${host}\r\n`, '400 path_normalization_failed'],
  ['RFC 9112 3.2 not ASCII', `GET /\xe9 HTTP/1.1\r\n${host}\r\n`, bad],
  ['RFC 9112 3.2 NUL', `GET /\0 HTTP/1.1\r\n${host}\r\n`, bad],
  ['RFC 9112 3.2 DEL', `GET /\x7f HTTP/1.1\r\n${host}\r\n`, bad],
  [
    'RFC 9112 3.2.3 CONNECT without a port',
    `CONNECT a HTTP/1.1\r\n${host}\r\n`,
    '400 http1.invalid_url Bad Request',
  ],
  [
    'RFC 9112 3.2.3 CONNECT to a path',
    `CONNECT / HTTP/1.1\r\n${host}\r\n`,
    '400 http1.invalid_url Bad Request',
  ],
  ['RFC 9112 3.2.4 GET *', `GET * HTTP/1.1\r\n${host}\r\n`, bad],
  ['RFC 9110 2.5 HTTP/1.0', `GET / HTTP/1.0\r\n${host}\r\n`, '426 low_version Upgrade Required'],
  ['RFC 9110 2.5 HTTP/1.2, as Envoy', `GET / HTTP/1.2\r\n${host}\r\n`, '426 low_version Upgrade Required'],
  ['RFC 9110 2.5 HTTP/0.9', `GET / HTTP/0.9\r\n${host}\r\n`, '426 low_version Upgrade Required'],
  ['RFC 9110 2.5 no version', 'GET /\r\n', '426 low_version Upgrade Required'],
  [
    'RFC 9110 15.6.6 HTTP/2.0',
    `GET / HTTP/2.0\r\n${host}\r\n`,
    '505 http1.codec_error HTTP Version Not Supported',
  ],
  ['RFC 9112 2.3 lower-case version', `GET / http/1.1\r\n${host}\r\n`, bad],
  ['RFC 9112 2.3 two digits', `GET / HTTP/1.10\r\n${host}\r\n`, bad],
  ['RFC 9113 3.4 HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', bad],
  ['a TLS ClientHello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', bad],
  ['RFC 9112 5.1 space before the colon', 'GET / HTTP/1.1\r\nhost : a\r\n\r\n', bad],
  ['RFC 9112 5.1 tab before the colon', `GET / HTTP/1.1\r\n${host}x\t: a\r\n\r\n`, bad],
  ['RFC 9112 5.1 no colon', `GET / HTTP/1.1\r\n${host}x\r\n\r\n`, bad],
  ['RFC 9112 5.1 no name', `GET / HTTP/1.1\r\n${host}: x\r\n\r\n`, bad],
  ['RFC 9112 5.1 name not ASCII', `GET / HTTP/1.1\r\n${host}\xe9: x\r\n\r\n`, bad],
  ['RFC 9112 5.2 obs-fold', `GET / HTTP/1.1\r\n${host}x: a\r\n b\r\n\r\n`, bad],
  ['RFC 9112 5.2 obs-fold with a tab', `GET / HTTP/1.1\r\n${host}x: a\r\n\tb\r\n\r\n`, bad],
  ['RFC 9110 5.5 NUL in a value', `GET / HTTP/1.1\r\n${host}x: a\0b\r\n\r\n`, bad],
  ['RFC 9110 5.5 control character in a value', `GET / HTTP/1.1\r\n${host}x: a\x01b\r\n\r\n`, bad],
  ['RFC 9110 8.6 signed length', `POST / HTTP/1.1\r\n${host}content-length: +5\r\n\r\nhello`, bad],
  ['RFC 9110 8.6 negative length', `POST / HTTP/1.1\r\n${host}content-length: -1\r\n\r\n`, bad],
  ['RFC 9110 8.6 hexadecimal length', `POST / HTTP/1.1\r\n${host}content-length: 0x5\r\n\r\nhello`, bad],
  ['RFC 9110 8.6 empty length', `POST / HTTP/1.1\r\n${host}content-length:\r\n\r\n`, bad],
  ['RFC 9110 8.6 length with a space', `POST / HTTP/1.1\r\n${host}content-length: 5 5\r\n\r\nhello`, bad],
  ['RFC 9110 8.6 list of lengths', `POST / HTTP/1.1\r\n${host}content-length: 5, 5\r\n\r\nhello`, bad],
  [
    'RFC 9110 8.6 length too long',
    `POST / HTTP/1.1\r\n${host}content-length: 99999999999999999999\r\n\r\n`,
    bad,
  ],
  [
    'RFC 9112 6.3 two equal lengths',
    `POST / HTTP/1.1\r\n${host}content-length: 5\r\ncontent-length: 5\r\n\r\nhello`,
    bad,
  ],
  [
    'RFC 9112 6.3 two lengths',
    `POST / HTTP/1.1\r\n${host}content-length: 5\r\nContent-Length: 6\r\n\r\nhello`,
    bad,
  ],
  [
    'RFC 9112 6.1 length and chunked',
    `POST / HTTP/1.1\r\n${host}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    '400 http1.content_length_and_chunked_not_allowed Bad Request',
  ],
  [
    'RFC 9112 6.1 unknown coding',
    `POST / HTTP/1.1\r\n${host}transfer-encoding: gzip, chunked\r\n\r\n`,
    '501 http1.invalid_transfer_encoding Not Implemented',
  ],
  [
    'RFC 9112 6.3 chunked is not last',
    `POST / HTTP/1.1\r\n${host}transfer-encoding: chunked, gzip\r\n\r\n`,
    '400 http1.invalid_transfer_encoding Bad Request',
  ],
  [
    'RFC 9112 6.3 identity',
    `POST / HTTP/1.1\r\n${host}transfer-encoding: identity\r\n\r\n`,
    '400 http1.invalid_transfer_encoding Bad Request',
  ],
  [
    'RFC 9112 6.3 xchunked',
    `POST / HTTP/1.1\r\n${host}transfer-encoding: xchunked\r\n\r\n`,
    '400 http1.invalid_transfer_encoding Bad Request',
  ],
  [
    'RFC 9112 6.3 empty coding',
    `POST / HTTP/1.1\r\n${host}transfer-encoding:\r\n\r\n`,
    '400 http1.invalid_transfer_encoding Bad Request',
  ],
  [
    'RFC 9112 7.1 chunked twice',
    `POST / HTTP/1.1\r\n${host}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n`,
    '400 http1.invalid_transfer_encoding Bad Request',
  ],
  [
    'RFC 9112 6.1 chunked with a bare CR',
    `POST / HTTP/1.1\r\n${host}transfer-encoding: chun\rked\r\n\r\n`,
    bad,
  ],
  [
    'RFC 9112 6.1 chunked with a vertical tab',
    `POST / HTTP/1.1\r\n${host}transfer-encoding: \x0bchunked\r\n\r\n`,
    bad,
  ],
  [
    'RFC 9112 6.1 chunked over HTTP/1.0',
    `POST / HTTP/1.0\r\n${host}transfer-encoding: chunked\r\n\r\n`,
    '400 http1.transfer_encoding_not_allowed Bad Request',
    { acceptHttp10: true },
  ],
  [
    'RFC 9110 9.3.6 CONNECT with a body',
    `CONNECT a:1 HTTP/1.1\r\n${host}content-length: 1\r\n\r\nx`,
    '400 http1.body_disallowed Bad Request',
  ],
  [
    'RFC 9110 7.6.1 Connection names Host',
    `GET / HTTP/1.1\r\n${host}connection: host\r\n\r\n`,
    '400 http1.connection_header_rejected Bad Request',
  ],
  [
    'RFC 9110 7.6.1 Connection names a pseudo-header',
    `GET / HTTP/1.1\r\n${host}connection: :path\r\n\r\n`,
    '400 http1.connection_header_rejected Bad Request',
  ],
  [
    'RFC 6585 5 head too large',
    `GET / HTTP/1.1\r\n${host}x: ${'a'.repeat(200)}\r\n\r\n`,
    '431 http1.headers_too_large Request Header Fields Too Large',
    { maxHeadBytes: 200 },
  ],
  [
    'RFC 9112 3 target too long and not over',
    `GET /${'a'.repeat(300)}`,
    '414 http1.headers_too_large URI Too Long',
    { maxHeadBytes: 200 },
  ],
  [
    'RFC 9112 6.3 two lengths beside chunked, although one is allowed',
    `POST / HTTP/1.1\r\n${host}content-length: 2\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    bad,
    { allowChunkedLength: true },
  ],
  [
    'RFC 9112 3 target too long',
    `GET /${'a'.repeat(300)} HTTP/1.1\r\n${host}\r\n`,
    '414 http1.headers_too_large URI Too Long',
    { maxHeadBytes: 200 },
  ],
  [
    'RFC 9110 5.6.3 a no-break space is no white space',
    `POST / HTTP/1.1\r\n${host}transfer-encoding: \xa0chunked\r\n\r\n0\r\n\r\n`,
    '400 http1.invalid_transfer_encoding Bad Request',
  ],
  [
    'RFC 6585 5 too many fields',
    `GET / HTTP/1.1\r\n${host}a: 1\r\nb: 2\r\n\r\n`,
    '431 http1.too_many_headers Request Header Fields Too Large',
    { maxFieldCount: 2 },
  ],
];

for (const [name, input, expected, options] of refused) {
  test(`refused: ${name}`, () => {
    assert.equal(outcomeOf(input, options), expected);
  });
}

const accepted: readonly (readonly [name: string, input: string, expected: string, options?: Options])[] = [
  ['RFC 9112 3 the least', `GET / HTTP/1.1\r\n${host}\r\n`, plain],
  ['RFC 9112 2.2 empty lines before it', `\r\n\r\nGET / HTTP/1.1\r\n${host}\r\n`, plain],
  [
    'RFC 9110 5.1 names in any case, values trimmed',
    'GET / HTTP/1.1\r\nHOST:\t a \t\r\nX-y: \tb c\t \r\nz:\r\n\r\n',
    `${plain.slice(0, -1)}|x-y=b c|z=|`,
  ],
  ['RFC 9110 5.5 obs-text and tab', `GET / HTTP/1.1\r\n${host}x: \xe9\tb\r\n\r\n`, `${plain}x=\xe9\tb|`],
  [
    'RFC 9112 3.1 custom method',
    `FOO / HTTP/1.1\r\n${host}\r\n`,
    plain.replace('GET', 'FOO'),
    { allowCustomMethods: true },
  ],
  [
    'RFC 9112 6.3 length beside chunked, where that is allowed: it is dropped',
    `POST / HTTP/1.1\r\n${host}content-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    `${plain.replace('GET', 'POST')}ok`,
    { allowChunkedLength: true },
  ],
  ['RFC 9112 3.2 empty Host', 'GET / HTTP/1.1\r\nhost:\r\n\r\n', plain.replace('=a|', '=|')],
  ['RFC 9112 3.2 IPv6 Host', 'GET / HTTP/1.1\r\nhost: [::1]:80\r\n\r\n', plain.replace('=a|', '=[::1]:80|')],
  [
    'RFC 9112 3.2 Host with underscore and empty port',
    'GET / HTTP/1.1\r\nhost: a_b:\r\n\r\n',
    plain.replace('=a|', '=a_b:|'),
  ],
  [
    'RFC 9112 3.2.2 absolute form replaces Host',
    `GET HTTP://B.test:8/x?y HTTP/1.1\r\n${host}\r\n`,
    ':method=GET|:path=/x?y|:authority=B.test:8|:scheme=http|',
  ],
  [
    'RFC 9112 3.2.1 absolute form without a path',
    `GET https://b HTTP/1.1\r\n${host}\r\n`,
    ':method=GET|:path=/|:authority=b|:scheme=https|',
  ],
  [
    'RFC 9112 3.2.1 absolute form with a query only',
    `GET http://b?q HTTP/1.1\r\n${host}\r\n`,
    ':method=GET|:path=/?q|:authority=b|:scheme=http|',
  ],
  [
    'RFC 9112 3.2.4 OPTIONS *',
    `OPTIONS * HTTP/1.1\r\n${host}\r\n`,
    ':method=OPTIONS|:path=*|:authority=a|:scheme=http|',
  ],
  [
    'RFC 9112 3.2.4 OPTIONS without a path',
    `OPTIONS http://b HTTP/1.1\r\n${host}\r\n`,
    ':method=OPTIONS|:path=*|:authority=b|:scheme=http|',
  ],
  [
    'RFC 9112 3.2.3 CONNECT',
    `CONNECT b:443 HTTP/1.1\r\n${host}\r\n`,
    ':method=CONNECT|:authority=b:443|:scheme=http|…',
  ],
  [
    'RFC 9110 8.6 length with leading zeros',
    `POST / HTTP/1.1\r\n${host}content-length: 0005\r\n\r\nhello`,
    ':method=POST|:path=/|:authority=a|:scheme=http|content-length=5|hello',
  ],
  [
    'RFC 9112 6.3 length 0',
    `POST / HTTP/1.1\r\n${host}content-length: 0\r\n\r\n`,
    ':method=POST|:path=/|:authority=a|:scheme=http|content-length=0|',
  ],
  [
    'RFC 9112 7.1 chunked in any case',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    ':method=POST|:path=/|:authority=a|:scheme=http|hello',
  ],
  [
    'RFC 9110 7.6.1 fields of one hop',
    `GET / HTTP/1.1\r\n${host}x-a: 1\r\nconnection: Keep-Alive, X-A\r\nkeep-alive: timeout=5\r\nproxy-connection: x\r\n\r\n`,
    plain,
  ],
  [
    'RFC 9110 10.1.4 TE',
    `GET / HTTP/1.1\r\n${host}te: gzip, trailers\r\nconnection: te\r\n\r\n`,
    `${plain}te=trailers|`,
  ],
  [
    'RFC 9110 7.8 upgrade',
    `GET / HTTP/1.1\r\n${host}connection: Upgrade\r\nupgrade: websocket\r\n\r\n`,
    `${plain}connection=upgrade|upgrade=websocket|…`,
  ],
  ['RFC 9110 7.8 upgrade without Connection', `GET / HTTP/1.1\r\n${host}upgrade: websocket\r\n\r\n`, plain],
  [
    'RFC 9110 7.8 upgrade over HTTP/1.0',
    `GET / HTTP/1.0\r\n${host}connection: upgrade\r\nupgrade: websocket\r\n\r\n`,
    plain,
    { acceptHttp10: true },
  ],
  [
    'RFC 9110 7.8 a list is one wish',
    `GET / HTTP/1.1\r\n${host}connection: Upgrade\r\nupgrade: websocket, h2c\r\n\r\n`,
    `${plain}connection=upgrade|upgrade=websocket, h2c|…`,
  ],
  [
    'RFC 9113 3.4 the method of the preface',
    `PRI / HTTP/1.1\r\n${host}\r\n`,
    bad,
    { allowCustomMethods: true },
  ],
  [
    'RFC 9113 3.1 h2c is not taken up',
    `GET / HTTP/1.1\r\n${host}connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAA\r\n\r\n`,
    plain,
  ],
  [
    'HTTP/1.0 with a default host',
    'GET / HTTP/1.0\r\n\r\n',
    plain.replace('=a|', '=d|'),
    { acceptHttp10: true, defaultHostForHttp10: 'd' },
  ],
];

for (const [name, input, expected, options] of accepted) {
  test(`accepted: ${name}`, () => {
    assert.equal(outcomeOf(input, options), expected);
  });
}

test('every message above, cut at every byte, has the same outcome', () => {
  for (const [name, input, expected, options] of [...refused, ...accepted]) {
    for (let splitAt = 1; splitAt < input.length; splitAt++) {
      assert.equal(outcomeOf(input, options, splitAt), expected, `${name}, cut at ${splitAt}`);
    }
  }
});

test('every message above, byte by byte, has the same outcome', () => {
  for (const [name, input, expected, options] of [...refused, ...accepted]) {
    const server = new RecordingServer(options);
    for (const character of input) server.feed(character);
    const error = server.errors[0];
    const isAsExpected =
      error === undefined
        ? server.requests.length === 1
        : expected.startsWith(`${error.status} ${error.details}`);
    assert.ok(isAsExpected, name);
  }
});

test('a head sent byte by byte costs time in proportion to its size', () => {
  const head = Buffer.from(`GET /${'a'.repeat(30_000)} HTTP/1.1\r\n${host}x: ${'b'.repeat(25_000)}\r\n\r\n`);
  const server = new RecordingServer();
  const startedAtMs = performance.now();
  for (let at = 0; at < head.length; at++) server.codec.dispatch(head.subarray(at, at + 1));
  assert.equal(server.requests.length, 1);
  assert.ok(performance.now() - startedAtMs < 500);
});
