import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeYaml, ignoredOfYaml, problemsOfYaml, resourceTypes } from './testing/decode-yaml.ts';

const { listener } = resourceTypes;
const proxy = (fields: string): string =>
  `{ name: envoy.filters.udp_listener.udp_proxy, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig, stat_prefix: p, ${fields} } }`;
const udp = (filters: string, fields = ''): string =>
  `{ name: l, address: { socket_address: { protocol: UDP, address: 127.0.0.1, port_value: 53 } } ${fields}, listener_filters: [ ${filters} ] }`;
const route = '"@type": type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3.Route, cluster: c';
const matcher = (fields = `on_no_match: { action: { name: r, typed_config: { ${route} } } }`): string =>
  `matcher: { ${fields} }`;

test('a UDP proxy with what is not said, and with what is', () => {
  const plain = decodeYaml(listener, udp(proxy('cluster: c')));
  assert.deepEqual(plain.address, { address: '127.0.0.1', port: 53, protocol: 'udp' });
  assert.deepEqual(plain.filterChains, []);
  assert.deepEqual(plain.udp, {
    maxDatagramBytes: 1_500,
    proxy: {
      statPrefix: 'p',
      route: { kind: 'cluster', name: 'c' },
      idleTimeoutMs: 60_000,
      usesPerPacketLoadBalancing: false,
      maxUpstreamDatagramBytes: 96_000,
      accessLogs: [],
      proxyAccessLogs: [],
    },
  });
  const full = decodeYaml(
    listener,
    udp(
      proxy(
        `${matcher()}, idle_timeout: 1.5s, use_per_packet_load_balancing: true, upstream_socket_config: { max_rx_datagram_size: 9000, prefer_gro: false }`,
      ),
      ', udp_listener_config: { downstream_socket_config: { max_rx_datagram_size: 2000, prefer_gro: true } }',
    ),
  );
  assert.equal(full.udp?.maxDatagramBytes, 128_000);
  const {
    route: chosen,
    idleTimeoutMs,
    usesPerPacketLoadBalancing,
    maxUpstreamDatagramBytes,
  } = full.udp.proxy;
  assert.deepEqual(
    [chosen, idleTimeoutMs, usesPerPacketLoadBalancing, maxUpstreamDatagramBytes],
    [{ kind: 'list', entries: [], otherwise: { kind: 'cluster', name: 'c' } }, 1_500, true, 9_000],
  );
  assert.deepEqual(
    ignoredOfYaml(listener, udp(proxy('cluster: c, hash_policies: [ { source_ip: true } ]'))),
    [
      'listener_filters[0].typed_config.hash_policies: is ignored: only ring hash and Maglev read it, and those are refused',
    ],
  );
});

const echo =
  '{ name: e, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo } }';
const refused: readonly [string, readonly RegExp[]][] = [
  [udp(''), [/^listener_filters: must hold the one UDP filter/]],
  [
    udp(`${proxy('cluster: c')}, ${proxy('cluster: c')}`),
    [/^listener_filters\[1\]: must not be set: a UDP listener has one filter$/],
  ],
  [
    udp(
      '{ name: d, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig, stat_prefix: p } }',
    ),
    [
      /^listener_filters\[0\]\.typed_config: envoy\.extensions\.filters\.udp\.dns_filter\.v3\.DnsFilterConfig is not supported/,
    ],
  ],
  [
    udp(proxy('cluster: c'), `, filter_chains: [ { filters: [ ${echo} ] } ]`),
    [/^filter_chains: is for connections, which UDP has not/],
  ],
  [
    udp(proxy('cluster: c'), ', udp_listener_config: { quic_options: {} }'),
    [/^udp_listener_config\.quic_options: is not supported by Heddle yet$/],
  ],
  [
    udp(
      proxy(
        'cluster: c, use_original_src_ip: true, tunneling_config: { proxy_host: a, target_host: b, default_target_port: 1 }, session_filters: [ { name: f } ]',
      ),
    ),
    [
      /^listener_filters\[0\]\.typed_config\.use_original_src_ip: true is not supported/,
      /^listener_filters\[0\]\.typed_config\.session_filters: is not supported by Heddle yet$/,
      /^listener_filters\[0\]\.typed_config\.tunneling_config: is not supported by Heddle yet$/,
    ],
  ],
  [
    udp(
      proxy(
        matcher(
          'matcher_tree: { input: { name: i }, exact_match_map: { map: { a: { action: { name: x } } } } }, on_no_match: { matcher: {} }',
        ),
      ),
    ),
    [
      /matcher\.matcher_tree\.input\.typed_config: "i" is not supported/,
      /matcher\.matcher_tree\.exact_match_map\.map\["a"\]\.action\.typed_config: "x" is not supported/,
      /matcher\.on_no_match\.matcher: leads nowhere/,
    ],
  ],
  [
    udp(
      proxy(
        matcher(
          'on_no_match: { action: { name: r, typed_config: { "@type": type.googleapis.com/google.protobuf.Empty } } }',
        ),
      ),
    ),
    [/matcher\.on_no_match\.action\.typed_config: google\.protobuf\.Empty is not supported/],
  ],
];

test('what a UDP listener cannot be is refused with its path', () => {
  for (const [yaml, expected] of refused) {
    const problems = problemsOfYaml(listener, yaml);
    const text = problems.join('\n');
    for (const pattern of expected)
      assert.ok(
        problems.some((problem) => pattern.test(problem)),
        `${pattern}: ${text}`,
      );
  }
});
