export interface FaultRow {
  readonly scenario: string;
  readonly requests: number;
  readonly failed: number;
  /** Requests that nobody could have answered. */
  readonly hadToFail: number;
  readonly connectionsClosed: number;
  readonly writesAcknowledged: number;
  readonly writesLost: number;
}

const columns = ['scenario', 'requests', 'failed', 'had to', 'closed', 'acknowledged', 'lost'] as const;

/** Rows under their headings, numbers to the right. */
export function formatFaultTable(rows: readonly FaultRow[]): string {
  const lines = [
    columns.map(String),
    ...rows.map((row) => [
      row.scenario,
      ...[row.requests, row.failed, row.hadToFail, row.connectionsClosed].map(String),
      ...[row.writesAcknowledged, row.writesLost].map(String),
    ]),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
