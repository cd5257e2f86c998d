/** Texts that stand for well-known messages in proto3 JSON. Readers answer undefined for what is not such a text. */

export interface SecondsAndNanos {
  readonly seconds: number;
  readonly nanos: number;
}

/** 10,000 years, the range of google.protobuf.Duration. */
const maxDurationSeconds = 315_576_000_000;

/** `1.5s`, `-0.000000001s`. */
export function readDurationText(text: string): SecondsAndNanos | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(text);
  if (parts === null) return undefined;
  const seconds = Number(parts[2]);
  const nanos = Number((parts[3] ?? '').padEnd(9, '0'));
  if (seconds > maxDurationSeconds) return undefined;
  return parts[1] === '-' ? { seconds: negate(seconds), nanos: negate(nanos) } : { seconds, nanos };
}

export function writeDurationText({ seconds, nanos }: SecondsAndNanos): string {
  const sign = seconds < 0 || nanos < 0 ? '-' : '';
  return `${sign}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`;
}

/** RFC 3339: `2024-02-29T23:59:59.5Z`, `…+02:00`. */
export function readTimestampText(text: string): SecondsAndNanos | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([-+])(\d\d):(\d\d))$/.exec(
    text,
  );
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [number, ...number[]];
  const date = new Date(0);
  date.setUTCFullYear(year, (month ?? 0) - 1, day);
  date.setUTCHours(hour ?? 0, minute ?? 0, second ?? 0);
  // A 30th of February, an hour 24 and the like roll over into something else.
  if (year === 0 || date.toISOString().slice(0, 19) !== text.slice(0, 19)) return undefined;
  const offsetSeconds = parts[8] === undefined ? 0 : (Number(parts[9]) * 60 + Number(parts[10])) * 60;
  const seconds = date.getTime() / 1000 - (parts[8] === '-' ? -offsetSeconds : offsetSeconds);
  return { seconds, nanos: Number((parts[7] ?? '').padEnd(9, '0')) };
}

/** In UTC. Undefined outside of the years 1 to 9999, which have no text. */
export function writeTimestampText({ seconds, nanos }: SecondsAndNanos): string | undefined {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999)
    return undefined;
  return `${date.toISOString().slice(0, 19)}${fraction(nanos)}Z`;
}

/** `fooBar,baz.quxQuux` → `foo_bar`, `baz.qux_quux`. */
export function readFieldMaskText(text: string): string[] {
  if (text === '') return [];
  return text.split(',').map((path) => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

export function writeFieldMaskText(paths: readonly string[]): string {
  return paths
    .map((path) => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()))
    .join(',');
}

/** Base64, of either alphabet, padded or not. */
export function readBase64Text(text: string): Uint8Array | undefined {
  const digits = text.replace(/={1,2}$/, '');
  if (!/^[\w+/-]*$/.test(digits) || digits.length % 4 === 1) return undefined;
  return Buffer.from(digits, 'base64');
}

/** 0, 3, 6 or 9 digits, as the other implementations print. */
function fraction(nanos: number): string {
  if (nanos === 0) return '';
  const digits = nanos.toString().padStart(9, '0');
  return `.${digits.replace(/(?:000){1,2}$/, '')}`;
}

/** Without a negative zero, which is not equal to zero everywhere. */
function negate(value: number): number {
  return value === 0 ? 0 : -value;
}
