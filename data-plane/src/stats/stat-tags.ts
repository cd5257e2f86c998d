/**
 * Envoy's default tags: parts of a statistic's name that become labels. A rule finds its part anywhere in the name;
 * what its first group matches is cut out, and the value is its second group (or the first).
 */
export interface StatTag {
  readonly name: string;
  readonly value: string;
}

interface TagRule {
  readonly tag: string;
  readonly pattern: RegExp;
}

const rules: readonly TagRule[] = [
  { tag: 'envoy.grpc_bridge_method', pattern: /^cluster\.[^.]+\.grpc\.[^.]+\.(([^.]+)\.)./ds },
  { tag: 'envoy.grpc_bridge_service', pattern: /^cluster\.[^.]+\.grpc\.(([^.]+)\.)./ds },
  { tag: 'envoy.response_code', pattern: /_rq(_(\d{3}))$/ds },
  { tag: 'envoy.response_code_class', pattern: /_rq(_((\d))xx)$/ds },
  {
    tag: 'envoy.worker_id',
    pattern: /^(?:listener\.(?:.+?)\.|server\.|listener_manager\.)worker_((\d+)\.)/ds,
  },
  { tag: 'envoy.ssl_cipher', pattern: /^listener\..*?\.ssl\.ciphers(\.(.+))$/ds },
  { tag: 'cipher_suite', pattern: /^cluster\..*?\.ssl\.ciphers(\.(.+))$/ds },
  { tag: 'envoy.ssl_version', pattern: /\.ssl\.versions(\.(.+))$/ds },
  { tag: 'envoy.ssl_curve', pattern: /\.ssl\.curves(\.(.+))$/ds },
  {
    tag: 'envoy.listener_address',
    pattern: /^listener\.((?!admin\.)(.+?)\.)(?:downstream|http|no_filter|ssl|udp\.|worker|conn|rx|tx)/ds,
  },
  { tag: 'envoy.rds_route_config', pattern: /^http\.(?:.+?)\.rds\.((.+?)\.)(?:\w+)$/ds },
  { tag: 'envoy.http_conn_manager_prefix', pattern: /^listener\.(?:.*?\.)?http\.((.+?)\.)downstream/ds },
  {
    tag: 'envoy.http_conn_manager_prefix',
    pattern: /^http\.((.+?)\.)(?:downstream|rds|no_|rq_|rs_|tracing|fault|passthrough)/ds,
  },
  {
    tag: 'envoy.cluster_name',
    pattern:
      /^cluster\.((.+?)\.)(?:upstream|health_check|circuit_breakers|membership|lb_|update_|assignment|original_dst|bind_errors|retry|default|external|internal|canary|zone|version|max_host_weight|warming_state|init_fetch|outlier_detection|grpc|http1|http2|warmed|ssl|udp\.|control_plane)/ds,
  },
  { tag: 'envoy.proxy_protocol_prefix', pattern: /^proxy_proto\.((?!versions\.)([^.]+)\.)./ds },
  { tag: 'envoy.proxy_protocol_version', pattern: /^proxy_proto\.(versions\.v(\d)\.)/ds },
  {
    tag: 'envoy.local_listener_ratelimit_prefix',
    pattern: /^listener_local_ratelimit\.((.+)\.)rate_limited$/ds,
  },
  { tag: 'envoy.udp_prefix', pattern: /^udp\.((.*?)\.)\w+$/ds },
  { tag: 'envoy.virtual_host', pattern: /^vhost\.((.+?)\.)/ds },
];

/** Name without the tags' parts, and the tags in the order in which Envoy prints them. */
export function extractTags(name: string): { readonly name: string; readonly tags: readonly StatTag[] } {
  let rest = name;
  const tags: StatTag[] = [];
  for (const { tag, pattern } of rules) {
    const match = pattern.exec(rest);
    if (match?.[1] === undefined) continue;
    const value = match[3] ?? match[2] ?? match[1];
    tags.push({ name: tag, value });
    const start = match.indices?.[1]?.[0] ?? 0;
    rest =
      rest.slice(0, start) +
      (tag === 'envoy.response_code_class' ? '_xx' : '') +
      rest.slice(start + match[1].length);
  }
  return { name: rest, tags };
}
