import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { documents, withDifferences } from './differences-document.ts';

for (const document of documents) {
  test(`docs/${path.basename(document.file)} has the table (npm run fuzz -- --write-table)`, async () => {
    const text = readFileSync(document.file, 'utf8');
    assert.equal(await withDifferences(document, text), text);
  });
}
