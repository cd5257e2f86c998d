import { isIPv4, isIPv6 } from 'node:net';
import type { CidrRange } from '../config/model/listener.ts';

/** Addresses of different families, and what is no IP address, are never in a range. */
export function isInRange(range: CidrRange, address: string): boolean {
  const rangeBytes = bytesOf(range.address);
  const bytes = bytesOf(address);
  if (rangeBytes === undefined || bytes === undefined || rangeBytes.length !== bytes.length) return false;
  for (let bit = 0; bit < range.prefixLength; bit += 8) {
    const mask = 0xff00 >> Math.min(8, range.prefixLength - bit);
    const index = bit >> 3;
    if (((rangeBytes[index] ?? 0) & mask & 0xff) !== ((bytes[index] ?? 0) & mask & 0xff)) return false;
  }
  return true;
}

/** 4 or 16 bytes. An IPv4 client of an IPv6 socket is IPv4. */
function bytesOf(address: string): number[] | undefined {
  const plain = address.startsWith('::ffff:') && isIPv4(address.slice(7)) ? address.slice(7) : address;
  if (isIPv4(plain)) return plain.split('.').map(Number);
  if (!isIPv6(plain)) return undefined;
  const [head = '', tail] = plain.split('%', 1)[0]?.split('::') ?? [];
  const headGroups = groupsOf(head);
  const tailGroups = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(8 - headGroups.length - tailGroups.length).fill(0);
  return [...headGroups, ...zeros, ...tailGroups].flatMap((group) => [group >> 8, group & 0xff]);
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
