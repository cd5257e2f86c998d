const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const monthNames = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

type TimePart = string | ((date: Date) => string);

/** The default of `%START_TIME%`: `2025-01-31T12:00:00.123Z`. */
export const defaultTimeFormat = '%Y-%m-%dT%H:%M:%E3SZ';

/** Writes an epoch time (ms) in UTC. */
export type TimeFormatter = (epochMs: number) => string;

/**
 * Compiles a format of strftime with Envoy's additions: `%s`, `%f` and `%1f` to `%9f` (fractions of a second), `%3s`
 * (seconds as milliseconds), `%E3S`. Undefined for a conversion that is not known.
 */
export function compileTimeFormat(format: string): TimeFormatter | undefined {
  if (format === defaultTimeFormat || format === '') return (epochMs) => new Date(epochMs).toISOString();
  const parts: TimePart[] = [];
  const pattern = /%(E\*S|E\dS|\d[fs]|[A-Za-z%])|[^%]+|%/gy;
  for (const [text, conversion] of format.matchAll(pattern)) {
    if (conversion === undefined) {
      if (text === '%') return undefined;
      parts.push(text);
      continue;
    }
    const part = conversionOf(conversion);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return (epochMs) => {
    const date = new Date(epochMs);
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : part(date);
    return text;
  };
}

/**
 * The same in the time of the machine's zone, by default with its distance from UTC: `2025-01-31T13:00:00.123+0100`.
 */
export function compileLocalTimeFormat(format: string): TimeFormatter | undefined {
  // What does not depend on the zone, or tells it, is written by itself; the rest is UTC of a shifted time.
  const parts = (format === '' ? '%Y-%m-%dT%H:%M:%E3S%z' : format).split(/(%%|%z|%Z|%\d?s)/);
  const compiled: ((epochMs: number, shiftedMs: number) => string)[] = [];
  for (const [index, part] of parts.entries()) {
    if (part === '') continue;
    if (part === '%z' || part === '%Z') {
      compiled.push((epochMs, shiftedMs) => zoneText((shiftedMs - epochMs) / 60_000));
      continue;
    }
    const formatPart = compileTimeFormat(part);
    if (formatPart === undefined) return undefined;
    const isOfEpoch = index % 2 === 1;
    compiled.push((epochMs, shiftedMs) => formatPart(isOfEpoch ? epochMs : shiftedMs));
  }
  return (epochMs) => {
    const shiftedMs = epochMs - new Date(epochMs).getTimezoneOffset() * 60_000;
    let text = '';
    for (const formatPart of compiled) text += formatPart(epochMs, shiftedMs);
    return text;
  };
}

function zoneText(offsetMinutes: number): string {
  const minutes = Math.abs(offsetMinutes);
  return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
}

function conversionOf(conversion: string): TimePart | undefined {
  const digits = Number(/\d/.exec(conversion)?.[0] ?? 9);
  if (/^E.S$/.test(conversion)) {
    const count = conversion[1] === '*' ? 3 : digits;
    return (date) => two(date.getUTCSeconds()) + (count === 0 ? '' : `.${fraction(date, count)}`);
  }
  if (/^\d?f$/.test(conversion)) return (date) => fraction(date, digits);
  if (/^\ds$/.test(conversion))
    return (date) => `${Math.floor(date.getTime() / 1000)}${fraction(date, digits)}`;
  return simpleConversions[conversion];
}

const simpleConversions: Readonly<Record<string, TimePart>> = {
  '%': '%',
  a: (date) => (dayNames[date.getUTCDay()] ?? '').slice(0, 3),
  A: (date) => dayNames[date.getUTCDay()] ?? '',
  b: (date) => (monthNames[date.getUTCMonth()] ?? '').slice(0, 3),
  B: (date) => monthNames[date.getUTCMonth()] ?? '',
  d: (date) => two(date.getUTCDate()),
  D: (date) => `${two(date.getUTCMonth() + 1)}/${two(date.getUTCDate())}/${two(date.getUTCFullYear() % 100)}`,
  e: (date) => String(date.getUTCDate()).padStart(2, ' '),
  F: (date) => date.toISOString().slice(0, 10),
  H: (date) => two(date.getUTCHours()),
  I: (date) => two(date.getUTCHours() % 12 || 12),
  j: (date) => String(dayOfYear(date)).padStart(3, '0'),
  m: (date) => two(date.getUTCMonth() + 1),
  M: (date) => two(date.getUTCMinutes()),
  n: '\n',
  p: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  R: (date) => date.toISOString().slice(11, 16),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => two(date.getUTCSeconds()),
  t: '\t',
  T: (date) => date.toISOString().slice(11, 19),
  u: (date) => String(date.getUTCDay() || 7),
  w: (date) => String(date.getUTCDay()),
  y: (date) => two(date.getUTCFullYear() % 100),
  Y: (date) => String(date.getUTCFullYear()),
  z: '+0000',
  Z: 'UTC',
};

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

/** The clock knows milliseconds; further digits are zeros. */
function fraction(date: Date, digits: number): string {
  return `${String(date.getUTCMilliseconds()).padStart(3, '0')}000000`.slice(0, digits);
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
}
