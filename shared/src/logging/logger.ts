import { pino, type Logger as PinoLogger } from 'pino';
import { createLineFormatter } from './log-line.ts';
import type { LogFormat } from './log-format.ts';
import { createLogSink, type LogSink } from './log-sink.ts';

export type Logger = PinoLogger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `control-plane`, `sidecar`, `worker_0`; its parts log with `component`. */
  readonly process: string;
  /** File descriptor, read for each line; 2 (stderr) unless given, so that stdout stays free for output. */
  readonly fd?: number;
  /** Lines of text instead of JSON. */
  readonly text?: { readonly format: LogFormat; readonly threadId: number };
}

/** Values under these keys never reach a log, at any depth up to two. */
const redactedKeys = [
  'password',
  'token',
  'secret',
  'privateKey',
  'authorization',
  'inlineBytes',
  'inlineString',
];

/**
 * JSON lines, unless `text` says otherwise. Each part of the process has a child with its `component`; keys are fixed:
 * `node, typeUrl, version, nonce, cluster, host, route, listener, err`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { text } = options;
  const toLine =
    text === undefined ? (line: string) => line : createLineFormatter(text.format, text.threadId);
  const sink = createLogSink({
    get fd() {
      return options.fd ?? 2;
    },
    formatLoss(count, reason) {
      const rest = { process: options.process, count, reason, msg: 'log lines were lost' };
      return toLine(`{"level":"warn"${pino.stdTimeFunctions.isoTime()},${JSON.stringify(rest).slice(1)}\n`);
    },
  });
  const textSink: LogSink = { write: (line) => sink.write(toLine(line)) };
  return pino(
    {
      level: options.level,
      base: { process: options.process },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    },
    text === undefined ? sink : textSink,
  );
}

/** For tests, and for parts that were given no logger. */
export function createSilentLogger(): Logger {
  return pino({ level: 'silent' });
}
