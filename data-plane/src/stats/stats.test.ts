import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bucketBounds,
  bucketOf,
  countUpTo,
  prometheusBounds,
  quantileOf,
  sampleCountOf,
} from './histogram-buckets.ts';
import { extractTags } from './stat-tags.ts';
import { describeStats } from './describe-stats.ts';
import { SharedScopes } from './shared-scopes.ts';
import { createStatsReader, type StatsReader } from './stats-reader.ts';
import { createStatsStore, type StatsStore } from './stats-store.ts';

function createThread(reader: StatsReader, thread: string): StatsStore {
  const store: StatsStore = createStatsStore({
    onDeclared: () =>
      queueMicrotask(() => {
        const declaration = store.takeDeclaration();
        if (declaration !== undefined) reader.onDeclaration(thread, declaration);
      }),
  });
  return store;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('counters and gauges of all threads add up under one name', async () => {
  const reader = createStatsReader();
  const [one, two] = [createThread(reader, 'worker_0'), createThread(reader, 'worker_1')];
  one.root.scope('cluster.a.').counter('upstream_rq_total').add(3);
  two.root.scope('cluster.a.').counter('upstream_rq_total').inc();
  one.root.gauge('active').inc();
  two.root.gauge('active').add(4);
  one.root.gauge('active').dec();
  await settle();
  assert.equal(reader.read('cluster.a.upstream_rq_total'), 4);
  assert.equal(reader.read('active'), 4);
  assert.deepEqual(
    reader.list().map(({ name }) => name),
    ['active', 'cluster.a.upstream_rq_total'],
  );
});

test('the same name gives the same counter, and updates after the declaration are seen', async () => {
  const reader = createStatsReader();
  const { root } = createThread(reader, 'main');
  const counter = root.counter('x');
  assert.equal(root.counter('x'), counter);
  await settle();
  counter.add(2);
  assert.equal(reader.read('x'), 2);
  assert.equal(reader.read('y'), undefined);
});

test('more statistics than a page holds go to further pages', async () => {
  const reader = createStatsReader();
  const { root } = createThread(reader, 'main');
  for (let index = 0; index < 10_000; index++) root.counter(`c${index}`).add(index);
  await settle();
  assert.equal(reader.read('c0'), 0);
  assert.equal(reader.read('c9999'), 9999);
});

test('a dead thread keeps its counters and histograms and loses its gauges; its successor counts on', async () => {
  const reader = createStatsReader();
  const { root } = createThread(reader, 'worker_0');
  root.counter('rq').add(5);
  root.gauge('active').add(5);
  root.histogram('ms').record(7);
  await settle();
  reader.onThreadGone('worker_0');
  const successor = createThread(reader, 'worker_0');
  successor.root.counter('rq').inc();
  successor.root.histogram('ms').record(8);
  await settle();
  assert.equal(reader.read('rq'), 6);
  assert.equal(reader.read('active'), 0);
  const histogram = reader.list().find(({ name }) => name === 'ms');
  assert.ok(histogram?.type === 'histogram');
  assert.equal(sampleCountOf(histogram.data), 2);
  assert.equal(histogram.data.sum, 15);
});

test('a released scope vanishes, and its slots start at zero for the next owner', async () => {
  const reader = createStatsReader();
  const { root } = createThread(reader, 'main');
  root.scope('cluster.a.').counter('x').add(9);
  root.scope('cluster.a.').histogram('h').record(1);
  await settle();
  root.scope('cluster.a.').release();
  await settle();
  assert.equal(reader.read('cluster.a.x'), undefined);
  assert.equal(reader.list().length, 0);
  root.scope('cluster.b.').counter('x').inc();
  await settle();
  assert.equal(reader.read('cluster.b.x'), 1);
});

test('who still holds a statistic of a released scope counts into nothing, and disturbs no later owner', async () => {
  const reader = createStatsReader();
  const { root } = createThread(reader, 'main');
  const old = root.scope('cluster.a.');
  const counter = old.counter('x');
  const histogram = old.histogram('h');
  const silent = old.histogram('silent');
  histogram.record(1);
  old.release();
  const again = root.scope('cluster.a.');
  assert.notEqual(again, old);
  again.counter('x').inc();
  again.histogram('h').record(2);
  counter.add(100);
  histogram.record(100);
  silent.record(100);
  old.counter('late').inc();
  old.scope('below.').gauge('late').set(1);
  await settle();
  assert.equal(reader.read('cluster.a.x'), 1);
  const names = reader.list().map((stat) => (stat.type === 'histogram' ? stat.data.sum : stat.name));
  assert.deepEqual(names, [2, 'cluster.a.x']);
});

test('names that came and went take no memory: slots and pages are used again', async () => {
  const reader = createStatsReader();
  const { root } = createThread(reader, 'main');
  const pageCounts: number[] = [];
  const store = createStatsStore({ onDeclared: () => undefined });
  for (let round = 0; round < 100; round++) {
    for (const scope of [root.scope(`cluster.${round}.`), store.root.scope(`cluster.${round}.`)]) {
      for (let index = 0; index < 100; index++) scope.counter(`c${index}`).inc();
      scope.scope('below.').histogram('h').record(1);
      scope.release();
    }
    pageCounts.push(store.takeDeclaration()?.pages.length ?? 0);
  }
  await settle();
  assert.deepEqual(reader.list(), []);
  assert.equal(
    pageCounts.reduce((sum, count) => sum + count, 0),
    1,
  );
});

test('what a dead thread alone had goes when its scope is released, though no successor declared it', async () => {
  const reader = createStatsReader();
  const main = createThread(reader, 'main');
  const worker = createThread(reader, 'worker_0');
  worker.root.scope('cluster.a.').counter('rq').inc();
  worker.root.scope('cluster.b.').counter('rq').inc();
  main.root.scope('cluster.a.').gauge('members').set(1);
  await settle();
  reader.onThreadGone('worker_0');
  main.root.scope('cluster.a.').release();
  await settle();
  assert.equal(reader.read('cluster.a.rq'), undefined);
  assert.equal(reader.read('cluster.b.rq'), 1);
});

test('text readouts hold their last value and go with their scope', async () => {
  const reader = createStatsReader();
  const { root } = createThread(reader, 'main');
  const scope = root.scope('lds.');
  const text = scope.text('version_text');
  await settle();
  assert.deepEqual(reader.list(), [{ type: 'text', name: 'lds.version_text', value: '' }]);
  text.set('1');
  text.set('2');
  await settle();
  assert.deepEqual(reader.list(), [{ type: 'text', name: 'lds.version_text', value: '2' }]);
  scope.release();
  text.set('3');
  await settle();
  assert.deepEqual(reader.list(), []);
});

test('a shared scope is released by the last of its users', async () => {
  const reader = createStatsReader();
  const { root } = createThread(reader, 'main');
  const scopes = new SharedScopes(root);
  scopes.acquire('http.in.').counter('x').inc();
  scopes.acquire('http.in.').counter('x').inc();
  scopes.release('http.in.');
  await settle();
  assert.equal(reader.read('http.in.x'), 2);
  scopes.release('http.in.');
  await settle();
  assert.equal(reader.read('http.in.x'), undefined);
});

test('a description makes its statistics, and the rows of the reference page', async () => {
  const described = describeStats(['cluster.<cluster>.', 'cluster.<cluster>.canary.'], (make) => ({
    total: make.counter('rq_total', 'Requests.'),
    byCode: make.counters('rq_<code>', 'Answers.'),
    active: make.gauge('rq_active', 'Requests under way.', 'requests'),
    open: make.zeroGauge('open', 'There is no limit.'),
  }));
  const reader = createStatsReader();
  const { root } = createThread(reader, 'main');
  const stats = described.create(root.scope('cluster.a.'));
  stats.total.inc();
  stats.byCode.of(503).add(2);
  await settle();
  assert.deepEqual(
    reader.list().map((stat) => [stat.name, stat.type === 'histogram' ? 0 : stat.value]),
    [
      ['cluster.a.open', 0],
      ['cluster.a.rq_503', 2],
      ['cluster.a.rq_active', 0],
      ['cluster.a.rq_total', 1],
    ],
  );
  assert.deepEqual(
    described.rows().map(({ name }) => name),
    ['cluster.<cluster>.', 'cluster.<cluster>.canary.'].flatMap((prefix) =>
      ['rq_total', 'rq_<code>', 'rq_active', 'open'].map((name) => prefix + name),
    ),
  );
});

test('reset takes what was counted off, also for threads that go on', async () => {
  const reader = createStatsReader();
  const { root } = createThread(reader, 'main');
  const counter = root.counter('x');
  counter.add(3);
  await settle();
  reader.resetCounters();
  counter.inc();
  assert.equal(reader.read('x'), 1);
});

test('histograms: every Prometheus bound is a bucket bound, and quantiles lie in the right bucket', async () => {
  for (const bound of prometheusBounds) assert.ok(bucketBounds.includes(bound), `${bound}`);
  const reader = createStatsReader();
  const { root } = createThread(reader, 'main');
  const histogram = root.histogram('ms');
  for (let value = 1; value <= 1000; value++) histogram.record(value);
  await settle();
  const [stat] = reader.list();
  assert.ok(stat?.type === 'histogram');
  assert.equal(sampleCountOf(stat.data), 1000);
  assert.equal(stat.data.sum, 500_500);
  assert.equal(countUpTo(stat.data, 250), 250);
  assert.ok(Math.abs(quantileOf(stat.data, 0.5) - 500) <= 1);
  assert.ok(Math.abs(quantileOf(stat.data, 0.99) - 990) <= 10);
});

test('every value falls into the first bucket whose bound it does not exceed', () => {
  const expected = (value: number): number => {
    const index = bucketBounds.findIndex((bound) => value <= bound);
    return index < 0 ? bucketBounds.length : index;
  };
  const nearBounds = [...bucketBounds].flatMap((bound) => [bound * (1 - 1e-9), bound, bound * (1 + 1e-9)]);
  const spread = Array.from({ length: 20_000 }, (_, index) => (index / 20_000) ** 4 * 2_000);
  for (const value of [0, -1, 1e12, ...nearBounds, ...spread]) {
    assert.equal(bucketOf(value), expected(value), String(value));
  }
});

test('tags are taken out of names as Envoy does it', () => {
  assert.deepEqual(extractTags('cluster.foo.upstream_rq_200'), {
    name: 'cluster.upstream_rq',
    tags: [
      { name: 'envoy.response_code', value: '200' },
      { name: 'envoy.cluster_name', value: 'foo' },
    ],
  });
  assert.deepEqual(extractTags('cluster.foo.bar.upstream_rq_2xx'), {
    name: 'cluster.upstream_rq_xx',
    tags: [
      { name: 'envoy.response_code_class', value: '2' },
      { name: 'envoy.cluster_name', value: 'foo.bar' },
    ],
  });
  assert.deepEqual(extractTags('listener.0.0.0.0_15001.worker_1.downstream_cx_total'), {
    name: 'listener.worker_downstream_cx_total',
    tags: [
      { name: 'envoy.worker_id', value: '1' },
      { name: 'envoy.listener_address', value: '0.0.0.0_15001' },
    ],
  });
  assert.deepEqual(extractTags('listener.0.0.0.0_15001.http.ingress.downstream_rq_2xx'), {
    name: 'listener.http.downstream_rq_xx',
    tags: [
      { name: 'envoy.response_code_class', value: '2' },
      { name: 'envoy.listener_address', value: '0.0.0.0_15001' },
      { name: 'envoy.http_conn_manager_prefix', value: 'ingress' },
    ],
  });
  for (const [name, rest, tag, value] of [
    ['udp.a.b.downstream_sess_total', 'udp.downstream_sess_total', 'udp_prefix', 'a.b'],
    ['cluster.c.udp.sess_rx_errors', 'cluster.udp.sess_rx_errors', 'cluster_name', 'c'],
    ['listener.1.1.1.1_53.udp.downstream_rx', 'listener.udp.downstream_rx', 'listener_address', '1.1.1.1_53'],
  ] as const) {
    assert.deepEqual(extractTags(name), { name: rest, tags: [{ name: `envoy.${tag}`, value }] });
  }
  assert.deepEqual(extractTags('http.ingress.downstream_rq_total').tags, [
    { name: 'envoy.http_conn_manager_prefix', value: 'ingress' },
  ]);
});
