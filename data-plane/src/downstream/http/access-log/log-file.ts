import { closeSync, openSync, write, writeSync } from 'node:fs';
import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { Logger } from '@heddle/shared/logging/logger';
import { describeStats, type StatsOf } from '../../../stats/describe-stats.ts';

/** When lines are written. */
export interface LogFlush {
  /** What is buffered longer than this is written even when little came. */
  readonly intervalMs: number;
  /** What is buffered beyond this is written at once. */
  readonly sizeBytes: number;
}

const defaultFlush: LogFlush = { intervalMs: 1_000, sizeBytes: 64 * 1024 };

/** A sink that takes nothing for long loses lines, not the worker its memory. */
const maxBufferedBytes = 16 * 1024 * 1024;

const lineFeed = 0x0a;

export interface LogFileDependencies {
  readonly clock: Clock;
  readonly stats: LogFileStats;
  readonly logger: Logger;
  readonly flush?: LogFlush;
}

/** Envoy's `filesystem.` statistics, and the lines that were lost. */
export const logFileStats = describeStats(['filesystem.'], (make) => ({
  writeBuffered: make.counter('write_buffered', 'Lines of access logs that were put into a buffer.', 'lines'),
  writeCompleted: make.counter('write_completed', 'Writes to log files that succeeded.'),
  writeFailed: make.counter('write_failed', 'Writes to log files that failed.'),
  flushedByTimer: make.counter(
    'flushed_by_timer',
    'Buffers that were written because they had waited long enough, a second by default.',
  ),
  reopenFailed: make.counter('reopen_failed', 'Log files that could not be opened.'),
  linesDropped: make.counter(
    'lines_dropped',
    'Lines that were lost because a write failed or the buffer was full.',
    'lines',
  ),
}));

export type LogFileStats = StatsOf<typeof logFileStats>;

/**
 * One log file of a worker, appended to in batches and off the event loop; one write is under way at a time. No
 * failure of the disk reaches a caller: it is counted, logged once until a write succeeds again, and its lines are
 * lost.
 */
export class LogFile {
  readonly #target: { readonly path: string } | { readonly fd: number };
  readonly #dependencies: LogFileDependencies;
  readonly #flushing: LogFlush;
  #fd: number | undefined;
  #lines: string[] = [];
  #bufferedLength = 0;
  #isWriting = false;
  #shouldReopen = false;
  #hasWarned = false;
  /** The last line in the file stands there in part: what follows must not continue it. */
  #isCut = false;
  #timer: Timer | undefined;
  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#dependencies.stats.flushedByTimer.inc();
    this.#flush();
  };

  constructor(
    target: { readonly path: string } | { readonly fd: number },
    dependencies: LogFileDependencies,
  ) {
    this.#target = target;
    this.#dependencies = dependencies;
    this.#flushing = dependencies.flush ?? defaultFlush;
    this.#fd = 'fd' in target ? target.fd : undefined;
    if (this.#fd === undefined) this.#open();
  }

  /** Buffers a line (with its line feed). */
  write(line: string): void {
    if (this.#bufferedLength > maxBufferedBytes) {
      this.#dependencies.stats.linesDropped.inc();
      return;
    }
    this.#lines.push(line);
    this.#bufferedLength += line.length;
    this.#dependencies.stats.writeBuffered.inc();
    if (this.#isWriting) return;
    if (this.#bufferedLength >= this.#flushing.sizeBytes) this.#flush();
    else this.#timer ??= this.#dependencies.clock.setTimer(this.#flushing.intervalMs, this.#onTimer);
  }

  /** Opens the path anew before the next write: after a log rotation. */
  reopen(): void {
    if ('fd' in this.#target) return;
    this.#shouldReopen = true;
    if (!this.#isWriting) this.#reopenNow();
  }

  /** Writes what is buffered, before the thread ends. */
  close(): void {
    this.#timer?.cancel();
    if (this.#fd === undefined) return;
    try {
      if (this.#lines.length > 0) writeSync(this.#fd, this.#take());
      if ('path' in this.#target && !this.#isWriting) closeSync(this.#fd);
    } catch (err) {
      this.#onFailure(err);
    }
    this.#fd = undefined;
  }

  #take(): string {
    const text = this.#lines.join('');
    this.#lines = [];
    this.#bufferedLength = 0;
    return text;
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#lines.length === 0 || this.#isWriting) return;
    if (this.#fd === undefined) this.#open();
    const lineCount = this.#lines.length;
    const text = this.#take();
    if (this.#fd === undefined) {
      this.#dependencies.stats.linesDropped.add(lineCount);
      return;
    }
    this.#isWriting = true;
    const bytes = Buffer.from(this.#isCut ? `\n${text}` : text, 'utf8');
    this.#writeAll(this.#fd, bytes, 0, lineCount);
  }

  #writeAll(fd: number, bytes: Buffer, offset: number, lineCount: number): void {
    write(fd, bytes, offset, bytes.length - offset, null, (err, writtenCount) => {
      if (err === null && offset + writtenCount < bytes.length) {
        this.#writeAll(fd, bytes, offset + writtenCount, lineCount);
        return;
      }
      this.#isWriting = false;
      if (err === null) {
        this.#onWritten();
      } else {
        if (offset > 0) this.#isCut = bytes[offset - 1] !== lineFeed;
        this.#dependencies.stats.linesDropped.add(lineCount);
        this.#onFailure(err);
      }
      if (this.#shouldReopen) this.#reopenNow();
      if (this.#bufferedLength >= this.#flushing.sizeBytes) this.#flush();
      else if (this.#lines.length > 0) {
        this.#timer ??= this.#dependencies.clock.setTimer(this.#flushing.intervalMs, this.#onTimer);
      }
    });
  }

  #reopenNow(): void {
    this.#shouldReopen = false;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#open();
  }

  #open(): void {
    if ('fd' in this.#target) return;
    try {
      this.#fd = openSync(this.#target.path, 'a');
      this.#isCut = false;
    } catch (err) {
      this.#dependencies.stats.reopenFailed.inc();
      this.#warn(err);
    }
  }

  #onWritten(): void {
    this.#isCut = false;
    this.#dependencies.stats.writeCompleted.inc();
    if (!this.#hasWarned) return;
    this.#hasWarned = false;
    this.#dependencies.logger.info({ sink: this.#target }, 'access log is written again');
  }

  #onFailure(err: unknown): void {
    this.#dependencies.stats.writeFailed.inc();
    this.#warn(err);
  }

  #warn(err: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#dependencies.logger.warn({ err, sink: this.#target }, 'access log cannot be written');
  }
}

/** The log files of a worker: one descriptor for each path, whoever logs to it. */
export class LogFiles {
  readonly #dependencies: LogFileDependencies;
  readonly #files = new Map<string, LogFile>();

  constructor(dependencies: LogFileDependencies) {
    this.#dependencies = dependencies;
  }

  open(
    sink: { readonly kind: 'file'; readonly path: string } | { readonly kind: 'stdout' | 'stderr' },
  ): LogFile {
    const key = sink.kind === 'file' ? `file:${sink.path}` : sink.kind;
    let file = this.#files.get(key);
    if (file === undefined) {
      const target = sink.kind === 'file' ? { path: sink.path } : { fd: sink.kind === 'stdout' ? 1 : 2 };
      file = new LogFile(target, this.#dependencies);
      this.#files.set(key, file);
    }
    return file;
  }

  reopen(): void {
    for (const file of this.#files.values()) file.reopen();
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
  }
}
