export interface Figures {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface ScenarioReport {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly heddle: Figures;
  /** `ratio`: Heddle's median ÷ the peer's. */
  readonly peers: Readonly<Record<string, Figures & { readonly ratio: number }>>;
}

export function toFigures(values: readonly number[]): Figures {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
  return { median, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN };
}

export function buildReport(
  scenario: Pick<ScenarioReport, 'name' | 'unit' | 'better'>,
  results: ReadonlyMap<string, readonly number[]>,
): ScenarioReport {
  const heddle = toFigures(results.get('heddle') ?? []);
  const peers: Record<string, Figures & { ratio: number }> = {};
  for (const [name, values] of results) {
    if (name === 'heddle') continue;
    const figures = toFigures(values);
    peers[name] = { ...figures, ratio: heddle.median / figures.median };
  }
  return { ...scenario, heddle, peers };
}

const round = (value: number): string => (value >= 1000 ? String(Math.round(value)) : value.toFixed(1));

/** `http1-small  requests/s   heddle 21000 (20500–21800)   envoy 7000 (…)  ×3.00`, a line for each proxy. */
export function formatReport(report: ScenarioReport): string {
  const line = (name: string, { median, min, max }: Figures, note: string): string =>
    `  ${name.padEnd(10)} ${round(median).padStart(8)}  (${round(min)}–${round(max)})${note}`;
  return [
    `${report.name}, ${report.unit} (${report.better} is better)`,
    line('heddle', report.heddle, ''),
    ...Object.entries(report.peers).map(([name, figures]) =>
      line(name, figures, `  heddle is ×${figures.ratio.toFixed(2)}`),
    ),
  ].join('\n');
}
