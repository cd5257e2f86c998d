import { text as readAll } from 'node:stream/consumers';
import { isatty } from 'node:tty';
import pc from 'picocolors';
import type { CliSettings } from '../settings.ts';

type Colors = ReturnType<typeof pc.createColors>;

/** Where a command reads and writes. Output goes to stdout, everything said about it to stderr. */
export interface Terminal {
  /** One line, or several, to stdout. */
  write(text: string): void;
  /** One line, or several, to stderr. */
  note(text: string): void;
  /** All of stdin. */
  readInput(): Promise<string>;
  /** Colours for stdout; they do nothing where stdout is no terminal or NO_COLOR is set. */
  readonly colors: Colors;
  /** The same for stderr. */
  readonly noteColors: Colors;
  /** Calls back at each Ctrl-C or SIGTERM until disposed. */
  onInterrupt(callback: (signal: NodeJS.Signals) => void): Disposable;
}

export function createProcessTerminal(settings: CliSettings): Terminal {
  // `heddle … | head` closes stdout early; that is no error.
  process.stdout.on('error', () => undefined);
  // Asked of the system: where stdout is no terminal `isTTY` is undefined, and picocolors would decide by itself.
  const colorsOf = (fd: number): Colors => pc.createColors(isatty(fd) && !settings.isColorRefused);
  return {
    write: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    readInput: () => readAll(process.stdin),
    colors: colorsOf(1),
    noteColors: colorsOf(2),
    onInterrupt(callback) {
      process.on('SIGINT', callback).on('SIGTERM', callback);
      return {
        [Symbol.dispose]: () => void process.off('SIGINT', callback).off('SIGTERM', callback),
      };
    },
  };
}
