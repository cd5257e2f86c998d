import type { HeaderMap } from '../../codec/header-map.ts';

/** Eight digits. */
const maxValue = 99_999_999;
const unitsInMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Time-out of a call, whole ms, rounded up; undefined: there is none, or it is no time-out (gRPC over HTTP/2). */
export function parseGrpcTimeout(headers: HeaderMap): number | undefined {
  const [, digits, unit = ''] = /^0*(\d{1,8})([HMSmun])$/.exec(headers.get('grpc-timeout') ?? '') ?? [];
  return digits === undefined ? undefined : Math.ceil(Number(digits) * (unitsInMs[unit] ?? 1));
}

/** Puts a time-out in, in the smallest unit from ms on that has room for it; what is cut off is lost. */
export function setGrpcTimeout(headers: HeaderMap, timeoutMs: number): void {
  let value = Math.floor(timeoutMs);
  let unit = 'm';
  for (const [next, factor] of coarserUnits) {
    if (value <= maxValue) break;
    value = Math.floor(value / factor);
    unit = next;
  }
  headers.setUnchecked('grpc-timeout', `${Math.min(value, maxValue)}${unit}`);
}

const coarserUnits = [
  ['S', 1_000],
  ['M', 60],
  ['H', 60],
] as const;
