import { closeSync, openSync } from 'node:fs';
import { HeddleError, messageOf } from '../errors/heddle-error.ts';

/** A log file that is appended to. */
export interface ReopenableFile {
  readonly fd: number;
  /** After a rotation: opens the path anew. Where that fails the old file is written on. */
  reopen(): void;
}

/** @throws HeddleError `file-unusable` */
export function openLogFile(path: string): ReopenableFile {
  let fd: number;
  try {
    fd = openSync(path, 'a');
  } catch (error) {
    throw new HeddleError('file-unusable', `cannot write the log to ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return {
    get fd() {
      return fd;
    },
    reopen() {
      try {
        const opened = openSync(path, 'a');
        closeSync(fd);
        fd = opened;
      } catch {
        // A rotation that took the folder away loses no line.
      }
    },
  };
}
