import { pino, type Logger as PinoLogger } from 'pino';
import { createLogSink } from './log-sink.ts';

export type Logger = PinoLogger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `control-plane`, `sidecar`, `worker_0`; its parts log with `component`. */
  readonly process: string;
  /** File descriptor; 2 (stderr) unless given, so that stdout stays free for output. */
  readonly fd?: number;
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
 * JSON lines. Each part of the process has a child with its `component`; keys are fixed: `node, typeUrl, version, nonce,
 * cluster, host, route, listener, err`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const sink = createLogSink({
    fd: options.fd ?? 2,
    formatLoss(count, reason) {
      const rest = { process: options.process, count, reason, msg: 'log lines were lost' };
      return `{"level":"warn"${pino.stdTimeFunctions.isoTime()},${JSON.stringify(rest).slice(1)}\n`;
    },
  });
  return pino(
    {
      level: options.level,
      base: { process: options.process },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    },
    sink,
  );
}

/** For tests, and for parts that were given no logger. */
export function createSilentLogger(): Logger {
  return pino({ level: 'silent' });
}
