import type { SupportTable } from './message-support.ts';

const proxyProtocol = 'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol';

export const listenerFilterSupport: SupportTable = {
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector': {
    supported: ['close_connection_on_client_hello_parsing_errors', 'max_client_hello_size'],
    ignored: { initial_read_buffer_size: 'what has come is read at once' },
  },
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector': { supported: [] },
  'envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit': {
    supported: ['stat_prefix', 'token_bucket', 'runtime_enabled'],
  },
  'envoy.type.v3.TokenBucket': { supported: ['max_tokens', 'tokens_per_fill', 'fill_interval'] },
  [proxyProtocol]: {
    supported: [
      'rules',
      'allow_requests_without_proxy_protocol',
      'pass_through_tlvs',
      'disallowed_versions',
      'stat_prefix',
      'tlv_location',
    ],
  },
  [`${proxyProtocol}.Rule`]: { supported: ['tlv_type', 'on_tlv_present'] },
  [`${proxyProtocol}.KeyValuePair`]: { supported: ['metadata_namespace', 'key', 'value_string_encoding'] },
  'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport': {
    supported: ['config', 'transport_socket', 'allow_unspecified_address'],
    only: { allow_unspecified_address: [false] },
    ignored: { tlv_as_pool_key: 'connections are shared only where the whole header is the same' },
  },
  'envoy.config.core.v3.ProxyProtocolConfig': { supported: ['version', 'pass_through_tlvs', 'added_tlvs'] },
  'envoy.config.core.v3.TlvEntry': { supported: ['type', 'value'] },
  'envoy.config.core.v3.ProxyProtocolPassThroughTLVs': { supported: ['match_type', 'tlv_type'] },
};
