import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { judgeSeries } from './judge-series.ts';
import { seriesRules, type SeriesName } from './series-rules.ts';

const minuteMs = 60_000;

/** One value each minute. */
const judge = (series: SeriesName, values: readonly number[]) =>
  judgeSeries(
    values.map((value, index) => ({ atMs: index * minuteMs, value })),
    seriesRules[series],
  );

const hour = (valueAt: (minute: number) => number): number[] =>
  Array.from({ length: 60 }, (_, minute) => valueAt(minute));

test('what stays is flat, and so is what only rises at the start', () => {
  assert.equal(
    judge(
      'descriptors',
      hour(() => 57),
    ).kind,
    'flat',
  );
  assert.equal(
    judge(
      'rss',
      hour((minute) => 150 + 60 * (1 - Math.exp(-minute / 5))),
    ).kind,
    'flat',
  );
  assert.equal(
    judge(
      'statistics',
      hour((minute) => (minute < 25 ? 900 + 20 * minute : 1400)),
    ).kind,
    'flat',
  );
});

test('one step is no leak, wherever it is, but of what the mesh alone decides', () => {
  for (let at = 1; at < 60; at++)
    assert.equal(
      judge(
        'sockets',
        hour((minute) => (minute < at ? 6 : 8)),
      ).kind,
      'flat',
      `at ${at}`,
    );
  assert.equal(
    judge(
      'listening',
      hour((minute) => (minute < 43 ? 6 : 8)),
    ).kind,
    'rising',
  );
  assert.equal(
    judge(
      'listening',
      hour((minute) => (minute === 43 ? 8 : 6)),
    ).kind,
    'flat',
  );
});

test('one thing more in each round is a leak, of whatever kind', () => {
  for (const series of Object.keys(seriesRules) as SeriesName[]) {
    const { kind, growth } = judge(
      series,
      hour((minute) => 100 + minute),
    );
    assert.equal(kind, 'rising', series);
    // Thirty points, or those behind the warm-up; of memory groups of three, whose least is the first one.
    const { unit, warmUpMinutes } = seriesRules[series];
    const minutes = unit === 'count' ? (warmUpMinutes === 0 ? 29 : 28) : warmUpMinutes === 0 ? 27 : 24;
    assert.ok(Math.abs(growth - minutes) < 1e-6, `${series}: ${growth}`);
  }
});

test('a leak is seen through noise that is larger than what one round adds', () => {
  const rng = createSeededRng(7);
  const noise = (size: number): number => (rng.next() - 0.5) * size;
  assert.equal(
    judge(
      'heap',
      hour((minute) => 60 + 0.6 * minute + noise(15)),
    ).kind,
    'rising',
  );
  assert.equal(
    judge(
      'sockets',
      hour((minute) => Math.round(20 + 0.5 * minute + noise(8))),
    ).kind,
    'rising',
  );
});

test('noise is no leak: of 500 series without a slope none is taken for one', () => {
  const rng = createSeededRng(11);
  const rising = Array.from({ length: 500 }, () =>
    judge(
      'rss',
      hour(() => 200 + rng.next() * 20),
    ),
  ).filter(({ kind }) => kind === 'rising');
  assert.equal(rising.length, 0);
});

test('a short leak in a short run: six points in a row', () => {
  assert.equal(judge('timers', [20, 20, 80, 140, 200, 260, 320, 380]).kind, 'rising');
  assert.equal(judge('timers', [20, 20, 21, 20, 22, 21, 20, 21]).kind, 'flat');
  assert.equal(judge('timers', [20, 80, 140, 200]).kind, 'too-short');
});

test('what is allowed depends on the time that was judged', () => {
  // Half of the 55 points after five minutes, in groups of three; of equals the first is taken.
  const { allowed, pointCount } = judge(
    'rss',
    hour(() => 200),
  );
  assert.equal(pointCount, 9);
  assert.ok(Math.abs(allowed - (seriesRules.rss.once + (seriesRules.rss.perHour * 24) / 60)) < 1e-9);
});

test('garbage is no leak: what is taken and given back in turns', () => {
  assert.equal(
    judge(
      'rss',
      hour((minute) => 140 + 8 * (minute % 7)),
    ).kind,
    'flat',
  );
  assert.equal(
    judge(
      'rss',
      hour((minute) => 140 + 6 * (minute % 4) + minute),
    ).kind,
    'rising',
  );
});
