import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withIdleClusters } from './idle-cluster-stats.ts';

test('what no worker has counted yet is listed as 0, once and in order', () => {
  const counted = { type: 'counter', name: 'cluster.b.upstream_rq_total', value: 7 } as const;
  const all = withIdleClusters([counted], ['b', 'a', 'b']);
  const names = all.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)].sort());
  assert.deepEqual(
    all.find(({ name }) => name === counted.name),
    counted,
  );
  const expected = { type: 'counter', name: 'cluster.a.upstream_rq_retry', value: 0 };
  assert.deepEqual(
    all.find(({ name }) => name === expected.name),
    expected,
  );
  assert.equal(all.find(({ name }) => name === 'cluster.a.upstream_cx_active')?.type, 'gauge');
  assert.ok(!names.includes('cluster.a.upstream_rq_time'), 'a histogram without samples');
});
