import { createSeededRng } from '@heddle/shared/random/rng';
import type { Clock } from '@heddle/shared/time/clock';
import { FuzzTools } from './fuzz-tools.ts';
import type { CaseOutcome, FuzzCase, Fuzzer } from './fuzzer.ts';
import { fuzzers } from './fuzzers.ts';

export interface FuzzReport {
  readonly name: string;
  caseCount: number;
  /** Differences that the table explains: name of the row → how often. */
  readonly explained: Map<string, number>;
  /** The first others, ready to be read: the shortest message that shows it, and what came of it. */
  readonly unexplained: string[];
}

const maxReported = 5;
const maxShrinkAttempts = 400;

/**
 * Runs the fuzzers one after the other, each for its share of `durationMs`. The same seed gives the same cases in
 * the same order, whatever else runs; how many of them is a matter of time.
 */
export async function fuzz(
  seed: number,
  durationMs: number,
  clock: Clock,
  chosen: readonly Fuzzer[] = fuzzers,
): Promise<FuzzReport[]> {
  const tools = new FuzzTools();
  const reports: FuzzReport[] = [];
  for (const fuzzer of chosen)
    reports.push(await run(fuzzer, seed, durationMs / chosen.length, clock, tools));
  tools.close();
  return reports;
}

async function run(
  fuzzer: Fuzzer,
  seed: number,
  durationMs: number,
  clock: Clock,
  tools: FuzzTools,
): Promise<FuzzReport> {
  const rng = createSeededRng(seed);
  const report: FuzzReport = { name: fuzzer.name, caseCount: 0, explained: new Map(), unexplained: [] };
  const endAtMs = clock.monotonicMs() + durationMs;
  while (clock.monotonicMs() < endAtMs && report.unexplained.length < maxReported) {
    const input = fuzzer.generate(rng);
    const outcome = await check(input, tools);
    report.caseCount++;
    if (outcome === undefined) continue;
    if ('explained' in outcome) {
      report.explained.set(outcome.explained, (report.explained.get(outcome.explained) ?? 0) + 1);
    } else {
      report.unexplained.push(
        await describe(fuzzer.name, input, tools, `seed ${seed}, case ${report.caseCount}`),
      );
    }
  }
  return report;
}

/** No codec throws, whatever it reads. */
async function check(input: FuzzCase, tools: FuzzTools): Promise<CaseOutcome> {
  try {
    return await input.check(tools);
  } catch (error) {
    return { unexplained: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function describe(name: string, input: FuzzCase, tools: FuzzTools, where: string): Promise<string> {
  let shortest = input;
  let left = maxShrinkAttempts;
  const isStill = (outcome: CaseOutcome): boolean => outcome !== undefined && 'unexplained' in outcome;
  for (let count = input.pieceCount >> 1; count > 0 && left > 0; count >>= 1) {
    for (let at = 0; at < shortest.pieceCount && left > 0; left--) {
      const shorter = shortest.without(at, count);
      if (isStill(await check(shorter, tools))) shortest = shorter;
      else at += count;
    }
  }
  const outcome = await check(shortest, tools);
  const what = outcome !== undefined && 'unexplained' in outcome ? outcome.unexplained : '';
  return `${name}, ${where}: ${shortest.describe()}\n  ${what}`;
}
