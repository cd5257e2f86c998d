import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { readSavedFile, writeSavedFile, type SavedContent } from './saved-file.ts';

const owner = { nodeId: 'web-1', nodeCluster: 'web' };
const key = randomBytes(32);
const clusters = {
  typeUrl: 'cds',
  version: '7',
  resources: [
    { name: 'a', version: '1', bytes: Buffer.from('first') },
    { name: 'b\n', version: '', bytes: Buffer.alloc(0) },
  ],
};
const content: SavedContent = {
  owner,
  savedAt: 1_700_000_000_000,
  sources: new Map([
    ['ads', [clusters, { typeUrl: 'eds', version: '', resources: [] }]],
    ['secrets', []],
  ]),
};

function reasonOf(bytes: Buffer, ownKey?: Uint8Array, self = owner): string {
  const file = readSavedFile(bytes, self, ownKey);
  return file.kind === 'usable' ? 'usable' : file.reason;
}

/** With a checksum that is right again. */
function sealed(unsealed: Buffer): Buffer {
  return Buffer.concat([unsealed, hash('sha256', unsealed, 'buffer')]);
}

test('what is written is read again, with and without a key', () => {
  for (const one of [undefined, key]) {
    const file = readSavedFile(writeSavedFile(content, one), owner, one);
    assert.deepEqual(file, { kind: 'usable', content });
  }
});

test('with a key nothing of the content is on the disk, and no two files are alike', () => {
  assert.ok(writeSavedFile(content, undefined).includes('first'));
  const encrypted = writeSavedFile(content, key);
  assert.ok(!encrypted.includes('first') && !encrypted.includes('cds'));
  assert.notDeepEqual(encrypted, writeSavedFile(content, key));
});

test('a file of another proxy, of another key, or of a later program is refused with the reason', () => {
  const plain = writeSavedFile(content, undefined);
  const encrypted = writeSavedFile(content, key);
  assert.match(reasonOf(plain, undefined, { ...owner, nodeId: 'web-2' }), /of node 'web-1' in cluster 'web'/);
  assert.match(reasonOf(plain, undefined, { ...owner, nodeCluster: 'x' }), /of node 'web-1'/);
  assert.match(reasonOf(encrypted), /encrypted, and there is no key/);
  assert.match(reasonOf(plain, key), /not encrypted, and a key is set/);
  assert.match(reasonOf(encrypted, randomBytes(32)), /another key, or tampered with/);
  const later = plain.toString('latin1').replace('"formatVersion":1', '"formatVersion":2');
  assert.match(reasonOf(Buffer.from(later, 'latin1')), /format is version 2/);
});

test('with a key a tampered file is refused even when its checksum is right', () => {
  const unsealed = writeSavedFile(content, key).subarray(0, -32);
  assert.equal(reasonOf(sealed(unsealed), key), 'usable');
  for (const at of [unsealed.length - 1, unsealed.length - 20, unsealed.indexOf('\n') + 1]) {
    const tampered = Buffer.from(unsealed);
    tampered[at]! ^= 1;
    assert.match(reasonOf(sealed(tampered), key), /tampered with/, `at ${at}`);
  }
  const older = unsealed.toString('latin1').replace('1700000000000', '1600000000000');
  assert.match(reasonOf(sealed(Buffer.from(older, 'latin1')), key), /tampered with/);
});

test('no truncation, no flipped bit and no noise crashes the reader or is taken', () => {
  const rng = createSeededRng(7);
  for (const one of [undefined, key]) {
    const whole = writeSavedFile(content, one);
    for (let length = 0; length < whole.length; length++) {
      assert.notEqual(reasonOf(whole.subarray(0, length), one), 'usable', `${length} bytes`);
    }
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1 << Math.floor(rng.next() * 8);
      assert.notEqual(reasonOf(damaged, one), 'usable', `byte ${at}`);
    }
    const headLength = whole.indexOf('\n') + 1;
    for (let round = 0; round < 300; round++) {
      const noise = randomBytes(Math.floor(rng.next() * 200));
      assert.notEqual(reasonOf(sealed(Buffer.concat([whole.subarray(0, headLength), noise])), one), 'usable');
      assert.notEqual(reasonOf(noise, one), 'usable');
    }
  }
});

test('an index that anybody could have written is checked before it is followed', () => {
  const head = writeSavedFile(content, undefined);
  const line = head.subarray(0, head.indexOf('\n') + 1);
  const withIndex = (index: unknown, body = ''): string => {
    const text = Buffer.from(JSON.stringify(index));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return reasonOf(sealed(Buffer.concat([line, length, text, Buffer.from(body)])));
  };
  const type = (resource: unknown): unknown => [
    ['ads', [{ typeUrl: 't', version: '', resources: [resource] }]],
  ];
  assert.equal(withIndex(type(['a', '', 3]), 'abc'), 'usable');
  for (const resource of [
    ['a', '', 4],
    ['a', '', 2],
    ['a', '', -3],
    ['a', '', 1e30],
    ['a', ''],
    [1, '', 3],
    null,
  ]) {
    assert.match(withIndex(type(resource), 'abc'), /content cannot be read/, JSON.stringify(resource));
  }
  for (const index of [
    null,
    7,
    {},
    [7],
    [['ads']],
    [['ads', 7]],
    [['ads', [null]]],
    [['ads', [{ typeUrl: 1 }]]],
  ]) {
    assert.match(withIndex(index), /content cannot be read/, JSON.stringify(index));
  }
});
