import { buildReport, type ScenarioReport } from './report.ts';
import type { BenchOptions } from './scenario.ts';

/** One of the figures of a run; `name` is the report's. */
export interface FigureSpec {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
}

export interface Contender {
  /** `heddle`, `haproxy`, `envoy (tuned)`. */
  readonly name: string;
}

/**
 * Measures every contender in turn, round after round, so that a noisy minute of the machine hits all of them.
 * `measure` returns a value for each figure, in their order.
 */
export async function alternate<T extends Contender>(
  figures: readonly FigureSpec[],
  contenders: Iterable<T>,
  { rounds, onProgress }: Pick<BenchOptions, 'rounds' | 'onProgress'>,
  measure: (contender: T) => Promise<readonly number[]>,
): Promise<ScenarioReport[]> {
  const all = [...contenders];
  const results = figures.map(() => new Map<string, number[]>(all.map(({ name }) => [name, []])));
  for (let round = 1; round <= rounds; round++) {
    for (const contender of all) {
      const values = await measure(contender);
      values.forEach((value, index) => results[index]?.get(contender.name)?.push(value));
      const shown = figures.map(
        ({ name, unit }, index) => `${name} ${(values[index] ?? NaN).toFixed(2)} ${unit}`,
      );
      onProgress(`round ${round} ${contender.name}: ${shown.join(', ')}`);
    }
  }
  return figures.map((figure, index) => buildReport(figure, results[index] ?? new Map()));
}
