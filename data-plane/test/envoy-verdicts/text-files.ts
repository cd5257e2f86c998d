import type { BootstrapFile } from './bootstrap-file.ts';

const cluster = (fields: string): string => `static_resources: { clusters: [ { name: c, ${fields} } ] }`;

/** What only the text says: how YAML and JSON are read. */
const yaml: Readonly<Record<string, string>> = {
  'nothing at all': '',
  'a comment alone': '# nothing',
  'a document marker': '---\nnode: { id: a }\n',
  'two documents': 'node: { id: a }\n---\nnode: { id: b }\n',
  'an end marker': 'node: { id: a }\n...\n',
  'a tab that indents': 'node:\n\tid: a\n',
  'a key twice': 'node: { id: a }\nnode: { id: b }\n',
  'a list at the top': '- a\n- b\n',
  'a text at the top': 'hello\n',
  'JSON in YAML': '{"node": {"id": "a"}}',
  'a merge key': 'static_resources: { clusters: [ &a { name: c }, { <<: *a, name: d } ] }',
  'an alias':
    'static_resources: { clusters: [ { name: a, connect_timeout: &t 1s }, { name: b, connect_timeout: *t } ] }',
  'an alias without an anchor': 'node: { id: *gone }',
  'a flow that does not end': 'node: { id: a',
  'n for a text': 'node: { id: n }',
  'a quoted n for a text': 'node: { id: "n" }',
  'a number for a text': 'node: { id: 123 }',
  'a number with a tag for a text': 'node: { id: !!str 123 }',
  'a float for a text': 'node: { id: 1.5 }',
  'null for a text': 'node: { id: null }',
  'yes for a boolean': cluster('ignore_health_on_host_removal: yes'),
  'on for a boolean': cluster('ignore_health_on_host_removal: on'),
  'a quoted boolean': cluster('ignore_health_on_host_removal: "true"'),
  'one for a boolean': cluster('ignore_health_on_host_removal: 1'),
  'an integer as a text': cluster('per_connection_buffer_limit_bytes: "1024"'),
  'an integer in hex': cluster('per_connection_buffer_limit_bytes: 0x400'),
  'an integer with a fraction of nothing': cluster('per_connection_buffer_limit_bytes: 1024.0'),
  'an integer with an exponent': cluster('per_connection_buffer_limit_bytes: 1e3'),
  'an integer with a plus': cluster('per_connection_buffer_limit_bytes: +1024'),
  'an integer with a fraction': cluster('per_connection_buffer_limit_bytes: 10.5'),
  'an enum in lower case': cluster('type: strict_dns'),
  'an enum as a number': cluster('type: 0'),
  'an enum that there is not': cluster('type: SOMEHOW'),
  'a wrapper as an object': cluster('per_connection_buffer_limit_bytes: { value: 3 }'),
  'a duration as an object': cluster('connect_timeout: { seconds: 5 }'),
  'a duration without its unit': cluster('connect_timeout: 5'),
  'a duration in milliseconds': cluster('connect_timeout: 250ms'),
  'one for a list': 'static_resources: { clusters: { name: c } }',
  'null for a list': 'static_resources: { clusters: null }',
  'camel case': 'staticResources: { clusters: [ { name: c, connectTimeout: 1s } ] }',
  'both cases of a field': cluster('connect_timeout: 1s, connectTimeout: 2s'),
  'two of a oneof':
    'static_resources: { clusters: [ { name: c, type: STATIC, cluster_type: { name: envoy.cluster.static } } ] }',
  'a type without its prefix':
    'static_resources: { listeners: [ { name: l, filter_chains: [ { filters: [ { name: f, typed_config: { "@type": envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy } } ] } ] } ] }',
  'a type that there is not':
    'static_resources: { listeners: [ { name: l, address: { socket_address: { address: 127.0.0.1, port_value: 0 } }, filter_chains: [ { filters: [ { name: f, typed_config: { "@type": type.googleapis.com/no.Such } } ] } ] } ] }',
  'a configuration without a type':
    'static_resources: { listeners: [ { name: l, address: { socket_address: { address: 127.0.0.1, port_value: 0 } }, filter_chains: [ { filters: [ { name: envoy.filters.network.tcp_proxy, typed_config: { cluster: c } } ] } ] } ] }',
  'the admin log by its old field':
    'admin: { access_log_path: /dev/null, address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }',
  'hosts of version 2': cluster('hosts: [ { socket_address: { address: 127.0.0.1, port_value: 80 } } ]'),
  'a path as a source': `node: { id: a, cluster: b }\ndynamic_resources: { cds_config: { path: /etc/hostname } }`,
  'a byte order mark': '\ufeffnode: { id: a }',
};

const json: Readonly<Record<string, string>> = {
  'nothing at all': '',
  'an empty object': '{}',
  'a comment': '{ // node\n"node": {} }',
  'a comma too many': '{"node": {"id": "a",},}',
  'single quotes': "{'node': {'id': 'a'}}",
  'a key twice': '{"node": {"id": "a"}, "node": {"id": "b"}}',
  'a key without quotes': '{node: {}}',
  NaN: '{"stats_flush_interval": NaN}',
  'a number for a text': '{"node": {"id": 1}}',
  'null for a message': '{"node": null}',
  'an end too early': '{"node": {',
  'more after the end': '{} {}',
};

function toFiles(texts: Readonly<Record<string, string>>, syntax: 'yaml' | 'json'): BootstrapFile[] {
  return Object.entries(texts).map(([name, text]) => ({
    name: `${syntax}/${name}`,
    kind: 'text',
    text,
    syntax,
  }));
}

export const textFiles: readonly BootstrapFile[] = [...toFiles(yaml, 'yaml'), ...toFiles(json, 'json')];
