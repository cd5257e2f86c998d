import { writeSync } from 'node:fs';

/** Where finished log lines go. */
export interface LogSink {
  /** A whole line, with its line feed. Never throws. */
  write(line: string): void;
}

/** Attempts to write to a pipe that is full just now, a millisecond apart. */
const fullPipeAttempts = 20;

export interface LogSinkOptions {
  /** Read for each line: a log that was opened anew may have another one. */
  readonly fd: number;
  /** The line that stands in the place of those that were lost; `reason` is the system's code: `ENOSPC`. */
  formatLoss(count: number, reason: string): string;
  /** `writeSync` unless given. */
  readonly writeBytes?: (fd: number, bytes: Buffer, offset: number, length: number) => number;
}

/**
 * Lines to a file descriptor, each written before `write` returns, so that the last ones of a crash are there. While
 * the descriptor takes nothing (disk full, reader gone) lines are dropped, not kept: that costs neither the process
 * nor its memory. The first that is written again stands behind a line that counts the lost ones.
 */
export function createLogSink(options: LogSinkOptions): LogSink {
  const { formatLoss, writeBytes = writeSync } = options;
  const waiting = new Int32Array(new SharedArrayBuffer(4));
  let droppedCount = 0;
  let reason = '';
  /** A line stands there in part: what follows must not continue it. */
  let isCut = false;

  function tryToWrite(text: string): boolean {
    const bytes = Buffer.from(isCut ? `\n${text}` : text);
    let offset = 0;
    // Who waited in vain once does not wait again for each further line.
    let attempts = droppedCount > 0 ? 1 : fullPipeAttempts;
    while (offset < bytes.length) {
      try {
        offset += writeBytes(options.fd, bytes, offset, bytes.length - offset);
      } catch (error) {
        reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        attempts -= 1;
        if (reason === 'EAGAIN' && attempts > 0) {
          Atomics.wait(waiting, 0, 0, 1);
          continue;
        }
        if (offset > 0) isCut = true;
        return false;
      }
    }
    isCut = false;
    return true;
  }

  function reportDropped(): boolean {
    if (!tryToWrite(formatLoss(droppedCount, reason))) return false;
    droppedCount = 0;
    return true;
  }

  return {
    write(line) {
      if (droppedCount > 0 && !reportDropped()) droppedCount += 1;
      else if (!tryToWrite(line)) droppedCount += 1;
    },
  };
}
