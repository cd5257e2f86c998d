import { ipBytesOf } from '@heddle/shared/lang/ip-bytes';
import type { CidrRange } from '../config/model/listener.ts';

/** Addresses of different families, and what is no IP address, are never in a range. */
export function isInRange(range: CidrRange, address: string): boolean {
  const rangeBytes = ipBytesOf(range.address);
  const bytes = ipBytesOf(address);
  if (rangeBytes === undefined || bytes === undefined || rangeBytes.length !== bytes.length) return false;
  for (let bit = 0; bit < range.prefixLength; bit += 8) {
    const mask = 0xff00 >> Math.min(8, range.prefixLength - bit);
    const index = bit >> 3;
    if (((rangeBytes[index] ?? 0) & mask & 0xff) !== ((bytes[index] ?? 0) & mask & 0xff)) return false;
  }
  return true;
}
