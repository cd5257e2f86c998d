import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildSupportDocument } from './support-document.ts';
import { supportTable } from './support-table.ts';

test('docs/config.md is what the support table says', () => {
  const page = readFileSync(new URL('../../../../../docs/config.md', import.meta.url), 'utf8');
  assert.equal(page, buildSupportDocument(supportTable), 'run write-document.ts');
});
