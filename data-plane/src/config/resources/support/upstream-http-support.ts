import type { SupportTable } from './message-support.ts';

const core = 'envoy.config.core.v3';
const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

export const upstreamHttpSupport: SupportTable = {
  [options]: {
    supported: [
      'common_http_protocol_options',
      'upstream_http_protocol_options',
      'explicit_http_config',
      'use_downstream_protocol_config',
      'auto_config',
    ],
    rows: { common_http_protocol_options: 'upstream HttpProtocolOptions' },
  },
  [`${options}.ExplicitHttpConfig`]: {
    supported: ['http_protocol_options', 'http2_protocol_options'],
    rows: { http_protocol_options: 'upstream Http1ProtocolOptions' },
  },
  [`${options}.AutoHttpConfig`]: {
    supported: ['http_protocol_options', 'http2_protocol_options'],
    rows: { http_protocol_options: 'upstream Http1ProtocolOptions' },
  },
  [`${options}.UseDownstreamHttpConfig`]: {
    supported: ['http_protocol_options', 'http2_protocol_options'],
    rows: { http_protocol_options: 'upstream Http1ProtocolOptions' },
  },
  'upstream HttpProtocolOptions': {
    supported: [
      'idle_timeout',
      'max_connection_duration',
      'max_headers_count',
      'max_response_headers_kb',
      'max_requests_per_connection',
    ],
  },
  'upstream Http1ProtocolOptions': {
    supported: ['enable_trailers', 'header_key_format'],
    ignored: {
      allow_absolute_url: 'only affects requests of clients',
      use_balsa_parser: 'there is one parser',
    },
  },
  [`${core}.Http1ProtocolOptions.HeaderKeyFormat`]: {
    supported: ['proper_case_words', 'stateful_formatter'],
  },
  [`${core}.Http1ProtocolOptions.HeaderKeyFormat.ProperCaseWords`]: { supported: [] },
  'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig': {
    supported: ['forward_reason_phrase', 'formatter_type_on_envoy_headers'],
    only: { forward_reason_phrase: [false] },
  },
  [`${core}.UpstreamHttpProtocolOptions`]: {
    supported: ['auto_sni', 'auto_san_validation', 'override_auto_sni_header'],
  },
  [`${core}.Http2ProtocolOptions`]: {
    supported: [
      'hpack_table_size',
      'max_concurrent_streams',
      'initial_stream_window_size',
      'initial_connection_window_size',
      'allow_connect',
      'allow_metadata',
      'max_outbound_frames',
      'max_outbound_control_frames',
      'max_consecutive_inbound_frames_with_empty_payload',
      'max_inbound_priority_frames_per_stream',
      'max_inbound_window_update_frames_per_data_frame_sent',
      'stream_error_on_invalid_http_messaging',
      'override_stream_error_on_invalid_http_message',
      'connection_keepalive',
      'disallow_obs_text',
    ],
    only: { allow_metadata: [false], disallow_obs_text: [false] },
    ignored: {
      use_oghttp2_codec: 'there is one codec',
      max_metadata_size: 'only affects METADATA frames, which are refused',
      enable_huffman_encoding: 'the encoder takes the shorter form',
    },
  },
  [`${core}.KeepaliveSettings`]: {
    supported: ['interval', 'timeout', 'interval_jitter', 'connection_idle_interval'],
  },
};
