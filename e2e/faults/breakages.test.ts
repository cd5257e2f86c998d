import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { allBreakages } from './breakages.ts';

test('every breakage finds its lines, once', () => {
  for (const [name, { file, from }] of Object.entries(allBreakages)) {
    const source = readFileSync(path.resolve(import.meta.dirname, '../../data-plane/src', file), 'utf8');
    assert.equal(source.split(from).length - 1, 1, name);
  }
});
