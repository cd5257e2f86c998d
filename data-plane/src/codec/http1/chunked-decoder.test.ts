import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordingServer } from '../testing/recording-server.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import { requestErrors } from './codec-errors.ts';

const head = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';

function outcomeOf(body: string, splitAt = 0, maxChunkExtensionBytes = 64): string {
  const server = new RecordingServer({ maxChunkExtensionBytes, enableTrailers: true });
  server.feed(head + body.slice(0, splitAt));
  server.feed(body.slice(splitAt));
  const error = server.errors[0];
  if (error !== undefined) return `${error.status} ${error.details}`;
  return server.last.isComplete ? server.last.body : `${server.last.body}…`;
}

const bad = '400 http1.codec_error';

const cases: readonly (readonly [name: string, body: string, expected: string])[] = [
  ['empty', '0\r\n\r\n', ''],
  ['one', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
  [
    'several, digits in both cases, zeros in front',
    '00A\r\n0123456789\r\nb\r\nabcdefghijk\r\n000\r\n\r\n',
    '0123456789abcdefghijk',
  ],
  ['extensions', '5;a\r\nhello\r\n1;b=c;d="e;f"\r\n!\r\n0;x\r\n\r\n', 'hello!'],
  ['white space before an extension', '5 \t; a\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['trailers', '1\r\nx\r\n0\r\na: b\r\n\r\n', 'x'],
  ['not over', '5\r\nhel', 'hel…'],
  ['no size', '\r\nhello\r\n0\r\n\r\n', bad],
  ['no digits', ';a\r\n\r\n', bad],
  ['prefix', '0x5\r\nhello\r\n0\r\n\r\n', bad],
  ['sign', '+5\r\nhello\r\n0\r\n\r\n', bad],
  ['minus', '-5\r\nhello\r\n0\r\n\r\n', bad],
  ['space in front', ' 5\r\nhello\r\n0\r\n\r\n', bad],
  ['space behind', '5 \r\nhello\r\n0\r\n\r\n', bad],
  ['underscore', '1_0\r\n', bad],
  ['no hexadecimal digit', 'g\r\n', bad],
  ['size beyond 2^52', '10000000000000\r\n', bad],
  ['many zeros', `${'0'.repeat(14)}\r\n`, bad],
  ['bare LF behind the size', '5\nhello\r\n0\r\n\r\n', bad],
  ['bare CR behind the size', '5\rhello\r\n0\r\n\r\n', bad],
  ['CR and another byte behind the size', '5\rXhello\r\n0\r\n\r\n', bad],
  ['CR and another byte behind the data', '5\r\nhello\rX0\r\n\r\n', bad],
  ['bare LF in an extension', '5;a\nhello\r\n0\r\n\r\n', bad],
  ['bare CR in an extension', '5;a\rb\r\nhello\r\n0\r\n\r\n', bad],
  ['NUL in an extension', '5;\0\r\nhello\r\n0\r\n\r\n', bad],
  ['bare LF behind the data', '5\r\nhello\n0\r\n\r\n', bad],
  ['no line end behind the data', '5\r\nhello0\r\n\r\n', bad],
  ['more data than said', '5\r\nhello!\r\n0\r\n\r\n', bad],
  [
    'extensions beyond their limit, together',
    '1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n1;bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\nx\r\n0\r\n\r\n',
    bad,
  ],
  ['trailer with a space before its colon', '0\r\na : b\r\n\r\n', bad],
  ['bare LF behind a trailer', '0\r\na: b\n\r\n', bad],
  ['folded trailer', '0\r\na: b\r\n c\r\n\r\n', bad],
  ['length in the trailers (RFC 9110 6.5.1)', '0\r\ncontent-length: 1\r\n\r\n', bad],
  ['coding in the trailers (RFC 9110 6.5.1)', '0\r\ntransfer-encoding: chunked\r\n\r\n', bad],
  ['bare LF for the last line', '0\r\n\n', bad],
];

for (const [name, body, expected] of cases) {
  test(`RFC 9112 7.1 chunked: ${name}`, () => {
    for (let splitAt = 0; splitAt <= body.length; splitAt++) {
      assert.equal(outcomeOf(body, splitAt), expected, `cut at ${splitAt}`);
    }
  });
}

test('RFC 9112 7.1.2: trailers have the limits of heads', () => {
  const server = new RecordingServer({ maxFieldCount: 3, maxHeadBytes: 200 });
  server.feed(`${head}0\r\na: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n\r\n`);
  assert.equal(server.errors[0]?.details, 'http1.too_many_headers');
  const large = new RecordingServer({ maxHeadBytes: 200 });
  large.feed(`${head}0\r\na: ${'x'.repeat(300)}`);
  assert.equal(large.errors[0]?.details, 'http1.headers_too_large');
});

test('bytes behind the last chunk are the next request', () => {
  const server = new RecordingServer();
  server.onComplete = (request) => request.answer('200');
  server.feed(`${head}1\r\nx\r\n0\r\n\r\n`.repeat(3));
  assert.equal(server.requests.length, 3);
});

test('small chunks of one read arrive together, and what was handed on stays as it is', () => {
  const parts: Buffer[] = [];
  const decoder = new ChunkedDecoder(
    {
      onBodyData: (part) => parts.push(part) > 0,
      onBodyEnd: () => undefined,
      createTrailerParser: () => assert.fail('there are no trailers'),
    },
    requestErrors.malformed,
    0,
  );
  decoder.begin();
  const data = Array.from({ length: 50_000 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('');
  const large = 'L'.repeat(2000);
  const tiny = Array.from(data, (byte) => `1\r\n${byte}\r\n`).join('');
  const middle = `7d0\r\n${large}\r\n`;
  const body = Buffer.from(`${tiny}${middle}${tiny}0\r\n\r\n`);
  assert.equal(decoder.execute(body, 0), body.length);
  assert.equal(Buffer.concat(parts).toString('latin1'), data + large + data);
  assert.ok(parts.length < 12, `${parts.length} parts`);
});

test('gathered data is handed on before an error is', () => {
  const server = new RecordingServer();
  server.feed(`${head}${'1\r\nx\r\n'.repeat(20)}bad\n`);
  assert.equal(server.last.body, 'x'.repeat(20));
  assert.equal(server.errors[0]?.status, 400);
});
