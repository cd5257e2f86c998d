import { pino, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Name of the process in the log: `control-plane`, `sidecar`, … */
  readonly component: string;
  /** File descriptor; 2 (stderr) unless given, so that stdout stays free for output. */
  readonly fd?: number;
}

/** Values under these keys never reach a log, at any depth up to two. */
const redactedKeys = ['password', 'token', 'secret', 'privateKey', 'authorization', 'inlineBytes', 'inlineString'];

/** JSON lines; one child per component with fixed keys (`node, typeUrl, version, cluster, host, err`, …). */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { component: options.component },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    },
    pino.destination({ fd: options.fd ?? 2, sync: true }),
  );
}

/** For tests, and for parts that were given no logger. */
export function createSilentLogger(): Logger {
  return pino({ level: 'silent' });
}
