import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SoakRun } from './run-soak.ts';
import type { Sample } from './sample-mesh.ts';
import { formatSoak, judgeSoak } from './soak-report.ts';

const minuteMs = 60_000;

/** Looks at a process, one each minute of an hour. */
const looks = (
  process: string,
  valuesAt: (minute: number) => Sample['values'],
  pid = (_minute: number) => 1,
): Sample[] =>
  Array.from({ length: 60 }, (_, minute) => ({
    process,
    pid: pid(minute),
    atMs: minute * minuteMs,
    isQuiet: true,
    values: valuesAt(minute),
  }));

const runOf = (samples: readonly Sample[], more: Partial<SoakRun> = {}): SoakRun => ({
  seconds: 3600,
  rounds: 60,
  changes: 600,
  faults: { 'Redis killed': 3 },
  requests: 1000,
  failed: 0,
  connectionsClosed: 0,
  writesAcknowledged: 10,
  problems: [],
  samples,
  ...more,
});

test('a leak of one process is named, the others pass', () => {
  const run = runOf([
    ...looks('leaking', (minute) => ({ descriptors: 50 + minute, threads: 9 })),
    ...looks('sound', () => ({ descriptors: 50, threads: 9 })),
  ]);
  const report = judgeSoak(run);
  assert.equal(report.failures.length, 1);
  assert.match(
    report.failures[0] ?? '',
    /^leaking: descriptors rises from 84\.5 to 104\.5, by 29; 3 is allowed/,
  );
  const text = formatSoak(run, report);
  assert.match(text, /^leaking +descriptors .* rising$/m);
  assert.match(text, /^failed:$/m);
});

test('what was seen under load is no point of the slope, but a peak', () => {
  const run = runOf([
    ...looks('one', () => ({ sockets: 10 })),
    { process: 'one', pid: 1, atMs: 59.5 * minuteMs, isQuiet: false, values: { sockets: 500 } },
  ]);
  const report = judgeSoak(run);
  assert.deepEqual(report.failures, []);
  assert.equal(report.series[0]?.peak, 500);
  assert.match(formatSoak(run, report), /passed$/);
});

test('memory of a process that was started anew is not judged, its descriptors are', () => {
  const restarted = looks(
    'restarted',
    (minute) => ({ rss: 100 + minute, descriptors: 30 }),
    (minute) => (minute < 30 ? 1 : 2),
  );
  assert.deepEqual(
    judgeSoak(runOf(restarted)).series.map(({ series }) => series),
    ['descriptors'],
  );
});

test('failed requests, closed connections and problems fail without any slope', () => {
  const { failures } = judgeSoak(
    runOf([], { failed: 1, connectionsClosed: 2, problems: ['a write is lost'] }),
  );
  assert.deepEqual(failures, ['1 of 1000 requests failed', '2 connections were closed', 'a write is lost']);
  assert.equal(judgeSoak(runOf([], { requests: 0, writesAcknowledged: 0 })).failures.length, 2);
});
