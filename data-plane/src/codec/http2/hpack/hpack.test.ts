import assert from 'node:assert/strict';
import { connect, type ClientHttp2Session } from 'node:http2';
import { duplexPair, type Duplex } from 'node:stream';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { createSeededRng, randomInteger, type Rng } from '@heddle/shared/random/rng';
import { FieldNameTable } from '../../http1/field-name.ts';
import { buildFrame } from '../testing/build-frame.ts';
import { HpackDecoder, type HpackError } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';

type Fields = [name: string, value: string][];

function createDecoder(tableBytes?: number): HpackDecoder {
  return new HpackDecoder(new FieldNameTable(), tableBytes);
}

function decode(decoder: HpackDecoder, block: Buffer | string): Fields | HpackError {
  const bytes = typeof block === 'string' ? Buffer.from(block.replaceAll(' ', ''), 'hex') : block;
  const fields: Fields = [];
  return (
    decoder.decode(bytes, 0, bytes.length, { onField: (name, value) => fields.push([name, value]) }) ?? fields
  );
}

function encode(encoder: HpackEncoder, fields: Fields): Buffer {
  encoder.begin();
  for (const [name, value] of fields) encoder.add(name, value);
  return Buffer.from(encoder.block);
}

const request: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];

test('three requests on one connection: RFC 7541, C.3 and C.4', () => {
  const plain = [
    '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    '8286 84be 5808 6e6f 2d63 6163 6865',
    '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
  ];
  const huffman = [
    '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    '8286 84be 5886 a8eb 1064 9cbf',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
  ];
  for (const blocks of [plain, huffman]) {
    const decoder = createDecoder();
    assert.deepEqual(decode(decoder, blocks[0] ?? ''), request);
    assert.deepEqual(decode(decoder, blocks[1] ?? ''), [...request, ['cache-control', 'no-cache']]);
    assert.deepEqual(decode(decoder, blocks[2] ?? ''), [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/index.html'],
      [':authority', 'www.example.com'],
      ['custom-key', 'custom-value'],
    ]);
    assert.equal(decoder.tableBytes, 164);
  }
});

