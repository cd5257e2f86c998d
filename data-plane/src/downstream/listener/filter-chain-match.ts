import { isIPv4, isIPv6 } from 'node:net';
import type { CidrRange, FilterChainMatch } from '../../config/model/listener.ts';
import type { Connection } from '../../transport/connection.ts';
import { isLoopback } from '../http/trusted-address.ts';

/** A filter chain and what it asks of a connection. */
export interface MatchableChain {
  readonly match: FilterChainMatch;
}

/**
 * Chooses the filter chain of a connection: one criterion after the other, each keeping only the most specific group
 * that fits. A group once chosen is not left again, so a chain for a port hides the chains without one. Undefined: none
 * fits, the default chain is next.
 */
export function findFilterChain<C extends MatchableChain>(
  chains: readonly C[],
  connection: Pick<Connection, 'localAddress' | 'remoteAddress'>,
): C | undefined {
  const { localAddress: local, remoteAddress: remote } = connection;
  let candidates = mostSpecific(chains, ({ destinationPort }) =>
    destinationPort === undefined ? 0 : destinationPort === local.port ? 1 : noFit,
  );
  candidates = mostSpecific(candidates, (match) => longestPrefix(match.prefixRanges, local.address));
  candidates = mostSpecific(candidates, ({ transportProtocol }) =>
    transportProtocol === '' ? 0 : transportProtocol === 'raw_buffer' ? 1 : noFit,
  );
  const isLocal = isLoopback(remote.address) || remote.address === local.address;
  candidates = mostSpecific(candidates, ({ sourceType }) => {
    if (sourceType === 'any') return 0;
    return (sourceType === 'local') === isLocal ? 1 : noFit;
  });
  candidates = mostSpecific(candidates, (match) => longestPrefix(match.sourcePrefixRanges, remote.address));
  candidates = mostSpecific(candidates, ({ sourcePorts }) =>
    sourcePorts.length === 0 ? 0 : sourcePorts.includes(remote.port) ? 1 : noFit,
  );
  return candidates[0];
}

const noFit = -1;

function mostSpecific<C extends MatchableChain>(
  chains: readonly C[],
  specificity: (match: FilterChainMatch) => number,
): readonly C[] {
  // One chain without criteria is the rule.
  let best = 0;
  let hasFit = false;
  for (const { match } of chains) {
    const value = specificity(match);
    if (value === noFit) continue;
    hasFit = true;
    best = Math.max(best, value);
  }
  return hasFit ? chains.filter(({ match }) => specificity(match) === best) : [];
}

/** 0 without ranges; 1 + the length of the longest range that holds the address; `noFit` when none does. */
function longestPrefix(ranges: readonly CidrRange[], address: string): number {
  if (ranges.length === 0) return 0;
  let longest = noFit;
  for (const range of ranges) {
    if (range.prefixLength + 1 > longest && contains(range, address)) longest = range.prefixLength + 1;
  }
  return longest;
}

function contains(range: CidrRange, address: string): boolean {
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
