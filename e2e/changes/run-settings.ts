/** What a run of random changes is told from outside. */
export interface RunSettings {
  /** `HEDDLE_CHANGES`; without it, as many as a build has time for. */
  readonly changeCount: number;
  /** `HEDDLE_SEED`; without it, the one of every build. */
  readonly seed: number;
  /** `HEDDLE_SHRINK`: at most so many further runs to shorten one that failed. */
  readonly shrinkTrials: number;
}

export function readRunSettings(
  defaults: RunSettings,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): RunSettings {
  const number = (name: string, fallback: number): number => {
    const text = environment[name];
    if (text === undefined || text === '') return fallback;
    if (!/^\d{1,9}$/.test(text))
      throw new Error(`${name} must be a whole number, got ${JSON.stringify(text)}`);
    return Number(text);
  };
  return {
    changeCount: number('HEDDLE_CHANGES', defaults.changeCount),
    seed: number('HEDDLE_SEED', defaults.seed),
    shrinkTrials: number('HEDDLE_SHRINK', defaults.shrinkTrials),
  };
}