test('three answers that push each other out of the table: RFC 7541, C.5', () => {
  const decoder = createDecoder(256);
  const first = decode(
    decoder,
    '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120' +
      '474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
  );
  assert.deepEqual(first, [
    [':status', '302'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['location', 'https://www.example.com'],
  ]);
  assert.equal(decoder.tableBytes, 222);
  assert.equal(decode(decoder, '4803 3330 37c1 c0bf').length, 4);
  const third = decode(
    decoder,
    '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f' +
      '6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b' +
      '2076 6572 7369 6f6e 3d31',
  );
  assert.deepEqual(third, [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
    ['location', 'https://www.example.com'],
    ['content-encoding', 'gzip'],
    ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
  ]);
  assert.equal(decoder.tableBytes, 215);
});

test('what is no block', () => {
  const cases: readonly (readonly [string, HpackError])[] = [
    ['80', 'no-such-index'],
    ['be', 'no-such-index'],
    ['7e 00', 'no-such-index'],
    ['41', 'cut-off'],
    ['41 05 61', 'cut-off'],
    ['ff', 'cut-off'],
    ['ff 80 80 80 80 80 01', 'integer-overflow'],
    ['ff ff ff ff ff ff ff', 'integer-overflow'],
    ['41 82 ff ff', 'bad-huffman'],
    ['82 3f e1 1f', 'table-size-not-first'],
    ['3f e2 1f', 'table-size-too-large'],
  ];
  for (const [block, error] of cases) assert.equal(decode(createDecoder(), block), error, block);
  // A name of an index that is cut off, at every position of a good block.
  const block = Buffer.from('828684418cf1e3c2e5f23a6ba0ab90f4ff', 'hex');
  for (let length = 0; length < block.length; length++) {
    const result = decode(createDecoder(), block.subarray(0, length));
    assert.ok(typeof result !== 'string' || result === 'cut-off', `${length}: ${String(result)}`);
  }
});

test('the table shrinks when our setting says so, and the peer has to say that it knows', () => {
  const decoder = createDecoder();
  decode(decoder, '400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65');
  assert.equal(decoder.tableBytes, 54);
  decoder.setAllowedTableSize(0);
  assert.equal(decode(decoder, '82'), 'table-size-missing');
  decoder.setAllowedTableSize(0);
  assert.deepEqual(decode(decoder, '20 82'), [[':method', 'GET']]);
  assert.equal(decoder.tableBytes, 0);
  assert.equal(decode(decoder, '21 82'), 'table-size-too-large');
});

test('the encoder says each change of its table once, the least size on the way too', () => {
  const encoder = new HpackEncoder();
  encode(encoder, [['custom-key', 'custom-value']]);
  encoder.setPeerLimit(0);
  encoder.setPeerLimit(100);
  assert.equal(encode(encoder, [[':method', 'GET']]).toString('hex'), '203f4582');
  assert.equal(encode(encoder, [[':method', 'GET']]).toString('hex'), '82');
  assert.equal(encoder.tableBytes, 0);
});

test('a field that came never-indexed is known for it, and goes out so', () => {
  const decoder = createDecoder();
  const encoder = new HpackEncoder();
  encoder.begin();
  encoder.add('x-token', 'secret', true);
  encoder.add(':method', 'GET', true);
  encoder.add('x-plain', 'open');
  assert.equal(encoder.tableBytes, 'x-plainopen'.length + 32);
  const block = Buffer.from(encoder.block);
  const seen: [string, boolean][] = [];
  decoder.decode(block, 0, block.length, { onField: (name, _value, isNever) => seen.push([name, isNever]) });
  assert.deepEqual(seen, [
    ['x-token', true],
    [':method', true],
    ['x-plain', false],
  ]);
});

test('secrets and short cookies never get into a table', () => {
  const encoder = new HpackEncoder();
  const block = encode(encoder, [
    ['authorization', 'secret'],
    ['cookie', 'a=1'],
  ]);
  assert.equal(encoder.tableBytes, 0);
  assert.equal(block[0], 0x1f);
  assert.equal(block.length > 0 && decode(createDecoder(), block).length, 2);
});

function randomFields(rng: Rng): Fields {
  const pick = <T>(list: readonly T[]): T => list[randomInteger(rng, list.length)] as T;
  return Array.from({ length: randomInteger(rng, 30) }, () => {
    const name = pick([
      'accept',
      'cookie',
      'x-a',
      'x-bb',
      'user-agent',
      'x-request-id',
      'etag',
      'authorization',
      'via',
    ]);
    const length = rng.next() < 0.1 ? randomInteger(rng, 3_000) : randomInteger(rng, 30);
    const isRepeated = rng.next() < 0.6;
    const value = isRepeated
      ? `value-${randomInteger(rng, 20)}`
      : Array.from({ length }, () => String.fromCharCode(0x20 + randomInteger(rng, 0x5f))).join('');
    return [name, value.trim()];
  });
}

test('encoder and decoder agree on thousands of random blocks, with tables that change size', () => {
  const rng = createSeededRng(11);
  for (let connection = 0; connection < 20; connection++) {
    const encoder = new HpackEncoder();
    const decoder = createDecoder();
    for (let block = 0; block < 200; block++) {
      if (rng.next() < 0.05) encoder.setPeerLimit(randomInteger(rng, 4097));
      const fields = randomFields(rng);
      assert.deepEqual(decode(decoder, encode(encoder, fields)), fields);
      assert.equal(decoder.tableBytes, encoder.tableBytes);
    }
  }
});

/** nghttp2 as a client, the raw frames of its other end, and a way to answer with header blocks. */
function startNghttp2(t: TestContext): { readonly client: ClientHttp2Session; readonly raw: Duplex } {
  const [near, far] = duplexPair();
  const client = connect('http://peer.test', { createConnection: () => near });
  t.after(() => client.destroy());
  return { client, raw: far };
}

test('nghttp2 reads our blocks and we read its blocks, hundreds on one connection', async (t) => {
  const { client, raw } = startNghttp2(t);
  const rng = createSeededRng(3);
  const encoder = new HpackEncoder();
  const decoder = createDecoder();
  raw.write(buildFrame(4, 0, 0, Buffer.alloc(0)));
  let received = Buffer.alloc(0);
  const requests: Fields[] = [];
  const answers: Fields[] = [];
  raw.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (received.subarray(0, 3).toString() === 'PRI') received = received.subarray(24);
    while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
      const length = received.readUIntBE(0, 3);
      const type = received.readUInt8(3);
      const streamId = received.readUInt32BE(5);
      const payload = Buffer.from(received.subarray(9, 9 + length));
      received = received.subarray(9 + length);
      if (type !== 1) continue;
      const fields = decode(decoder, payload);
      assert.ok(typeof fields !== 'string', String(fields));
      requests.push(fields);
      const answer: Fields = [[':status', '200'], ...randomFields(rng).filter(([name]) => name !== 'etag')];
      answers.push(answer);
      raw.write(buildFrame(1, 5, streamId, encode(encoder, answer)));
    }
  });
  for (let round = 0; round < 300; round++) {
    const sent = Object.fromEntries(
      randomFields(rng).filter(([name, value]) => name !== 'cookie' && value.length < 1_000),
    );
    const stream = client.request({ ':path': `/${round}`, ...sent }, { endStream: true });
    const [, , raw] = (await once(stream, 'response')) as [unknown, number, string[]];
    stream.resume();
    const request = requests.at(-1) ?? [];
    for (const [name, value] of [...Object.entries(sent), [':path', `/${round}`] as const]) {
      assert.ok(
        request.some((field) => field[0] === name && field[1] === value),
        `${round}: ${name}`,
      );
    }
    const received: Fields = [];
    for (let at = 0; at < raw.length; at += 2) received.push([raw[at] ?? '', raw[at + 1] ?? '']);
    assert.deepEqual(received, answers.at(-1));
  }
});
