import type { SupportTable } from './message-support.ts';

const udpProxy = 'envoy.extensions.filters.udp.udp_proxy.v3';
const onlySpeed = 'only affects how fast datagrams are sent or received';

export const udpSupport: SupportTable = {
  'envoy.config.listener.v3.UdpListenerConfig': {
    supported: ['downstream_socket_config'],
    ignored: { udp_packet_packet_writer_config: onlySpeed },
  },
  'envoy.config.core.v3.UdpSocketConfig': {
    supported: ['max_rx_datagram_size', 'prefer_gro'],
  },
  [`${udpProxy}.UdpProxyConfig`]: {
    supported: [
      'stat_prefix',
      'cluster',
      'matcher',
      'idle_timeout',
      'use_original_src_ip',
      'upstream_socket_config',
      'use_per_packet_load_balancing',
      'access_log',
      'proxy_access_log',
    ],
    only: { use_original_src_ip: [false] },
    ignored: { hash_policies: 'only ring hash and Maglev read it, and those are refused' },
    rows: { matcher: 'xds.type.matcher.v3.Matcher (of udp_proxy)' },
  },
  'xds.type.matcher.v3.Matcher (of udp_proxy)': {
    supported: ['on_no_match'],
    rows: { on_no_match: 'xds.type.matcher.v3.Matcher.OnMatch (of udp_proxy)' },
  },
  'xds.type.matcher.v3.Matcher.OnMatch (of udp_proxy)': {
    supported: ['action', 'keep_matching'],
    only: { keep_matching: [false] },
    rows: { action: 'xds.core.v3.TypedExtensionConfig (of udp_proxy)' },
  },
  'xds.core.v3.TypedExtensionConfig (of udp_proxy)': { supported: ['name', 'typed_config'] },
  [`${udpProxy}.Route`]: { supported: ['cluster'] },
};
