/** Whether a real Envoy takes a bootstrap, and whether this loader does: the same, unless a case says why not. */
export interface Case {
  readonly name: string;
  readonly text: string;
  /** This loader refuses what Envoy takes. */
  readonly stricter?: string;
}

const optionsType = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const endpoint =
  'load_assignment: { cluster_name: c, endpoints: [ { lb_endpoints: [ { endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 80 } } } } ] } ] }';

/** Clusters by CDS from elsewhere than ADS. */
const cds = (source: string): string => {
  const options = `typed_extension_protocol_options: { ${optionsType}: { "@type": type.googleapis.com/${optionsType}, explicit_http_config: { http2_protocol_options: {} } } }`;
  return `node: { id: a, cluster: b }\ndynamic_resources: { cds_config: { resource_api_version: V3, ${source} } }\nstatic_resources: { clusters: [ { name: c, ${options}, ${endpoint} } ] }`;
};
const stream = (type: string, name = 'c'): string =>
  `api_config_source: { api_type: ${type}, transport_api_version: V3, grpc_services: [ { envoy_grpc: { cluster_name: ${name} } } ] }`;

/** Where clusters come from. */
export const configSourceCases: readonly Case[] = [
  { name: 'clusters from a stream of their own', text: cds(stream('GRPC')) },
  { name: 'clusters from a stream of their own, in the other variant', text: cds(stream('DELTA_GRPC')) },
  { name: 'clusters from an aggregated stream of their own', text: cds(stream('AGGREGATED_GRPC')) },
  { name: 'clusters from a stream to a cluster that there is not', text: cds(stream('GRPC', 'none')) },
  { name: 'clusters from where they come from', text: cds('self: {}') },
  { name: 'clusters from nowhere', text: cds('initial_fetch_timeout: 1s') },
  { name: 'clusters from a file that there is not', text: cds('path_config_source: { path: /none/such }') },
  { name: 'clusters from a file by its old name', text: cds('path: /none/such') },
  {
    name: 'a poll without a delay',
    text: cds('api_config_source: { api_type: REST, transport_api_version: V3, cluster_names: [ c ] }'),
  },
  {
    name: 'clusters from a poll over HTTP/2',
    text: cds(
      'api_config_source: { api_type: REST, transport_api_version: V3, cluster_names: [ c ], refresh_delay: 1s }',
    ),
    stricter: 'polls speak HTTP/1.1',
  },
  {
    name: 'clusters from a file without a node',
    text: 'dynamic_resources: { cds_config: { path_config_source: { path: /dev/null } } }',
  },
];
