import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrometheusText } from '@heddle/shared/testing/prometheus-text';
import { createStatsReader } from '../stats/stats-reader.ts';
import { createStatsStore } from '../stats/stats-store.ts';
import { formatPrometheus } from './stats-prometheus.ts';

test('whatever names clusters have, the text is one that Prometheus reads, and labels hold the names', () => {
  const names = [
    'plain',
    'with.dots',
    'with space',
    'quo"te',
    'back\\slash',
    'line\nfeed',
    'ünïcode',
    '0',
    '{}=,',
  ];
  const store = createStatsStore({ onDeclared: () => undefined });
  const reader = createStatsReader();
  for (const name of names) {
    const scope = store.root.scope(`cluster.${name}.`);
    scope.counter('upstream_rq_200').inc();
    scope.counter('upstream_rq_2xx').inc();
    scope.gauge('upstream_rq_active').set(-1.5);
    scope.histogram('upstream_rq_time').record(3);
    scope.text('version_text').set(name);
  }
  const declaration = store.takeDeclaration();
  assert.ok(declaration !== undefined);
  reader.onDeclaration('main', declaration);
  const families = parsePrometheusText(formatPrometheus(reader.list(), { hasTextReadouts: true }));
  assert.deepEqual(
    families.map(({ name, type }) => `${name} ${type}`),
    [
      'envoy_cluster_upstream_rq counter',
      'envoy_cluster_upstream_rq_xx counter',
      'envoy_cluster_upstream_rq_active gauge',
      'envoy_cluster_upstream_rq_time histogram',
      'envoy_cluster_version_text gauge',
    ],
  );
  for (const { samples } of families) {
    const labelled = new Set(samples.map(({ labels }) => labels.get('envoy_cluster_name')));
    assert.deepEqual([...labelled].sort(), [...names].sort());
  }
  const texts = families.at(-1)?.samples.map(({ labels }) => labels.get('text_value'));
  assert.deepEqual(texts?.sort(), [...names].sort());
});
