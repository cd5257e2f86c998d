import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { InvalidInputError } from '../errors/problem.ts';
import { usePeer } from '../testing/peers.ts';
import { jsonReader, parseConfigFile, type ConfigSyntax } from './config-file.ts';
import { fromProtoJson } from './proto-json.ts';
import { yamlReader } from './read-yaml.ts';
import { createValidator } from './validate.ts';
import { loadApi } from './xds-api.ts';

const envoy = usePeer('envoy');
const api = loadApi();
const validator = createValidator(api.types);

/** Whether we accept a bootstrap text: it can be read, has the right fields, keeps the rules. */
function accepts(bytes: Uint8Array, syntax: ConfigSyntax): boolean {
  try {
    const bootstrap = fromProtoJson(
      api,
      'envoy.config.bootstrap.v3.Bootstrap',
      parseConfigFile(bytes, `bootstrap.${syntax}`, syntax === 'yaml' ? yamlReader : jsonReader).value,
    );
    return (
      validator.validate(api.types.message('envoy.config.bootstrap.v3.Bootstrap'), bootstrap).length === 0
    );
  } catch (thrown) {
    if (thrown instanceof InvalidInputError) return false;
    throw thrown;
  }
}

function envoyAccepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(envoy.path, ['--mode', 'validate', '-l', 'off', '-c', path], (error) => resolve(error === null));
  });
}

const port = (text: string): string =>
  `{"admin":{"address":{"socket_address":{"address":"127.0.0.1","port_value":${text}}}}}`;
const secret = (text: string): string =>
  `{"static_resources":{"secrets":[{"name":"s","generic_secret":{"secret":{"inline_bytes":"${text}"}}}]}}`;
const listener = (text: string): string => `
static_resources:
  listeners:
  - name: l
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: any.name
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          ${text}
          http_filters:
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
`;
const routes = (text: string): string =>
  listener(`stat_prefix: s
          route_config: {virtual_hosts: [{name: v, domains: "*", routes: [${text}]}]}`);

const jsonTexts = [
  "{node: {id: 'x'}}",
  "{'node': {'id': 'x',},}",
  '{"node":{"id":"x"},"node":{"cluster":"y"}}',
  '{"node":{"id":"a\tb"}}',
  '// c\n{}',
  '{} {}',
  '[]',
  '',
  'null',
  '\ufeff{}',
  '{"node":{"metadata":{"a":NaN}}}',
  '{"node":{"id":null},"admin":null,"static_resources":{"clusters":null}}',
  '{"static_resources":{"clusters":[null]}}',
  '{"static_resources":{"clusters":[[{"name":"a"}]]}}',
  '{"static_resources":{"clusters":{"name":"a"}}}',
  '{"node":{"client_features":["x",null]}}',
  '{"use_tcp_for_dns_lookups":"yes"}',
  '{"use_tcp_for_dns_lookups":"on"}',
  '{"use_tcp_for_dns_lookups":1}',
  '{"stats_flush_interval":{"seconds":"5"}}',
  '{"stats_flush_interval":"5"}',
  '{"stats_flush_interval":".5s"}',
  '{"stats_flush_interval":"5.0000000001s"}',
  '{"stats_config":{"use_all_default_tags":{"value":false}}}',
  '{"stats_config":{"use_all_default_tags":"false"}}',
  port('"1"'),
  port('2.0'),
  port('15e2'),
  port('"0x3A"'),
  port('"+1"'),
  port('" 1"'),
  port('"1.5"'),
  port('01'),
  port('true'),
  port('1,"named_port":"x"'),
  port('1,"named_port":null'),
  port('1,"protocol":"udp"'),
  port('1,"protocol":"0"'),
  port('1,"protocol":7'),
  port('1,"protocol":"xx"'),
  port('65536'),
  port('-1'),
  port('4294967296'),
  '{"node":{"bogus":1}}',
  '{"Node":{}}',
  '{"node":[]}',
  '{"node":{"id":["x"]}}',
  secret('AA_-'),
  secret('AA'),
  secret('A'),
  secret('A A='),
  '{"bootstrap_extensions":[{"name":"x","typed_config":{"@type":"type.googleapis.com/nope.X"}}]}',
  '{"bootstrap_extensions":[{"name":"x","typed_config":{"a":1}}]}',
  '{"node":{"id":"\\ud800"}}',
  '{"node":{"id":"\\x"}}',
  '{"node":{},,}',
];

