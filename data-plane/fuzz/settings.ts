const dayMs = 86_400_000;

export interface FuzzSettings {
  /** HEDDLE_FUZZ_SEED, or the day: everybody's runs of one day have the same cases. */
  readonly seed: number;
  /** HEDDLE_FUZZ_SECONDS, or a minute in CI and some seconds elsewhere. For all fuzzers together. */
  readonly durationMs: number;
}

export function readFuzzSettings(nowMs: number, environment = process.env): FuzzSettings {
  const seconds = environment['CI'] === 'true' ? 60 : 8;
  return {
    seed: numberOf(environment['HEDDLE_FUZZ_SEED'], Math.floor(nowMs / dayMs)),
    durationMs: numberOf(environment['HEDDLE_FUZZ_SECONDS'], seconds) * 1_000,
  };
}

function numberOf(text: string | undefined, otherwise: number): number {
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`no number: ${text}`);
  return value;
}
