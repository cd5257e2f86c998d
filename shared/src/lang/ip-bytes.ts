import { isIPv4, isIPv6 } from 'node:net';

/** 4 or 16 bytes. An IPv4 client of an IPv6 socket is IPv4. */
export function ipBytesOf(address: string): number[] | undefined {
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

/** The same text for ranges (CIDR) that hold the same addresses. */
export function canonicalRange(address: string, prefixLength: number): string {
  const masked = (ipBytesOf(address) ?? []).map((byte, index) => {
    const bits = Math.max(0, Math.min(8, prefixLength - index * 8));
    return byte & (0xff00 >> bits) & 0xff;
  });
  return `${masked.join('.')}/${prefixLength}`;
}
