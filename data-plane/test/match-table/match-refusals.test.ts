import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { problemsOfYaml, resourceTypes } from '../../src/config/resources/testing/decode-yaml.ts';
import { socketAddress, type Json } from '../statistics/bootstrap-parts.ts';

/** Whether a real Envoy takes a listener with these matches, and whether Heddle does: the same, unless a row says why. */
interface Row {
  readonly name: string;
  readonly matches: readonly Json[];
  /** Heddle refuses what Envoy takes. */
  readonly stricter?: string;
}

const envoy = usePeer('envoy');
const answer = {
  '@type': 'type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config',
  response: { inline_string: 'x' },
};

const inRange = (text: string): Json => {
  const [address_prefix, length] = text.split('/');
  return { address_prefix, ...(length === undefined ? {} : { prefix_len: Number(length) }) };
};
const named = (...server_names: readonly string[]): Json => ({ server_names });
const to = (...ranges: readonly string[]): Json => ({ prefix_ranges: ranges.map(inRange) });
const from = (...source_ports: readonly number[]): Json => ({ source_ports });

const never = 'no connection ever comes to such a chain';
const rows: readonly Row[] = [
  { name: 'no chain', matches: [] },
  { name: 'two chains without criteria', matches: [{}, {}] },
  { name: 'twice the same port', matches: [{ destination_port: 80 }, { destination_port: 80 }] },
  { name: 'any source type, and none', matches: [{ source_type: 'ANY' }, {}] },
  { name: 'names that overlap', matches: [named('a', 'b'), named('b', 'c')] },
  { name: 'names in another case', matches: [named('A.Test'), named('a.test')] },
  { name: 'source ports that overlap', matches: [from(1, 2), from(2, 3)] },
  { name: 'different criteria', matches: [from(1, 2), named('c')] },
  { name: 'one name twice', matches: [named('a', 'a')] },
  { name: 'one name twice, in another case', matches: [named('A', 'a')] },
  { name: 'one source port twice', matches: [from(1, 1)] },
  { name: 'one protocol twice', matches: [{ application_protocols: ['h2', 'h2'] }] },
  { name: 'one range twice', matches: [to('10.0.0.0/8', '10.0.0.0/8')] },
  { name: 'ranges that hold the same', matches: [to('10.0.0.0/8'), to('10.1.0.0/8')] },
  { name: 'ranges one in the other', matches: [to('10.0.0.0/8'), to('10.1.0.0/16')] },
  { name: 'a range of everything, and none', matches: [to('0.0.0.0/0'), {}] },
  { name: 'a range without a length', matches: [to('10.0.0.0')] },
  { name: 'a range that is too long, and the longest', matches: [to('10.0.0.0/33'), to('10.0.0.0/32')] },
  { name: 'a range that is too long', matches: [to('10.0.0.0/33')] },
  { name: 'a range that is none', matches: [to('x/8')] },
  { name: 'a range of IPv4 in IPv6, and of IPv4', matches: [to('::ffff:10.0.0.0/104'), to('10.0.0.0/8')] },
  { name: 'a wildcard', matches: [named('*.a.test')] },
  { name: 'a wildcard alone', matches: [named('*')] },
  { name: 'a wildcard for a part', matches: [named('*a.test')] },
  { name: 'a wildcard at the end', matches: [named('a.*')] },
  { name: 'a wildcard in a wildcard', matches: [named('*.*.test')], stricter: never },
  { name: 'a wildcard of nothing', matches: [named('*.')] },
  { name: 'a dot in front', matches: [named('.a')] },
  { name: 'a dot in front, and a wildcard', matches: [named('.a'), named('*.a')] },
  { name: 'an empty name', matches: [named('')], stricter: 'it says nothing; leave it out' },
  { name: 'an empty name, and none', matches: [named(''), {}] },
  {
    name: 'an empty protocol',
    matches: [{ application_protocols: [''] }],
    stricter: 'it says nothing; leave it out',
  },
  { name: 'a transport protocol that nobody finds', matches: [{ transport_protocol: 'x' }], stricter: never },
  { name: 'a suffix', matches: [{ suffix_len: 3 }] },
  { name: 'an address suffix', matches: [{ address_suffix: '1.2.3.4' }] },
  { name: 'port 0', matches: [{ destination_port: 0 }] },
  { name: 'port 70000', matches: [{ destination_port: 70_000 }] },
  { name: 'source port 0', matches: [from(0)] },
  { name: 'source port 70000', matches: [from(70_000)] },
];

function toListener(matches: readonly Json[]): Json {
  return {
    name: 'l',
    address: socketAddress(10_000),
    filter_chains: matches.map((filter_chain_match) => ({
      filters: [{ name: 'answer', typed_config: answer }],
      filter_chain_match,
    })),
  };
}

/** Empty if Envoy takes it, else what it says. */
function askEnvoy(listener: Json): Promise<string> {
  const text = JSON.stringify({ static_resources: { listeners: [listener] } });
  return new Promise((resolve) => {
    const command = ['--mode', 'validate', '--config-yaml', text, '--log-level', 'error'];
    execFile(envoy.path, command, (error, _, stderr) => {
      resolve(error === null ? '' : stderr || error.message);
    });
  });
}

test('matches are refused as a real Envoy refuses them', { skip: envoy.skip }, async () => {
  for (const { name, matches, stricter } of rows) {
    const listener = toListener(matches);
    const ours = problemsOfYaml(resourceTypes.listener, JSON.stringify(listener)).join('\n');
    const theirs = await askEnvoy(listener);
    const report = `${name}\nEnvoy: ${theirs || 'accepts'}\nHeddle: ${ours || 'accepts'}`;
    if (stricter === undefined) assert.equal(ours === '', theirs === '', report);
    else assert.deepEqual([ours === '', theirs === ''], [false, true], report);
  }
});

test('a tree of matchers in place of matches is refused by its path', () => {
  const matcher = {
    matcher_tree: { input: { name: 'i', typed_config: answer }, exact_match_map: { map: {} } },
  };
  const listener = { ...toListener([{}]), filter_chain_matcher: matcher };
  const lines = problemsOfYaml(resourceTypes.listener, JSON.stringify(listener));
  assert.match(lines.join('\n'), /^filter_chain_matcher: is not supported by Heddle yet/m);
});
