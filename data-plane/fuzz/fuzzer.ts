import type { Rng } from '@heddle/shared/random/rng';
import type { FuzzTools } from './fuzz-tools.ts';

/** What came of one case: undefined when there is nothing to say. */
export type CaseOutcome = { readonly explained: string } | { readonly unexplained: string } | undefined;

/** One input, in pieces that can be left out: so a shorter one is found that shows the same. */
export interface FuzzCase {
  readonly pieceCount: number;
  without(at: number, count: number): FuzzCase;
  check(tools: FuzzTools): Promise<CaseOutcome> | CaseOutcome;
  /** As a report shows it. */
  describe(): string;
}

export interface Fuzzer {
  readonly name: string;
  generate(rng: Rng): FuzzCase;
}

/** A fuzzer whose inputs are lists: of characters, of frames, of exchanges. */
export interface FuzzerOf<Piece> {
  readonly name: string;
  generate(rng: Rng): readonly Piece[];
  check(pieces: readonly Piece[], tools: FuzzTools): Promise<CaseOutcome> | CaseOutcome;
  describe(pieces: readonly Piece[]): string;
}

export function defineFuzzer<Piece>(fuzzer: FuzzerOf<Piece>): Fuzzer {
  const toCase = (pieces: readonly Piece[]): FuzzCase => ({
    pieceCount: pieces.length,
    without: (at, count) => toCase(pieces.toSpliced(at, count)),
    check: (tools) => fuzzer.check(pieces, tools),
    describe: () => fuzzer.describe(pieces),
  });
  return { name: fuzzer.name, generate: (rng) => toCase(fuzzer.generate(rng)) };
}

/** Of valid messages there is nothing to explain. */
export function mustAgree(outcome: CaseOutcome): CaseOutcome {
  return outcome !== undefined && 'explained' in outcome ? { unexplained: outcome.explained } : outcome;
}

export function toOutcome(reason: string | undefined): CaseOutcome {
  return reason === undefined ? undefined : { unexplained: reason };
}
