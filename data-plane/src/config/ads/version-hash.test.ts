import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashVersion } from './version-hash.ts';

test('versions hash as in Envoy', () => {
  // Digests of the reference implementation.
  const digests: Readonly<Record<string, bigint>> = {
    '': 0xef46db3751d8e999n,
    a: 0xd24ec4f1a98c6e5bn,
    abc: 0x44bc2cf5ad770999n,
    'Nobody inspects the spammish repetition': 0xfbcea83c8a378bf1n,
  };
  for (const [text, digest] of Object.entries(digests)) assert.equal(hashVersion(text), Number(digest), text);
});
