import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../harness/harness.ts';
import { formatRules } from './rules-table.ts';

/** Cells without the padding that the formatter adds. */
const cellsOf = (row: string): string[] => row.split('|').map((cell) => cell.trim().replace(/^-+$/, '---'));

test('docs/soak.md says what the judge allows', () => {
  const text = readFileSync(path.join(repositoryRoot, 'docs/soak.md'), 'utf8');
  const documented = text.split('\n').filter((line) => line.startsWith('|') && !line.includes('per hour'));
  const rules = formatRules().split('\n').map(cellsOf);
  assert.deepEqual(documented.slice(0, rules.length).map(cellsOf), rules, formatRules());
});
