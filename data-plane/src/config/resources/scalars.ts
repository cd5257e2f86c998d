import type { Duration, Percent, FractionalPercent, RuntimeFractionalPercent } from '@heddle/shared/xds/api';
import { toMs } from '@heddle/shared/xds/milliseconds';
import type { RuntimeValues } from '../model/bootstrap.ts';
import type { RuntimeFraction } from '../model/matcher.ts';

export function toMsOr(duration: Duration | undefined, defaultMs: number): number {
  return duration === undefined ? defaultMs : toMs(duration);
}

export function percentOr(percent: Percent | undefined, defaultPercent: number): number {
  return percent === undefined ? defaultPercent : percent.value;
}

const perMillionOf = { HUNDRED: 10_000, TEN_THOUSAND: 100, MILLION: 1 } as const;

export function toPerMillion({ numerator, denominator }: FractionalPercent): number {
  return Math.min(1_000_000, numerator * perMillionOf[denominator]);
}

export function decodeRuntimeFraction(
  { runtimeKey, defaultValue }: RuntimeFractionalPercent,
  runtime: RuntimeValues,
): RuntimeFraction {
  const perMillion = defaultValue === undefined ? 0 : toPerMillion(defaultValue);
  return { perMillion: runtimePerMillion(runtime, runtimeKey) ?? perMillion };
}

/** What the runtime says instead of a fraction: a fraction, or a whole number of percent. */
export function runtimePerMillion(runtime: RuntimeValues, key: string): number | undefined {
  const value = runtime[key];
  if (typeof value === 'object') return value.perMillion;
  return typeof value === 'number' && value >= 0
    ? Math.min(1_000_000, Math.floor(value) * 10_000)
    : undefined;
}

/** Only the keys whose values are defined: what `exactOptionalPropertyTypes` wants of optional fields. */
export function defined<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
