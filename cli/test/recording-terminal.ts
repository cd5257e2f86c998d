import pc from 'picocolors';
import type { Terminal } from '../src/terminal/terminal.ts';

export interface RecordingTerminal extends Terminal {
  readonly output: string;
  readonly notes: string;
  interrupt(): void;
}

/** A terminal without colours that keeps what was written; `input` is what stdin holds. */
export function createRecordingTerminal(input = ''): RecordingTerminal {
  const output: string[] = [];
  const notes: string[] = [];
  const interrupts = new Set<(signal: NodeJS.Signals) => void>();
  const colors = pc.createColors(false);
  return {
    write: (text) => void output.push(text),
    note: (text) => void notes.push(text),
    readInput: () => Promise.resolve(input),
    colors,
    noteColors: colors,
    onInterrupt(callback) {
      interrupts.add(callback);
      return { [Symbol.dispose]: () => void interrupts.delete(callback) };
    },
    get output() {
      return output.join('\n');
    },
    get notes() {
      return notes.join('\n');
    },
    interrupt() {
      for (const callback of interrupts) callback('SIGINT');
    },
  };
}