const yamlTexts: (string | Uint8Array)[] = [
  '',
  '---',
  '{}',
  '{}\n---\n{{{',
  'node: {id: n}',
  'node: {id: "n"}',
  'node: {id: oN}',
  'node: {id: !!str 123}',
  'node: {id: ! 5}',
  'node: {id: ~}',
  'node: {id: 1.5}',
  'node: {id: 0x1F}',
  'node: {id: 5000000000}',
  'node: {id: x}\nnode: {cluster: y1}',
  'node:\n  <<: {id: x}',
  'node: {id: &a x, cluster: *a}',
  'node: {id: *x}',
  'node:\n\tid: x',
  'node:\t{id: x}',
  'node:\n  id: >-\n    12',
  'node:\n  id: a: b',
  'node: {id:x}',
  '{a: b}: x',
  '? node\n: {id: x}',
  'node: {id: @x}',
  '{"node": {"id": "x"}}\n',
  'use_tcp_for_dns_lookups: yes',
  'use_tcp_for_dns_lookups: 1',
  port('010').replaceAll('"', ''),
  port('0x3A99').replaceAll(/"|:(?=\S)/g, (part) => (part === ':' ? ': ' : '')),
  Buffer.from('\ufeffnode: {id: x}'),
  Buffer.from('\ufeffnode: {id: x}', 'utf16le'),
  Buffer.from('node: {id: x} # caf\xe9', 'latin1'),
  routes('{match: {prefix: /}, direct_response: {status: 200}}'),
  routes('{match: {prefix: /}, direct_response: {status: 99}}'),
  routes('{match: {prefix: /}}'),
  routes('{match: {}, direct_response: {status: 200}}'),
  routes('{match: {path_separated_prefix: /a/}, direct_response: {status: 200}}'),
  routes('{match: {prefix: /}, redirect: {response_code: found}}'),
  routes('{match: {prefix: /}, redirect: {response_code: Moved_permanently}}'),
  routes('{match: {prefix: /}, redirect: {response_code: moved-permanently}}'),
  routes('{match: {prefix: /, headers: [{name: ""}]}, direct_response: {status: 200}}'),
  routes('{match: {prefix: /}, direct_response: {status: 200}, request_headers_to_remove: ["a\\nb"]}'),
  listener('route_config: {}'),
  listener('stat_prefix: s'),
  listener('stat_prefix: s\n          codec_type: auto\n          route_config: {}'),
  listener('stat_prefix: s\n          codec_type: nope\n          route_config: {}'),
];

/** Where we are stricter on purpose. */
const refusedByUsOnly = new Map([
  ['{"header_prefix":"x","headerPrefix":"y"}', 'a field in both spellings'],
  ['node:\n  id: "a\n', 'a quote that is not closed'],
]);

test('what Envoy accepts and refuses, we accept and refuse', { skip: envoy.skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-leniency-'));
  const cases = [
    ...jsonTexts.map((text) => ({ syntax: 'json' as const, bytes: Buffer.from(text) })),
    ...yamlTexts.map((text) => ({ syntax: 'yaml' as const, bytes: Buffer.from(text) })),
    ...[...refusedByUsOnly.keys()].map((text) => {
      return {
        syntax: text.startsWith('{') ? ('json' as const) : ('yaml' as const),
        bytes: Buffer.from(text),
      };
    }),
  ];
  const differences: string[] = [];
  const runNext = async (): Promise<void> => {
    for (let next = cases.shift(); next !== undefined; next = cases.shift()) {
      const { syntax, bytes } = next;
      const text = bytes.toString();
      const path = join(folder, `${cases.length}.${syntax}`);
      writeFileSync(path, bytes);
      const envoyAccepted = await envoyAccepts(path);
      const expected = envoyAccepted && !refusedByUsOnly.has(text);
      if (accepts(bytes, syntax) !== expected)
        differences.push(`Envoy ${envoyAccepted ? 'accepts' : 'refuses'}: ${text}`);
      if (refusedByUsOnly.has(text) && !envoyAccepted) differences.push(`no longer stricter: ${text}`);
    }
  };
  await Promise.all([runNext(), runNext(), runNext()]);
  rmSync(folder, { recursive: true });
  assert.deepEqual(differences, []);
});
