import type { Duration, Percent, FractionalPercent, RuntimeFractionalPercent } from '@heddle/shared/xds/api';
import type { RuntimeFraction } from '../model/matcher.ts';

/** Milliseconds, with a fraction where the configuration has one. */
export function toMs(duration: Duration): number {
  return duration.seconds * 1000 + duration.nanos / 1_000_000;
}

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

export function decodeRuntimeFraction(fraction: RuntimeFractionalPercent): RuntimeFraction {
  return {
    perMillion: fraction.defaultValue === undefined ? 0 : toPerMillion(fraction.defaultValue),
    ...(fraction.runtimeKey === '' ? {} : { runtimeKey: fraction.runtimeKey }),
  };
}

/** Only the keys whose values are defined: what `exactOptionalPropertyTypes` wants of optional fields. */
export function defined<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
