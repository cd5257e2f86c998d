import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { declareProcessMetrics } from './process-metrics.ts';

test('memory and timers are read when the metrics are asked for', async () => {
  const registry = new Registry();
  let timerCount = 2;
  declareProcessMetrics(registry, () => timerCount);
  const valueOf = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await registry.metrics())?.[1]);
  for (const name of [
    'process_resident_memory_bytes',
    'nodejs_heap_size_used_bytes',
    'nodejs_external_memory_bytes',
  ])
    assert.ok((await valueOf(name)) > 1_000_000, name);
  assert.equal(await valueOf('heddle_timers'), 2);
  timerCount = 5;
  assert.equal(await valueOf('heddle_timers'), 5);
});
