import { readFileSync } from 'node:fs';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { errorCatalogue } from '@heddle/shared/errors/error-catalogue';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { createLogger } from '@heddle/shared/logging/logger';
import { systemClock } from '@heddle/shared/time/clock';
import { startControlPlane } from './control-plane.ts';
import { parseSettings } from './settings.ts';

/** Exit codes: 0 stopped on a signal, 1 could not start or stop, 2 wrong settings. */
async function main(): Promise<void> {
  const packageFile = new URL('../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const parsed = parseSettings(process.argv.slice(2), version);
  if (parsed.kind === 'exit') {
    (parsed.code === 0 ? process.stdout : process.stderr).write(parsed.text);
    process.exitCode = parsed.code;
    return;
  }
  const { settings } = parsed;
  // It writes lines of its own to stderr, about what its callers are told anyway.
  setLogVerbosity(logVerbosity.NONE);
  const logger = createLogger({ level: settings.logLevel, process: 'control-plane' });
  const controlPlane = await startControlPlane(settings, { clock: systemClock, logger, version });
  const stop = (signal: string): void => {
    logger.info({ signal }, 'stopping');
    systemClock.setTimer(settings.stopTimeoutMs, () => {
      logger.error('stopping took too long');
      process.exit(1);
    });
    void controlPlane.stop().then(() => {
      logger.info('stopped');
      process.exit(0);
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const { restPort, xdsPort } = controlPlane;
  logger.info({ address: settings.bindAddress, restPort, xdsPort, version }, 'ready');
}

try {
  await main();
} catch (thrown) {
  const error = HeddleError.from(thrown);
  process.stderr.write(`heddle control-plane: ${error.message}. ${errorCatalogue[error.code].whatToDo}\n`);
  process.exit(1);
}
