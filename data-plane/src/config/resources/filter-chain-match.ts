import type { FilterChainMatch as FilterChainMatchMessage } from '@heddle/shared/xds/api';
import type { FilterChainMatch } from '../model/listener.ts';
import { decodeCidrRange } from './address.ts';
import type { DecodeContext } from './decode-context.ts';
import { defined } from './scalars.ts';

/** Others were refused by the support table. */
const transportProtocols = ['raw_buffer', 'tls'] as const;
const sourceTypes = { ANY: 'any', SAME_IP_OR_LOOPBACK: 'local', EXTERNAL: 'external' } as const;

export const matchesEverything: FilterChainMatch = {
  prefixRanges: [],
  sourceType: 'any',
  sourcePrefixRanges: [],
  sourcePorts: [],
  serverNames: [],
  transportProtocol: '',
  applicationProtocols: [],
};

export function decodeFilterChainMatch(
  context: DecodeContext,
  message: FilterChainMatchMessage,
  path: string,
): FilterChainMatch {
  return {
    prefixRanges: message.prefixRanges.map((range, i) =>
      decodeCidrRange(context, range, `${path}.prefix_ranges[${i}]`),
    ),
    sourceType: sourceTypes[message.sourceType],
    sourcePrefixRanges: message.sourcePrefixRanges.map((range, i) =>
      decodeCidrRange(context, range, `${path}.source_prefix_ranges[${i}]`),
    ),
    sourcePorts: message.sourcePorts,
    serverNames: message.serverNames.map((name, i) =>
      decodeServerName(context, name, `${path}.server_names[${i}]`),
    ),
    transportProtocol: transportProtocols.find((known) => known === message.transportProtocol) ?? '',
    applicationProtocols: message.applicationProtocols,
    ...defined<Pick<FilterChainMatch, 'destinationPort'>>({ destinationPort: message.destinationPort }),
  };
}

function decodeServerName(context: DecodeContext, name: string, path: string): string {
  if (name === '' || /\*/.test(name.replace(/^\*\./, ''))) {
    context.refuse(path, `${JSON.stringify(name)} is no host name, nor *. in front of one`);
  }
  return name.toLowerCase();
}

/**
 * Every combination of criteria that a match stands for. Two chains with one in common would be ambiguous: a chain
 * is looked up by exactly such a combination.
 */
export function combinationsOf(match: FilterChainMatch): string[] {
  const orAny = (values: readonly (string | number)[]): readonly (string | number)[] =>
    values.length > 0 ? values : [''];
  const ranges = (list: FilterChainMatch['prefixRanges']): string[] =>
    list.map(({ address, prefixLength }) => `${address.toLowerCase()}/${prefixLength}`);
  const combinations: string[] = [];
  for (const destination of orAny(ranges(match.prefixRanges))) {
    for (const source of orAny(ranges(match.sourcePrefixRanges))) {
      for (const port of orAny(match.sourcePorts)) {
        for (const serverName of orAny(match.serverNames)) {
          for (const protocol of orAny(match.applicationProtocols)) {
            combinations.push(
              [
                match.destinationPort ?? '',
                destination,
                serverName,
                match.transportProtocol,
                protocol,
                match.sourceType,
                source,
                port,
              ].join('|'),
            );
          }
        }
      }
    }
  }
  return combinations;
}
