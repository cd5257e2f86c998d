import type { StatRow } from '../../src/stats/describe-stats.ts';
import { askAdmin } from './ask-admin.ts';

/** What stands for a placeholder of the page. Names that a scenario gives have no dots, which makes this exact. */
const placeholders: Readonly<Record<string, string>> = {
  code: '\\d{3}',
  grpc_status: '\\d{1,2}',
  version: 'TLSv1(?:\\.\\d)?',
  index: '\\d+',
  address: '\\d+\\.\\d+\\.\\d+\\.\\d+_\\d+',
};

/** `number`: a counter or a gauge; JSON does not tell which. */
export interface StatSample {
  readonly name: string;
  readonly type: 'number' | 'text' | 'histogram';
  readonly isMoved: boolean;
}

/** Which statistics of the page have moved, and which exist that it does not list. */
export class Movements {
  readonly #rows: readonly { readonly row: StatRow; readonly pattern: RegExp }[];
  /** Names that were looked up before: there are many samples and few names. */
  readonly #rowOf = new Map<string, StatRow | undefined>();
  readonly #moved = new Set<string>();
  readonly #unlisted = new Set<string>();

  constructor(rows: readonly StatRow[]) {
    this.#rows = rows.map((row) => ({ row, pattern: toPattern(row.name) }));
  }

  add(samples: readonly StatSample[]): void {
    for (const { name, type, isMoved } of samples) {
      const row = this.#find(name);
      if (row === undefined) this.#unlisted.add(name);
      else if (kindOf(row) !== type) this.#unlisted.add(`${name}, which is a ${type}`);
      else if (isMoved) this.#moved.add(row.name);
    }
  }

  has(name: string): boolean {
    return this.#moved.has(name);
  }

  get unlisted(): string[] {
    return [...this.#unlisted].sort();
  }

  get unmoved(): string[] {
    return this.#rows.map(({ row }) => row.name).filter((name) => !this.#moved.has(name));
  }

  #find(name: string): StatRow | undefined {
    if (!this.#rowOf.has(name)) {
      this.#rowOf.set(name, this.#rows.find(({ pattern }) => pattern.test(name))?.row);
    }
    return this.#rowOf.get(name);
  }
}

function kindOf({ type }: StatRow): StatSample['type'] {
  return type === 'counter' || type === 'gauge' ? 'number' : type;
}

function toPattern(name: string): RegExp {
  const parts = name.split(/<(\w+)>/);
  const pattern = parts.map((part, index) =>
    index % 2 === 0 ? part.replaceAll('.', '\\.') : (placeholders[part] ?? '[^.]+'),
  );
  return new RegExp(`^${pattern.join('')}$`);
}

interface StatsDocument {
  readonly stats: readonly (
    | { readonly name: string; readonly value: number | string }
    | { readonly histograms: { readonly computed_quantiles: readonly HistogramSample[] } }
  )[];
}

interface HistogramSample {
  readonly name: string;
  readonly values: readonly { readonly cumulative: number | null }[];
}

/** Asks a sidecar for all of its statistics. */
export async function sampleStats(adminPort: number): Promise<StatSample[]> {
  const { stats } = JSON.parse(await askAdmin(adminPort, '/stats?format=json')) as StatsDocument;
  return stats.flatMap((stat): StatSample[] => {
    if ('histograms' in stat) {
      return stat.histograms.computed_quantiles.map(({ name, values }) => ({
        name,
        type: 'histogram',
        isMoved: values.some(({ cumulative }) => cumulative !== null),
      }));
    }
    const { name, value } = stat;
    if (typeof value === 'string') return [{ name, type: 'text', isMoved: value !== '' }];
    return [{ name, type: 'number', isMoved: value !== 0 }];
  });
}
