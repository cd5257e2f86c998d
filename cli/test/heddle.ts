import { systemClock } from '@heddle/shared/time/clock';
import { runCli } from '../src/run-cli.ts';
import { readSettings } from '../src/settings.ts';
import { createRecordingTerminal, type RecordingTerminal } from './recording-terminal.ts';

export interface CliRun {
  readonly exitCode: number;
  readonly terminal: RecordingTerminal;
  readonly output: string;
  readonly notes: string;
}

/** Runs `heddle` in this process. `server` becomes HEDDLE_SERVER. */
export async function heddle(
  argv: readonly string[],
  options: { server?: string; input?: string } = {},
): Promise<CliRun> {
  const terminal = createRecordingTerminal(options.input);
  const settings = readSettings({ ...process.env, HEDDLE_SERVER: options.server });
  const exitCode = await runCli(argv, { settings, clock: systemClock, terminal });
  return { exitCode, terminal, output: terminal.output, notes: terminal.notes };
}
