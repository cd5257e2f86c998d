import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildErrorsPage } from './errors-page.ts';

test('docs/errors.md says what the catalogue says', () => {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  assert.equal(
    page,
    buildErrorsPage(),
    'run: sh tools/node shared/src/errors/errors-page.ts > docs/errors.md',
  );
});
