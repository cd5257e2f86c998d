import { systemClock } from '@heddle/shared/time/clock';
import { runCli } from './run-cli.ts';
import { readSettings } from './settings.ts';
import { createProcessTerminal } from './terminal/terminal.ts';

const settings = readSettings();
process.exitCode = await runCli(process.argv.slice(2), {
  settings,
  clock: systemClock,
  terminal: createProcessTerminal(settings),
});
