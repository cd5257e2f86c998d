import type { CidrRange, FilterChainMatch } from '../../config/model/listener.ts';
import { isInRange } from '../../lang/cidr-range.ts';
import type { Connection } from '../../transport/connection.ts';
import { isLoopback } from '../http/trusted-address.ts';

/** A filter chain and what it asks of a connection. */
export interface MatchableChain {
  readonly match: FilterChainMatch;
}

/** What was found out about a connection before its filter chain is chosen. */
export interface InspectedConnection extends Pick<Connection, 'localAddress' | 'remoteAddress'> {
  /** Of the socket, whoever the connection is forwarded for. */
  readonly directRemoteAddress: Connection['remoteAddress'];
  /** It begins with a ClientHello. */
  readonly isTls: boolean;
  /** SNI, lower-case; empty: none. */
  readonly serverName: string;
  /** ALPN, in the client's order. */
  readonly applicationProtocols: readonly string[];
}

/**
 * Chooses the filter chain of a connection: one criterion after the other, each keeping only the most specific group
 * that fits. A group once chosen is not left again, so a chain for a port hides the chains without one. Undefined: none
 * fits, the default chain is next.
 */
export function findFilterChain<C extends MatchableChain>(
  chains: readonly C[],
  connection: InspectedConnection,
): C | undefined {
  const { localAddress: local, remoteAddress: remote } = connection;
  let candidates = mostSpecific(chains, ({ destinationPort }) =>
    destinationPort === undefined ? 0 : destinationPort === local.port ? 1 : noFit,
  );
  candidates = mostSpecific(candidates, (match) => longestPrefix(match.prefixRanges, local.address));
  candidates = mostSpecific(candidates, ({ serverNames }) =>
    serverNameFit(serverNames, connection.serverName),
  );
  candidates = mostSpecific(candidates, ({ transportProtocol }) => {
    if (transportProtocol === '') return 0;
    return (transportProtocol === 'tls') === connection.isTls ? 1 : noFit;
  });
  candidates = mostSpecific(candidates, ({ applicationProtocols }) =>
    firstProtocolFit(applicationProtocols, connection.applicationProtocols),
  );
  const { address: directAddress } = connection.directRemoteAddress;
  candidates = mostSpecific(candidates, (match) =>
    longestPrefix(match.directSourcePrefixRanges, directAddress),
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

/** The longest name that fits: the exact one before a wildcard, `*.a.test` before `*.test`. */
function serverNameFit(names: readonly string[], serverName: string): number {
  if (names.length === 0) return 0;
  let best = noFit;
  for (const name of names) {
    const isFit = name.startsWith('*.')
      ? serverName.length >= name.length && serverName.endsWith(name.slice(1))
      : name === serverName;
    // A wildcard has at most as many characters as what it stands for.
    if (isFit) best = Math.max(best, name.startsWith('*.') ? name.length : name.length + 1);
  }
  return best;
}

/** What the client names first counts most. */
function firstProtocolFit(protocols: readonly string[], offered: readonly string[]): number {
  if (protocols.length === 0) return 0;
  const at = offered.findIndex((protocol) => protocols.includes(protocol));
  return at < 0 ? noFit : offered.length - at;
}
