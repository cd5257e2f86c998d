import { errorCatalogue } from '@heddle/shared/errors/error-catalogue';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { formatProblem, InvalidInputError } from '@heddle/shared/errors/problem';
import { openProcessLog } from './process-log.ts';
import { runSidecar } from './run-sidecar.ts';
import { parseSettings } from './settings.ts';
import { packageVersion } from './version.ts';

/** Exit codes: 0 ended as asked, 1 could not run or went on, 2 the command line or the configuration is wrong. */
async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseSettings(argv, packageVersion());
  if (parsed.kind === 'exit') {
    (parsed.code === 0 ? process.stdout : process.stderr).write(parsed.text);
    return parsed.code;
  }
  const { settings } = parsed;
  await runSidecar({
    settings,
    version: packageVersion(),
    shownVersion: `heddle/${packageVersion()}`,
    log: openProcessLog('sidecar', settings.logLevel, settings.log),
    onStarted({ control }) {
      process.on('SIGTERM', () => control.shutDown());
      process.on('SIGINT', () => control.shutDown());
    },
  });
  if (settings.mode === 'validate') process.stdout.write('configuration OK\n');
  return 0;
}

/** What is wrong, and what to do about it where the catalogue knows. */
function describe(error: unknown): string {
  if (!(error instanceof HeddleError) || error.code === 'internal') return messageOf(error);
  return `${error.message}. ${errorCatalogue[error.code].whatToDo}`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // One line for each problem: what is wrong, where, and what to do.
  const lines = error instanceof InvalidInputError ? error.problems.map(formatProblem) : [describe(error)];
  for (const line of lines) process.stderr.write(`heddle sidecar: ${line}\n`);
  process.exitCode = error instanceof InvalidInputError ? 2 : 1;
}
