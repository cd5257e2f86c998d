import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildReport, formatReport, toFigures } from './report.ts';

const rate = { name: 'http1-small', unit: 'requests/s', better: 'higher' } as const;

test('the median of an even number of runs lies between the middle two', () => {
  assert.deepEqual(toFigures([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 });
  assert.deepEqual(toFigures([9, 1, 5]), { median: 5, min: 1, max: 9 });
});

test('ratios are of Heddle to the peer, and a peer of several variants counts with the better', () => {
  const results = new Map([
    ['heddle', [20, 30, 40]],
    ['envoy (defaults)', [10, 10, 10]],
    ['envoy (tuned)', [15, 15, 15]],
    ['nginx', [60, 60, 60]],
  ]);
  assert.deepEqual(buildReport(rate, results), {
    ...rate,
    heddle: { median: 30, min: 20, max: 40 },
    peers: {
      envoy: { median: 15, min: 15, max: 15, ratio: 2 },
      nginx: { median: 60, min: 60, max: 60, ratio: 0.5 },
    },
  });
  const latency = buildReport({ ...rate, better: 'lower' }, results);
  assert.equal(latency.peers['envoy']?.median, 10);
});

test('no failure on both sides is a ratio of 1, which JSON can hold', () => {
  const report = buildReport(
    rate,
    new Map([
      ['heddle', [0]],
      ['envoy', [0]],
    ]),
  );
  assert.equal(report.peers['envoy']?.ratio, 1);
});

test('the table names every peer with its ratio', () => {
  const text = formatReport(
    buildReport(
      rate,
      new Map([
        ['heddle', [21_000]],
        ['envoy', [7000]],
      ]),
    ),
  );
  assert.match(text, /^http1-small, requests\/s \(higher is better\)$/m);
  assert.match(text, /^ {2}envoy +7000 +\(7000–7000\) +heddle is ×3\.00$/m);
});
