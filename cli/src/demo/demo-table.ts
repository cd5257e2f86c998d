import { renderTable } from '../output/table.ts';
import type { DemoReport } from './run-demo.ts';

/** The report for people: a row for each change, then the sums. */
export function renderDemoReport(report: DemoReport): string {
  const versions = Object.keys(report.byVersion).sort();
  const rows = report.changes.map(({ change, liveMs, requests, failed, byVersion }) => [
    change,
    liveMs === undefined ? '–' : `${liveMs} ms`,
    String(requests),
    ...versions.map((version) => String(byVersion[version] ?? 0)),
    String(failed),
  ]);
  const table = renderTable(['change', 'live after', 'requests', ...versions, 'failed'], rows);
  const { requests, failed, misrouted, latencyMs, liveMs, failures, workers } = report;
  const shares = Object.entries(workers).map(([id, counts]) => `${id} ${Object.values(counts).join(' + ')}`);
  const lines = [
    `${requests} requests, ${failed} failed, ${misrouted} by a version that had no share`,
    `latency p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms · a route is live after p50 ${liveMs.p50} ms, p99 ${liveMs.p99} ms`,
    `connections by worker: ${shares.join(', ')}`,
    ...failures.map((failure) => `failed: ${failure}`),
  ];
  return `${table}\n\n${lines.join('\n')}`;
}
