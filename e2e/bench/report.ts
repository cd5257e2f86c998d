/** Median, least and greatest of the runs. */
export interface Figures {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** `ratio`: Heddle's median ÷ the peer's. */
export type PeerFigures = Figures & { readonly ratio: number };

/** What is printed with `--json`. */
export interface ScenarioReport {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly heddle: Figures;
  /** A peer that ran in several ways (`envoy`, `envoy (tuned)`) stands here once, with the better of them. */
  readonly peers: Readonly<Record<string, PeerFigures>>;
}

/** Values by contender, in the order of the runs. A contender's name may end in its variant: `envoy (tuned)`. */
export type Results = ReadonlyMap<string, readonly number[]>;

export function toFigures(values: readonly number[]): Figures {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
  return { median, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN };
}

export function buildReport(
  scenario: Pick<ScenarioReport, 'name' | 'unit' | 'better'>,
  results: Results,
): ScenarioReport {
  const heddle = toFigures(results.get('heddle') ?? []);
  const peers: Record<string, PeerFigures> = {};
  for (const [contender, values] of results) {
    if (contender === 'heddle') continue;
    const figures = toFigures(values);
    const name = contender.replace(/ \(.*\)$/, '');
    const other = peers[name];
    if (other !== undefined && !isBetter(figures.median, other.median, scenario.better)) continue;
    peers[name] = { ...figures, ratio: ratioOf(heddle.median, figures.median) };
  }
  return { ...scenario, heddle, peers };
}

function isBetter(value: number, than: number, better: ScenarioReport['better']): boolean {
  return better === 'higher' ? value > than : value < than;
}

/** Two zeros are equal: nobody failed a request. */
function ratioOf(heddle: number, peer: number): number {
  return heddle === peer ? 1 : heddle / peer;
}

function format(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 1000 || value === 0 ? 0 : size >= 10 ? 1 : 2);
}

/** The scenario's name, and a line for each contender with its runs and how Heddle compares to it. */
export function formatReport(report: ScenarioReport): string {
  const line = (name: string, { median, min, max }: Figures, note: string): string =>
    `  ${name.padEnd(24)} ${format(median).padStart(9)}  (${format(min)}–${format(max)})${note}`;
  return [
    `${report.name}, ${report.unit} (${report.better} is better)`,
    line('heddle', report.heddle, ''),
    ...Object.entries(report.peers).map(([name, figures]) =>
      line(name, figures, `  heddle is ×${figures.ratio.toFixed(2)}`),
    ),
  ].join('\n');
}
