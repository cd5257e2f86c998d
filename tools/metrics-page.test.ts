import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildMetricsPage, metricsPagePath } from './metrics-page.ts';

test('docs/metrics.md says what the planes declare', () => {
  assert.equal(
    readFileSync(metricsPagePath, 'utf8'),
    buildMetricsPage(),
    'run: sh tools/node tools/metrics-page.ts',
  );
});
