import { judgeSeries, type Judgement } from './judge-series.ts';
import type { SoakRun } from './run-soak.ts';
import type { Sample } from './sample-mesh.ts';
import { seriesRules, type SeriesName } from './series-rules.ts';

export interface JudgedSeries {
  readonly process: string;
  readonly series: SeriesName;
  readonly judgement: Judgement;
  /** The largest value of all samples, under load too. */
  readonly peak: number;
}

export interface SoakReport {
  readonly series: readonly JudgedSeries[];
  /** Why it failed, one line each; empty when it passed. */
  readonly failures: readonly string[];
}

/** Judges every series of every process, and what happened to the requests and writes. */
export function judgeSoak(run: SoakRun): SoakReport {
  const series = [...new Set(run.samples.map(({ process }) => process))].flatMap((process) =>
    judgeProcess(
      process,
      run.samples.filter((sample) => sample.process === process),
    ),
  );
  const rising = series
    .filter(({ judgement }) => judgement.kind === 'rising')
    .map(
      ({ process, series: name, judgement: { growth, allowed, from, to } }) =>
        `${process}: ${name} rises from ${format(from)} to ${format(to)}, by ${format(growth)}; ` +
        `${format(allowed)} is allowed: ${seriesRules[name].reason}`,
    );
  const failures = [
    ...rising,
    ...(run.failed > 0 ? [`${run.failed} of ${run.requests} requests failed`] : []),
    ...(run.connectionsClosed > 0 ? [`${run.connectionsClosed} connections were closed`] : []),
    ...(run.requests === 0 ? ['no request was answered'] : []),
    ...(run.writesAcknowledged === 0 ? ['no write was acknowledged'] : []),
    ...run.problems,
  ];
  return { series, failures };
}

function judgeProcess(process: string, samples: readonly Sample[]): JudgedSeries[] {
  const isRestarted = new Set(samples.map(({ pid }) => pid)).size > 1;
  return (Object.keys(seriesRules) as SeriesName[]).flatMap((series) => {
    const rule = seriesRules[series];
    if (isRestarted && rule.growsWithAge) return [];
    const points = (from: readonly Sample[]) =>
      from.flatMap(({ atMs, values }) => {
        const value = values[series];
        return value === undefined ? [] : [{ atMs, value }];
      });
    const all = points(samples);
    if (all.length === 0) return [];
    const judgement = judgeSeries(points(samples.filter(({ isQuiet }) => isQuiet)), rule);
    return [{ process, series, judgement, peak: Math.max(...all.map(({ value }) => value)) }];
  });
}

const columns = ['process', 'series', 'points', 'from', 'to', 'peak', 'per hour', 'growth', 'allowed', ''];

/** Everything that was judged, as a table, and what became of the load. */
export function formatSoak(run: SoakRun, { series, failures }: SoakReport): string {
  const lines = [
    columns,
    ...series.map(({ process, series: name, judgement, peak }) => [
      process,
      seriesRules[name].unit === 'MiB' ? `${name} MiB` : name,
      String(judgement.pointCount),
      ...[
        judgement.from,
        judgement.to,
        peak,
        judgement.slopePerHour,
        judgement.growth,
        judgement.allowed,
      ].map(format),
      judgement.kind === 'flat' ? '' : judgement.kind,
    ]),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const table = lines.map((line) =>
    line
      .map((cell, index) => (index < 2 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const faults = Object.entries(run.faults)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
  return [
    ...table,
    '',
    `${run.rounds} rounds in ${(run.seconds / 60).toFixed(1)} min: ${run.changes} changes; ${faults}`,
    `${run.requests} requests, ${run.failed} failed, ${run.connectionsClosed} connections closed; ` +
      `${run.writesAcknowledged} writes acknowledged`,
    failures.length === 0 ? 'passed' : `failed:\n${failures.map((line) => `  ${line}`).join('\n')}`,
  ].join('\n');
}

function format(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
