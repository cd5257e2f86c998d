import { canonicalRange } from '@heddle/shared/lang/ip-bytes';
import type { FilterChainMatch as FilterChainMatchMessage } from '@heddle/shared/xds/api';
import type { CidrRange, FilterChainMatch } from '../model/listener.ts';
import { decodeCidrRange } from './address.ts';
import type { DecodeContext } from './decode-context.ts';
import { defined } from './scalars.ts';

/** Others were refused by the support table. */
const transportProtocols = ['raw_buffer', 'tls'] as const;
const sourceTypes = { ANY: 'any', SAME_IP_OR_LOOPBACK: 'local', EXTERNAL: 'external' } as const;

export const matchesEverything: FilterChainMatch = {
  prefixRanges: [],
  directSourcePrefixRanges: [],
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
    directSourcePrefixRanges: message.directSourcePrefixRanges.map((range, i) =>
      decodeCidrRange(context, range, `${path}.direct_source_prefix_ranges[${i}]`),
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
    applicationProtocols: message.applicationProtocols.map((protocol, i) => {
      if (protocol === '') context.refuse(`${path}.application_protocols[${i}]`, 'must not be empty');
      return protocol;
    }),
    ...defined<Pick<FilterChainMatch, 'destinationPort'>>({ destinationPort: message.destinationPort }),
  };
}

function decodeServerName(context: DecodeContext, name: string, path: string): string {
  if (name === '' || /\*/.test(name.replace(/^\*\./, ''))) {
    context.refuse(path, `${JSON.stringify(name)} is no host name, nor *. in front of one`);
  }
  // As in Envoy the same.
  return name.toLowerCase().replace(/^\./, '*.');
}

/**
 * Every combination of criteria that a match stands for. Two chains with one in common would be ambiguous: a chain
 * is looked up by exactly such a combination.
 */
export function combinationsOf(match: FilterChainMatch): string[] {
  const ranges = (list: readonly CidrRange[]): string[] =>
    list.map(({ address, prefixLength }) => canonicalRange(address, prefixLength));
  const criteria: readonly (readonly (string | number)[])[] = [
    [match.destinationPort ?? ''],
    ranges(match.prefixRanges),
    match.serverNames,
    [match.transportProtocol],
    match.applicationProtocols,
    ranges(match.directSourcePrefixRanges),
    [match.sourceType],
    ranges(match.sourcePrefixRanges),
    match.sourcePorts,
  ];
  return criteria.reduce<string[]>(
    (combinations, values) =>
      combinations.flatMap((start) =>
        (values.length > 0 ? values : ['']).map((value) => `${start}|${value}`),
      ),
    [''],
  );
}
