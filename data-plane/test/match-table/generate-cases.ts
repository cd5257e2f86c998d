import { isIPv4 } from 'node:net';
import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import type { Json } from '../statistics/bootstrap-parts.ts';
import type { MatchCase, Opening, Visit } from './match-case.ts';

/** Few values, so that chains compete. */
const ports = [80, 443];
/** None of length 0: beside chains without ranges, Envoy takes either, as its hash table has them. */
const ranges = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.3/32', '192.168.0.0/16', '2001:db8::/32'];
const directRanges = ['127.0.0.0/8', '127.0.0.2/32', '127.1.0.0/16', '10.0.0.0/8'];
const sourceRanges = [
  '10.0.0.0/8',
  '10.1.2.0/24',
  '172.16.0.0/12',
  '172.16.5.0/24',
  '127.0.0.0/8',
  '2001:db8:1::/48',
];
const serverNames = ['a.test', 'b.a.test', '*.a.test', '*.test', 'A.Test', 'other'];
const protocols = ['h2', 'http/1.1', 'h2c', 'http/1.0'];
const sourceTypes = ['SAME_IP_OR_LOOPBACK', 'EXTERNAL'];
const sourcePorts = [1000, 2000];

const destinations = [
  '10.1.2.3',
  '10.1.2.4',
  '10.1.9.9',
  '10.9.9.9',
  '192.168.1.1',
  '8.8.8.8',
  '2001:db8::9',
];
const sources = [
  '10.1.2.3',
  '10.1.2.9',
  '172.16.5.5',
  '172.17.0.1',
  '127.0.0.9',
  '127.0.0.1',
  '10.9.9.9',
  '::1',
  '2001:db8:1::1',
];
const directAddresses = ['127.0.0.1', '127.0.0.2', '127.1.0.1'];
const names = ['a.test', 'b.a.test', 'c.b.a.test', 'x.test', 'other', 'nobody', ''];
const offers = [[], ['h2'], ['http/1.1'], ['h2', 'http/1.1'], ['http/1.1', 'h2'], ['spdy', 'h2']];
const texts = [
  'GET / HTTP/1.1\r\nhost: a\r\n\r\n',
  'GET / HTTP/1.0\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x00\x01\x02\r\n',
];

/** Listeners with competing chains, and connections that meet most of what the chains ask for. */
export function generateCases(rng: Rng, caseCount: number, visitCount: number): readonly MatchCase[] {
  return Array.from({ length: caseCount }, (_, index) => {
    const matches = generateMatches(rng);
    return {
      name: `case-${index}`,
      matches,
      hasDefaultChain: rng.next() < 0.4,
      visits: Array.from({ length: visitCount }, () => generateVisit(rng, matches)),
    };
  });
}

function pick<T>(rng: Rng, values: readonly T[]): T {
  const value = values[randomInteger(rng, values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

/** One or two of them, in any order. */
function some<T>(rng: Rng, values: readonly T[]): readonly T[] {
  const first = pick(rng, values);
  const second = pick(rng, values);
  return rng.next() < 0.6 || second === first ? [first] : [first, second];
}

function toRanges(texts: readonly string[]): readonly Json[] {
  return texts.map((text) => {
    const [address_prefix, length] = text.split('/');
    return { address_prefix, prefix_len: Number(length) };
  });
}

/** No two with a combination of values in common, which would be ambiguous. */
function generateMatches(rng: Rng): readonly Json[] {
  const matches: Json[] = [];
  const taken = new Set<string>();
  const chainCount = 3 + randomInteger(rng, 6);
  // A listener's chains differ in some criteria only: in all of them no two would compete.
  const isUsed = Array.from({ length: 9 }, () => rng.next() < 0.45);
  for (let attempt = 0; matches.length < chainCount && attempt < 50; attempt++) {
    const has = (index: number): boolean => isUsed[index] === true && rng.next() < 0.65;
    const match: Json = {
      ...(has(0) ? { destination_port: pick(rng, ports) } : {}),
      ...(has(1) ? { prefix_ranges: toRanges(some(rng, ranges)) } : {}),
      ...(has(2) ? { server_names: some(rng, serverNames) } : {}),
      ...(has(3) ? { transport_protocol: pick(rng, ['tls', 'raw_buffer']) } : {}),
      ...(has(4) ? { application_protocols: some(rng, protocols) } : {}),
      ...(has(5) ? { direct_source_prefix_ranges: toRanges(some(rng, directRanges)) } : {}),
      ...(has(6) ? { source_type: pick(rng, sourceTypes) } : {}),
      ...(has(7) ? { source_prefix_ranges: toRanges(some(rng, sourceRanges)) } : {}),
      ...(has(8) ? { source_ports: some(rng, sourcePorts) } : {}),
    };
    const combinations = combinationsOf(match);
    // Nor may a chain name one twice.
    if (new Set(combinations).size < combinations.length) continue;
    if (combinations.some((combination) => taken.has(combination))) continue;
    for (const combination of combinations) taken.add(combination);
    matches.push(match);
  }
  return matches;
}

const criteria = [
  'destination_port',
  'prefix_ranges',
  'server_names',
  'transport_protocol',
  'application_protocols',
  'direct_source_prefix_ranges',
  'source_type',
  'source_prefix_ranges',
  'source_ports',
];

function combinationsOf(match: Json): readonly string[] {
  return criteria.reduce<readonly string[]>(
    (combinations, name) => {
      const values = [match[name] ?? ''].flat();
      return combinations.flatMap((start) =>
        values.map((value) => `${start}|${JSON.stringify(value).toLowerCase()}`),
      );
    },
    [''],
  );
}

/** Rather what one of the chains asks for than anything. */
function generateVisit(rng: Rng, matches: readonly Json[]): Visit {
  const wanted = pick(rng, matches);
  const rather = <T>(values: unknown, others: readonly T[]): T =>
    values === undefined || rng.next() < 0.25 ? pick(rng, others) : pick(rng, [values].flat() as T[]);
  const destinationAddress = pick(rng, destinations);
  const family = isIPv4(destinationAddress);
  return {
    directAddress: pick(rng, directAddresses),
    sourceAddress: pick(
      rng,
      sources.filter((address) => isIPv4(address) === family),
    ),
    sourcePort: rather(wanted['source_ports'], [...sourcePorts, 3000]),
    destinationAddress,
    destinationPort: rather(wanted['destination_port'], [...ports, 8080]),
    opening: generateOpening(rng, wanted),
  };
}

function generateOpening(rng: Rng, wanted: Json): Opening {
  const transport = wanted['server_names'] === undefined ? wanted['transport_protocol'] : 'tls';
  const isPlain = transport === undefined ? rng.next() < 0.4 : transport === 'raw_buffer';
  if (isPlain) return { kind: 'plain', text: pick(rng, texts) };
  return { kind: 'tls', serverName: pick(rng, names), applicationProtocols: pick(rng, offers) };
}
