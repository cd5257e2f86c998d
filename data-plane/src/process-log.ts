import { isMainThread, threadId } from 'node:worker_threads';
import { openLogFile } from '@heddle/shared/logging/log-file';
import type { LogFormat } from '@heddle/shared/logging/log-format';
import { createLogger, type Logger, type LogLevel } from '@heddle/shared/logging/logger';

/** Where the log of the process goes, and how it looks; the same for all threads. */
export interface LogOutput {
  /** JSON lines unless given. */
  readonly format?: LogFormat;
  /** stderr unless given. */
  readonly path?: string;
}

export interface ProcessLog {
  readonly logger: Logger;
  /** After a rotation. */
  reopen(): void;
}

/**
 * @param name `sidecar`, `worker_0`
 * @throws HeddleError `file-unusable`
 */
export function openProcessLog(name: string, level: LogLevel, { format, path }: LogOutput): ProcessLog {
  const file = path === undefined ? undefined : openLogFile(path);
  const logger = createLogger({
    level,
    process: name,
    get fd() {
      return file?.fd ?? 2;
    },
    ...(format === undefined ? {} : { text: { format, threadId: isMainThread ? process.pid : threadId } }),
  });
  return { logger, reopen: () => file?.reopen() };
}
