import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { errorCatalogue } from '@heddle/shared/errors/error-catalogue';
import { formatProblem, InvalidInputError } from '@heddle/shared/errors/problem';
import { readApiVersion } from '@heddle/shared/xds/api-table';
import { openProcessLog, type ProcessLog } from '../process-log.ts';
import { runSidecar, writeFact } from '../run-sidecar.ts';
import { packageVersion } from '../version.ts';
import type { EndSwitch } from './end-switch.ts';
import { parseEnvoySettings, type EnvoySettings } from './envoy-settings.ts';
import { versionParts } from './usage.ts';

/** @returns the exit code: 0 ended as asked, 1 anything else, as Envoy */
export async function runEnvoy(argv: readonly string[], endSwitch: EndSwitch): Promise<0 | 1> {
  const versions = { heddle: packageVersion(), api: readApiVersion().envoy };
  const parsed = parseEnvoySettings(argv, versions);
  if (parsed.kind === 'exit') {
    (parsed.code === 0 ? process.stdout : process.stderr).write(parsed.text);
    return parsed.code;
  }
  const { settings } = parsed;
  const shownPath = shownPathOf(settings);
  let log: ProcessLog;
  try {
    log = openLog(settings);
  } catch (error) {
    process.stderr.write(`error: ${messageOf(error)}\n`);
    return 1;
  }
  const { logger } = log;
  try {
    if (settings.ignoredFlags.length > 0) {
      logger.info({ flags: settings.ignoredFlags.join(', ') }, 'flags that do nothing here');
    }
    if (settings.baseIdPath !== undefined) writeFact(settings.baseIdPath, `${settings.baseId}`);
    await runSidecar({
      settings,
      version: versions.heddle,
      shownVersion: versionParts(versions.heddle, versions.api),
      log,
      onStarted: ({ control }) => endSwitch.connect(control),
    });
    if (settings.mode === 'validate') process.stdout.write(`configuration '${shownPath}' OK\n`);
    else logger.info('exiting');
    return 0;
  } catch (error) {
    for (const line of describe(error)) {
      const message = `error initializing configuration '${shownPath}': ${line}`;
      logger.fatal(message);
      // Who wants no log still learns why there is no proxy.
      if (logger.level === 'silent') process.stderr.write(`${message}\n`);
    }
    return 1;
  }
}

/** A file that is only checked leaves no trace in the log's file either. */
function openLog({ logLevel, log, mode }: EnvoySettings): ProcessLog {
  const { path, ...onStderr } = log;
  return openProcessLog('sidecar', logLevel, mode === 'validate' || path === undefined ? onStderr : log);
}

function shownPathOf({ bootstrap }: EnvoySettings): string {
  return bootstrap.kind === 'given' ? (bootstrap.path ?? '') : '';
}

/** One line for each problem. */
function describe(error: unknown): string[] {
  if (error instanceof InvalidInputError) return error.problems.map(formatProblem);
  if (!(error instanceof HeddleError) || error.code === 'internal') return [messageOf(error)];
  return [`${error.message}. ${errorCatalogue[error.code].whatToDo}`];
}
