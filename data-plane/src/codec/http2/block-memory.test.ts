import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, randomInteger, systemRng } from '@heddle/shared/random/rng';
import { systemClock } from '@heddle/shared/time/clock';
import { CodecWorkspace } from '../codec-workspace.ts';
import type { ListKind } from './header-list.ts';
import { HeaderReader } from './header-reader.ts';
import { HpackDecoder } from './hpack/hpack-decoder.ts';
import { HpackEncoder } from './hpack/hpack-encoder.ts';
import { createHttp2Options } from './options.ts';
import { flagEndHeaders } from './protocol.ts';

const { names, chunks } = new CodecWorkspace();
const options = createHttp2Options({ names, chunks, clock: systemClock, rng: systemRng });

type Fields = (readonly [name: string, value: string])[];

/** Reads one block as `kind`; what is wrong, or the fields. */
function readBlock(reader: HeaderReader, kind: ListKind, block: Buffer): string | Fields {
  assert.equal(reader.readHeaders(flagEndHeaders, 1, block, 0, block.length), undefined);
  return reader.decode(kind) ?? reader.list.malformed ?? [...reader.list.headers];
}

function encode(encoder: HpackEncoder, fields: Fields): Buffer {
  encoder.begin();
  for (const [name, value] of fields) encoder.add(name, value);
  return Buffer.from(encoder.block);
}

const request: Fields = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'a.test'],
  ['content-length', '5'],
];

test('what a receiver does to the fields of a block does not come back with the next one', () => {
  const reader = new HeaderReader(options);
  const encoder = new HpackEncoder();
  for (let count = 0; count < 6; count++) {
    assert.deepEqual(readBlock(reader, 'request', encode(encoder, request)), request);
    assert.deepEqual([reader.list.contentLength, reader.list.fieldBytes], [5, 59]);
    const { headers } = reader.list;
    headers.set(':path', `/secret-${count}`);
    headers.add('x-user', `user ${count}`);
    headers.remove('content-length');
  }
});

test('the same bytes mean something else once the table has changed', () => {
  const reader = new HeaderReader(options);
  const encoder = new HpackEncoder();
  const block = (): Buffer => encode(encoder, [[':status', '200']]);
  readBlock(reader, 'response', block());
  // Index 62, the newest entry of the table.
  const newest = Buffer.from([0x88, 0xbe]);
  for (const value of ['one', 'two', 'three']) {
    readBlock(
      reader,
      'response',
      encode(encoder, [
        [':status', '200'],
        ['x-user', value],
      ]),
    );
    for (let count = 0; count < 4; count++) {
      assert.deepEqual(readBlock(reader, 'response', newest), [
        [':status', '200'],
        ['x-user', value],
      ]);
    }
  }
  const emptied = Buffer.from([0x20]);
  assert.equal(readBlock(reader, 'response', Buffer.concat([emptied, newest])), 'no-such-index');
});

test('a size update that is due is missed also in front of a block that was known', () => {
  const small = createHttp2Options(
    { names, chunks, clock: systemClock, rng: systemRng },
    { headerTableBytes: 0 },
  );
  const reader = new HeaderReader(small);
  const block = Buffer.from([0x88]);
  for (let count = 0; count < 4; count++) assert.equal(typeof readBlock(reader, 'response', block), 'object');
  reader.onSettingsAck();
  assert.equal(readBlock(reader, 'response', block), 'table-size-missing');
});

test('a block is what its place makes of it, and what was refused is refused again', () => {
  const reader = new HeaderReader(options);
  const block = Buffer.from([0x88]);
  for (let count = 0; count < 4; count++) {
    assert.deepEqual(readBlock(reader, 'response', block), [[':status', '200']]);
    assert.equal(readBlock(reader, 'trailers', block), 'a pseudo-header in trailers');
    assert.equal(readBlock(reader, 'request', block), 'an unknown pseudo-header');
    assert.equal(readBlock(reader, 'request', Buffer.from([0x82])), 'a :scheme that is none');
  }
});

test('a field that is never indexed stays one when its block comes again', () => {
  const reader = new HeaderReader(options);
  const encoder = new HpackEncoder();
  const answer: Fields = [
    [':status', '200'],
    ['authorization', 'secret'],
  ];
  for (let count = 0; count < 4; count++) {
    assert.deepEqual(readBlock(reader, 'response', encode(encoder, answer)), answer);
    assert.deepEqual([...(reader.list.headers.neverIndexed ?? [])], ['authorization']);
  }
});

test('thousands of blocks of a few kinds mean what they mean to a decoder without memory', () => {
  const rng = createSeededRng(11);
  const reader = new HeaderReader(options);
  const plain = new HpackDecoder(names);
  const encoder = new HpackEncoder();
  for (let count = 0; count < 5_000; count++) {
    const value = randomInteger(rng, 50) === 0 ? `v${count}` : `v${randomInteger(rng, 3)}`;
    const fields: Fields = [
      [':status', String(200 + randomInteger(rng, 3))],
      ['x-kind', value],
    ];
    const block = encode(encoder, fields);
    const expected: Fields = [];
    plain.decode(block, 0, block.length, { onField: (name, text) => expected.push([name, text]) });
    assert.deepEqual(readBlock(reader, 'response', block), expected);
    reader.list.headers.set('x-kind', 'changed');
  }
});
