import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { huffmanLength, readHuffman, writeHuffman } from './huffman.ts';

function encode(text: string): Buffer {
  const target = Buffer.alloc(huffmanLength(text));
  assert.equal(writeHuffman(target, 0, text), target.length);
  return target;
}

function decode(bytes: Buffer): string | undefined {
  const target = Buffer.alloc(Math.ceil((bytes.length * 8) / 5));
  const length = readHuffman(bytes, 0, bytes.length, target);
  return length < 0 ? undefined : target.toString('latin1', 0, length);
}

test('the strings of RFC 7541, Appendix C', () => {
  const vectors: readonly (readonly [string, string])[] = [
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['custom-key', '25a849e95ba97d7f'],
    ['custom-value', '25a849e95bb8e8b4bf'],
    ['302', '6402'],
    ['private', 'aec3771a4b'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    ['https://www.example.com', '9d29ad171863c78f0b97c8e9ae82ae43d3'],
    ['307', '640eff'],
    ['gzip', '9bd9ab'],
    [
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ],
  ];
  for (const [text, hex] of vectors) {
    assert.equal(encode(text).toString('hex'), hex);
    assert.equal(decode(Buffer.from(hex, 'hex')), text);
  }
});

test('every byte, and random strings, come back', () => {
  const rng = createSeededRng(7);
  for (let byte = 0; byte < 256; byte++) {
    const text = String.fromCharCode(byte);
    assert.equal(decode(encode(text)), text);
  }
  for (let round = 0; round < 2_000; round++) {
    const bytes = Buffer.alloc(randomInteger(rng, 40)).map(() => randomInteger(rng, 256));
    const text = Buffer.from(bytes).toString('latin1');
    assert.equal(decode(encode(text)), text);
  }
});

test('padding is the beginning of EOS and shorter than a byte', () => {
  assert.equal(decode(Buffer.from('07', 'hex')), '0'); // 00000 and three ones
  assert.equal(decode(Buffer.from('00', 'hex')), undefined); // zeros are no padding
  assert.equal(decode(Buffer.from('06', 'hex')), undefined);
  assert.equal(decode(Buffer.from('ff', 'hex')), undefined); // eight bits of padding
  assert.equal(decode(Buffer.from('07ff', 'hex')), undefined);
  assert.equal(decode(Buffer.from('', 'hex')), '');
});

test('EOS within a string is an error', () => {
  assert.equal(decode(Buffer.from('ffffffff', 'hex')), undefined);
  assert.equal(decode(Buffer.from('07ffffffff', 'hex')), undefined);
});
