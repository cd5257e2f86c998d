import { onlyValid, type Change } from './generate-changes.ts';
import type { ChangeRun } from './run-under-load.ts';
import { shrink } from './shrink.ts';
import { initialObjects, type Surroundings } from './surroundings.ts';
import { toCommands } from './to-commands.ts';

export interface ShrinkRunOptions {
  /** At most so many parts of the run are tried. */
  readonly trialLimit: number;
  /** A part is timed otherwise than the whole run was: so often it gets the chance to fail. */
  readonly chances: number;
  /** Makes these changes on a mesh of their own; `trial` counts up. */
  run(changes: readonly Change[], trial: number): Promise<Pick<ChangeRun, 'problems'>>;
  /** After each part, what came of it. */
  onTrial?(line: string): void;
}

/** The shortest part of a failed run that still fails, and is valid by itself. */
export async function shrinkRun(
  changes: readonly Change[],
  surroundings: Surroundings,
  { trialLimit, chances, run, onTrial = () => undefined }: ShrinkRunOptions,
): Promise<readonly Change[]> {
  let trial = 0;
  const fails = async (part: readonly Change[]): Promise<boolean> => {
    const valid = onlyValid(part, surroundings);
    for (let chance = 0; chance < chances; chance++) {
      const { problems } = await run(valid, ++trial);
      onTrial(`${valid.length} changes: ${problems[0] ?? 'all is well'}`);
      if (problems.length > 0) return true;
    }
    return false;
  };
  return onlyValid(await shrink(changes, fails, { trialLimit }), surroundings);
}

/** What went wrong, and how to make it go wrong by hand. */
export function describeFailure(
  problems: readonly string[],
  seed: number,
  changes: readonly Change[],
  surroundings: Surroundings,
): string {
  return [...problems, '', `seed ${seed}:`, toCommands(initialObjects(surroundings), changes)].join('\n');
}
