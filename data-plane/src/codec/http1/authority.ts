import { isIPv6 } from 'node:net';
import { hexDigitPlusOne, isHostByte } from './byte-tables.ts';

const percentSign = 0x25;
const openBracket = 0x5b;
const colonCode = 0x3a;

/** uri-host [ ":" port ] of RFC 9110 7.2; user information is none of it. The empty host is valid there. */
export function isValidHost(host: string): boolean {
  const portAt = host.charCodeAt(0) === openBracket ? endOfIpLiteral(host) : endOfRegName(host);
  return portAt >= 0 && isPortOrNothing(host, portAt);
}

/** host ":" port, both there: the target of CONNECT (RFC 9112 3.2.3). */
export function isValidConnectTarget(target: string): boolean {
  const portAt = target.charCodeAt(0) === openBracket ? endOfIpLiteral(target) : endOfRegName(target);
  return portAt > 0 && target.length > portAt + 1 && isPortOrNothing(target, portAt);
}

function endOfRegName(host: string): number {
  for (let at = 0; at < host.length; at++) {
    const code = host.charCodeAt(at);
    if (isHostByte[code] !== 1) return code === colonCode ? at : -1;
    if (code === percentSign) {
      // A percent sign stands before two hexadecimal digits (NaN behind the end is none).
      if ((hexDigitPlusOne[host.charCodeAt(at + 1)] ?? 0) === 0) return -1;
      if ((hexDigitPlusOne[host.charCodeAt(at + 2)] ?? 0) === 0) return -1;
    }
  }
  return host.length;
}

function endOfIpLiteral(host: string): number {
  const closeAt = host.indexOf(']');
  if (closeAt < 0) return -1;
  const address = host.slice(1, closeAt);
  // Zone identifiers mean nothing to another machine.
  return isIPv6(address) && !address.includes('%') ? closeAt + 1 : -1;
}

function isPortOrNothing(host: string, portAt: number): boolean {
  if (portAt === host.length) return true;
  if (host.charCodeAt(portAt) !== colonCode) return false;
  for (let at = portAt + 1; at < host.length; at++) {
    const code = host.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}
