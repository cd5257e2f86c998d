import type { LogLevel } from './logger.ts';

/** One log line before it is text. */
export interface LogRecord {
  readonly level: Exclude<LogLevel, 'silent'>;
  readonly timeMs: number;
  /** `sidecar`, `worker_0`. */
  readonly process: string;
  /** Part of the process; empty for the process itself. */
  readonly component: string;
  /** The message, and what belongs to it as ` key=value`. */
  readonly message: string;
  /** Of the process on its main thread, Node's own number on a worker thread. */
  readonly threadId: number;
}

/** How log lines look: a pattern in spdlog's language, which is what Envoy's `--log-format` takes. */
export interface LogFormat {
  readonly pattern: string;
  /** Backslash escapes for everything that is no printable ASCII: one line for each message. */
  readonly isEscaped: boolean;
}

/** Envoy's own. */
export const defaultLogPattern = '[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v';

const levelNames: Readonly<Record<LogRecord['level'], string>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  error: 'error',
  fatal: 'critical',
};

type Flag = (record: LogRecord, time: Date) => string;

const two = (value: number): string => String(value).padStart(2, '0');
const hour12 = (time: Date): number => time.getHours() % 12 || 12;
const dayName = (time: Date): string => time.toLocaleDateString('en-US', { weekday: 'long' });
const monthName = (time: Date): string => time.toLocaleDateString('en-US', { month: 'long' });
const clockTime = (time: Date): string =>
  `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
const shortDate = (time: Date): string =>
  `${two(time.getMonth() + 1)}/${two(time.getDate())}/${two(time.getFullYear() % 100)}`;
const dayHalf = (time: Date): string => (time.getHours() < 12 ? 'AM' : 'PM');

function offsetOf(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** The part that speaks, where spdlog has the source file. */
function sourceOf({ process, component }: LogRecord): string {
  return component === '' ? process : `${process}/${component}`;
}

/** Conversions of spdlog (https://github.com/gabime/spdlog/wiki/Custom-formatting), and Envoy's `%_` and `%j`. */
const flags: Readonly<Record<string, Flag>> = {
  v: ({ message }) => message,
  _: ({ message }) => message.replaceAll('\n', '\\n'),
  j: ({ message }) => JSON.stringify(message).slice(1, -1),
  t: ({ threadId }) => String(threadId),
  P: () => String(process.pid),
  n: ({ component }) => (component === '' ? 'main' : component),
  l: ({ level }) => levelNames[level],
  L: ({ level }) => levelNames[level].charAt(0).toUpperCase(),
  a: (_, time) => dayName(time).slice(0, 3),
  A: (_, time) => dayName(time),
  b: (_, time) => monthName(time).slice(0, 3),
  h: (_, time) => monthName(time).slice(0, 3),
  B: (_, time) => monthName(time),
  c: (_, time) =>
    `${dayName(time).slice(0, 3)} ${monthName(time).slice(0, 3)} ${time.getDate()} ${clockTime(time)} ${time.getFullYear()}`,
  C: (_, time) => two(time.getFullYear() % 100),
  Y: (_, time) => String(time.getFullYear()),
  D: (_, time) => shortDate(time),
  x: (_, time) => shortDate(time),
  m: (_, time) => two(time.getMonth() + 1),
  d: (_, time) => two(time.getDate()),
  H: (_, time) => two(time.getHours()),
  I: (_, time) => two(hour12(time)),
  M: (_, time) => two(time.getMinutes()),
  S: (_, time) => two(time.getSeconds()),
  e: (_, time) => String(time.getMilliseconds()).padStart(3, '0'),
  f: (_, time) => String(time.getMilliseconds() * 1000).padStart(6, '0'),
  F: (_, time) => String(time.getMilliseconds() * 1_000_000).padStart(9, '0'),
  E: (_, time) => String(Math.floor(time.getTime() / 1000)),
  p: (_, time) => dayHalf(time),
  r: (_, time) => `${two(hour12(time))}:${two(time.getMinutes())}:${two(time.getSeconds())} ${dayHalf(time)}`,
  R: (_, time) => `${two(time.getHours())}:${two(time.getMinutes())}`,
  T: (_, time) => clockTime(time),
  X: (_, time) => clockTime(time),
  z: (_, time) => offsetOf(time),
  s: sourceOf,
  g: sourceOf,
  '@': (record) => `${sourceOf(record)}:0`,
  '#': () => '0',
  '!': () => '',
  '*': () => '',
  '^': () => '',
  $: () => '',
  '%': () => '%',
};

/** `%`, then perhaps a width with an alignment and `!` to cut what is longer, then one letter. */
const conversion = /%(?:([-=]?)(\d{1,3})(!?))?([^])/g;

/** A function that makes the line, with its line feed. Times are local, as in Envoy. */
export function compileLogFormat({ pattern, isEscaped }: LogFormat): (record: LogRecord) => string {
  const parts: (string | Flag)[] = [];
  let end = 0;
  for (const match of pattern.matchAll(conversion)) {
    const [text, alignment = '', width, cut = '', letter = ''] = match;
    parts.push(pattern.slice(end, match.index));
    end = match.index + text.length;
    const flag = Object.hasOwn(flags, letter) ? flags[letter] : undefined;
    if (flag === undefined) parts.push(text);
    else parts.push(width === undefined ? flag : padded(flag, alignment, Number(width), cut !== ''));
  }
  parts.push(pattern.slice(end));
  return (record) => {
    const time = new Date(record.timeMs);
    let line = '';
    for (const part of parts) line += typeof part === 'string' ? part : part(record, time);
    return `${isEscaped ? escapeLine(line) : line}\n`;
  };
}

function padded(flag: Flag, alignment: string, width: number, isCut: boolean): Flag {
  return (record, time) => {
    const text = flag(record, time);
    if (text.length >= width) return isCut ? text.slice(0, width) : text;
    if (alignment === '-') return text.padEnd(width);
    if (alignment === '=') return text.padStart(text.length + ((width - text.length) >> 1)).padEnd(width);
    return text.padStart(width);
  };
}

const shortEscapes: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  13: '\\r',
  34: '\\"',
  39: "\\'",
  92: '\\\\',
};

function escapeLine(line: string): string {
  let escaped = '';
  for (const byte of Buffer.from(line)) {
    const isPrintable = byte >= 0x20 && byte < 0x7f;
    escaped +=
      shortEscapes[byte] ??
      (isPrintable ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`);
  }
  return escaped;
}
