import { compileLogFormat, type LogFormat, type LogRecord } from './log-format.ts';

/** A log line of JSON, as the logger makes it → a line of text. What is no such line stays as it is. */
export function createLineFormatter(format: LogFormat, threadId: number): (line: string) => string {
  const render = compileLogFormat(format);
  return (line) => {
    const fields = parseLine(line);
    return fields === undefined ? line : render(toRecord(fields, threadId));
  };
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function toRecord(fields: Readonly<Record<string, unknown>>, threadId: number): LogRecord {
  const { level, time, process, component, msg, ...rest } = fields;
  const details = Object.entries(rest).map(([key, value]) => ` ${key}=${toText(value)}`);
  return {
    level: level as LogRecord['level'],
    timeMs: Date.parse(String(time)),
    process: toWord(process),
    component: toWord(component),
    message: toWord(msg) + details.join(''),
    threadId,
  };
}

function toWord(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Words as they are; what has spaces or quotes, and all that is no text, as JSON. */
function toText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
