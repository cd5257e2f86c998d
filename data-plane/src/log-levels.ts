import type { LogLevel } from '@heddle/shared/logging/logger';

/** Envoy's level names, and pino's. */
const levels: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  warn: 'warn',
  error: 'error',
  critical: 'fatal',
  off: 'silent',
};

export const logLevelNames: readonly string[] = Object.keys(levels);

/** Undefined when there is no such level. */
export function parseLogLevel(text: string): LogLevel | undefined {
  return Object.hasOwn(levels, text) ? levels[text] : undefined;
}
