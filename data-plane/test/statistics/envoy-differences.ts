/** A family in the text for Prometheus that Envoy does not have, or has otherwise, and why. */
export interface EnvoyDifference {
  readonly name: string;
  readonly because: string;
}

const ownFilters = 'HTTP filters of Heddle are TypeScript, and may throw';
const ownOverload =
  'Heddle guards itself without an `overload_manager` in the bootstrap, and by resources of its own';

export const envoyDifferences: readonly EnvoyDifference[] = [
  { name: 'envoy_filesystem_lines_dropped', because: 'Envoy does not say which lines of logs are lost' },
  { name: 'envoy_http_downstream_rq_filter_exception', because: ownFilters },
  {
    name: 'envoy_overload_envoy_overload_actions_stop_accepting_connections_active',
    because: `${ownOverload}; Envoy has it once its overload manager is configured`,
  },
  { name: 'envoy_overload_heddle_resource_monitors_descriptors_exhausted', because: ownOverload },
  { name: 'envoy_overload_heddle_resource_monitors_worker_heap_exhausted', because: ownOverload },
  {
    name: 'envoy_server_worker_deaths',
    because: 'a worker of Heddle that dies is started again, while an Envoy would end',
  },
];

const ownCookieLimits =
  'cookies count against the limits of all fields, and there is no histogram of what is allowed';
const ownCodec = 'there is one codec, which holds a stream no longer than its messages';
const underscores =
  '`headers_with_underscores_action` is the same for all protocols, and a refusal is one of `downstream_rq_4xx`';
const ownWaiting = 'frames that wait are counted for each connection, against its limits';

/** A statistic of Envoy below `http2.` and `cluster.<cluster>.http2.` that Heddle does not have, and why. */
export const envoyOnlyHttp2: readonly EnvoyDifference[] = [
  { name: 'cookie_count', because: ownCookieLimits },
  { name: 'cookie_size', because: ownCookieLimits },
  { name: 'cookies_total_bytes_too_large', because: ownCookieLimits },
  { name: 'deferred_stream_close', because: ownCodec },
  { name: 'dropped_headers_with_underscores', because: underscores },
  { name: 'header_count', because: ownCookieLimits },
  { name: 'header_list_size', because: ownCookieLimits },
  { name: 'header_list_size_too_large', because: 'it is one of `header_overflow`' },
  { name: 'headers_cb_no_stream', because: ownCodec },
  { name: 'metadata_empty_frames', because: 'METADATA is a frame of Envoy, and is ignored' },
  { name: 'nghttp2_downstream_connections', because: ownCodec },
  { name: 'nghttp2_upstream_connections', because: ownCodec },
  { name: 'oghttp2_downstream_connections', because: ownCodec },
  { name: 'oghttp2_upstream_connections', because: ownCodec },
  { name: 'outbound_control_frames_active', because: ownWaiting },
  { name: 'outbound_frames_active', because: ownWaiting },
  { name: 'requests_rejected_with_underscores_in_headers', because: underscores },
];

/** The same, of those that Heddle has below `http2.`. */
export const envoyOnlyClusterHttp2: readonly EnvoyDifference[] = [
  { name: 'tx_flush_timeout', because: 'the time-outs of the route end what an upstream does not take' },
];
