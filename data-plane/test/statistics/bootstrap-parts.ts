/** Pieces of bootstrap files and xDS resources, as a file spells them. A test gives what it is about itself. */
const extensions = 'type.googleapis.com/envoy.extensions';

export type Json = Readonly<Record<string, unknown>>;

export function socketAddress(port: number, address = '127.0.0.1'): Json {
  return { socket_address: { address, port_value: port } };
}

export function endpoint(port: number, fields: Json = {}): Json {
  return { endpoint: { address: socketAddress(port) }, ...fields };
}

export function assignment(name: string, endpoints: readonly Json[]): Json {
  return { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] };
}

export function cluster(name: string, ports: readonly number[], fields: Json = {}): Json {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '0.2s',
    load_assignment: assignment(
      name,
      ports.map((port) => endpoint(port)),
    ),
    ...fields,
  };
}

/** Its hosts come by EDS, or not within a moment. */
export function edsCluster(name: string, fields: Json = {}): Json {
  const eds = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0.3s' };
  return { name, type: 'EDS', eds_cluster_config: { eds_config: eds }, ...fields };
}

/** Of the connections of a cluster: `idle_timeout` and the like. */
export function protocolOptions(common: Json): Json {
  return typedProtocolOptions({ http_protocol_options: {} }, common);
}

/** A cluster that speaks HTTP/2, with what is said of it. */
export function http2Options(http2: Json): Json {
  return typedProtocolOptions({ http2_protocol_options: http2 }, {});
}

function typedProtocolOptions(explicit: Json, common: Json): Json {
  const options = {
    '@type': `${extensions}.upstreams.http.v3.HttpProtocolOptions`,
    common_http_protocol_options: common,
    explicit_http_config: explicit,
  };
  return {
    typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options },
  };
}

/** Everything below `/<path>/` goes to the cluster, without that part. */
export function route(path: string, action: Json): Json {
  return { match: { prefix: `/${path}/` }, route: { prefix_rewrite: '/', ...action } };
}

export function manager(statPrefix: string, routes: readonly Json[] | string, fields: Json = {}): Json {
  return {
    '@type': `${extensions}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: statPrefix,
    http_filters: [
      { name: 'router', typed_config: { '@type': `${extensions}.filters.http.router.v3.Router` } },
    ],
    ...(typeof routes === 'string'
      ? {
          rds: {
            route_config_name: routes,
            config_source: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0.3s' },
          },
        }
      : { route_config: routeConfig(statPrefix, routes) }),
    ...fields,
  };
}

export function proxyProtocolFilter(fields: Json = {}): Json {
  return listenerFilter('proxy_protocol.v3.ProxyProtocol', fields);
}

/** `type`: what stands behind `envoy.extensions.filters.listener.` */
export function listenerFilter(type: string, fields: Json = {}): Json {
  return { name: type, typed_config: { '@type': `${extensions}.filters.listener.${type}`, ...fields } };
}

/** A connection finds a token in a second at most. */
export function listenerRateLimit(maxTokens: number): Json {
  return listenerFilter('local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: 'limited',
    token_bucket: { max_tokens: maxTokens, fill_interval: '1s' },
  });
}

export function routeConfig(name: string, routes: readonly Json[]): Json {
  return { name, virtual_hosts: [{ name: 'all', domains: ['*'], routes }] };
}

export function listener(name: string, managerConfig: Json, fields: Json = {}): Json {
  return {
    name,
    address: socketAddress(0),
    filter_chains: [{ filters: [{ name: 'manager', typed_config: managerConfig }] }],
    ...fields,
  };
}

export function fileLog(path: string): Json {
  return {
    name: 'file',
    typed_config: { '@type': `${extensions}.access_loggers.file.v3.FileAccessLog`, path },
  };
}

/** Checks at once and often. */
export function httpHealthCheck(path: string): Json {
  return {
    health_checks: [
      {
        timeout: '1s',
        interval: '0.1s',
        no_traffic_interval: '0.1s',
        unhealthy_threshold: 1,
        healthy_threshold: 1,
        http_health_check: { path },
      },
    ],
  };
}
