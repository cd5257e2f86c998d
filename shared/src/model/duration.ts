import { Type } from '@sinclair/typebox';
import { withCheck } from './schema.ts';

const unitMs = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/**
 * Milliseconds of a Gateway API duration (GEP-2257): one to four numbers of at most five digits, each with a
 * unit of h, m, s or ms: `10s`, `1m30s`, `100ms`. Undefined when the text is not one.
 */
export function parseDurationMs(text: string): number | undefined {
  if (!/^([0-9]{1,5}(h|m|s|ms)){1,4}$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, digits = '', unit = ''] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) {
    totalMs += Number(digits) * unitMs[unit as keyof typeof unitMs];
  }
  return totalMs;
}

/** Milliseconds of a duration that was validated before; throws RangeError for any other text. */
export function durationMs(text: string): number {
  const parsed = parseDurationMs(text);
  if (parsed === undefined) throw new RangeError(`not a duration: ${text}`);
  return parsed;
}

/** A Gateway API duration. `allowZero`: where `0s` means "no limit". */
export function durationSchema(description: string, options: { readonly allowZero?: boolean } = {}) {
  return withCheck(Type.String({ description, format: 'duration', examples: ['1m30s'] }), (text) => {
    const parsed = parseDurationMs(text);
    if (parsed === undefined)
      return `expected a duration such as "10s", "1m30s" or "100ms", got ${JSON.stringify(text)}`;
    return parsed === 0 && options.allowZero !== true ? 'must be longer than 0' : undefined;
  });
}
