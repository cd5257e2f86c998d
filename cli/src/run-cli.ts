import { CommanderError } from 'commander';
import { describeFailure } from './output/describe-failure.ts';
import type { CliContext } from './context.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { createProgram } from './program.ts';

/** Runs one command line and returns the exit code. Never throws. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  const outcome = { exitCode: exitCodes.ok as number };
  try {
    await createProgram(context, (exitCode) => (outcome.exitCode = exitCode)).parseAsync(argv, {
      from: 'user',
    });
    return outcome.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    }
    context.terminal.note(describeFailure(thrown, context.terminal.noteColors));
    return exitCodeOf(thrown);
  }
}
