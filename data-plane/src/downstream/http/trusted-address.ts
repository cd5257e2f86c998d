import { isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

/**
 * The entry of `x-forwarded-for` that stands `hopsFromRight` before the last one (0 = the last). Undefined when there
 * is none, or no IP address at that place.
 */
export function forwardedAddress(forwardedFor: string, hopsFromRight: number): string | undefined {
  let end = forwardedFor.length;
  for (let hop = 0; hop < hopsFromRight; hop++) {
    end = forwardedFor.lastIndexOf(',', end - 1);
    if (end < 0) return undefined;
  }
  const start = forwardedFor.lastIndexOf(',', end - 1) + 1;
  const entry = forwardedFor.slice(start, end).trim();
  if (isIP(entry) !== 0) return entry;
  // Some proxies append a port.
  const colon = entry.lastIndexOf(':');
  const withoutPort = entry.startsWith('[') ? entry.slice(1, entry.indexOf(']')) : entry.slice(0, colon);
  return colon > 0 && isIP(withoutPort) !== 0 && (entry.startsWith('[') || isIPv4(withoutPort))
    ? withoutPort
    : undefined;
}

/** As Envoy sees it: 127.0.0.1 and ::1, not the rest of 127.0.0.0/8. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address === '127.0.0.1';
}

/** The machine's first address that is not a loopback; 127.0.0.1 where there is none. */
export function findNodeAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const external = addresses.filter(({ internal }) => !internal);
  return (external.find(({ family }) => family === 'IPv4') ?? external[0])?.address ?? '127.0.0.1';
}
