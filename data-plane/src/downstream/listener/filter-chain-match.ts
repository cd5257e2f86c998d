import type { CidrRange, FilterChainMatch } from '../../config/model/listener.ts';
import { isInRange } from '../../lang/cidr-range.ts';
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
    if (range.prefixLength + 1 > longest && isInRange(range, address)) longest = range.prefixLength + 1;
  }
  return longest;
}
