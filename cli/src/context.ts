import type { Clock } from '@heddle/shared/time/clock';
import type { CliSettings } from './settings.ts';
import type { Terminal } from './terminal/terminal.ts';

/** What every command gets: the world outside it. */
export interface CliContext {
  readonly settings: CliSettings;
  readonly clock: Clock;
  readonly terminal: Terminal;
}
