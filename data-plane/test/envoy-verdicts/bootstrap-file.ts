import { parse } from 'yaml';

/** One bootstrap file that both judge. */
export interface BootstrapFile {
  /** Of the group and what is in it: `cluster/strict-dns`, `cluster/strict-dns: unknown field at …`. */
  readonly name: string;
  /** How it was broken; `valid` and `text` were not. */
  readonly kind: FileKind;
  readonly text: string;
  readonly syntax: 'yaml' | 'json';
}

export const fileKinds = [
  'valid',
  'text',
  'unknown field',
  'wrong type',
  'out of range',
  'missing',
  'duplicate',
  'dangling reference',
  'bad expression',
] as const;
export type FileKind = (typeof fileKinds)[number];

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A valid bootstrap before it is text. */
export interface Feature {
  readonly name: string;
  readonly document: Json;
}

const types = 'type.googleapis.com/envoy';
export const hcmType = `${types}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;
export const router = `{ name: router, typed_config: { "@type": ${types}.extensions.filters.http.router.v3.Router } }`;
export const endpoints = (address = '127.0.0.1'): string =>
  `load_assignment: { cluster_name: c, endpoints: [ { lb_endpoints: [ { endpoint: { address: { socket_address: { address: ${address}, port_value: 80 } } } } ] } ] }`;
const backend = `{ name: c, connect_timeout: 1s, ${endpoints()} }`;

/** Features by name, each as the YAML of a whole bootstrap. */
export function features(group: string, texts: Readonly<Record<string, string>>): Feature[] {
  return Object.entries(texts).map(([name, text]) => ({
    name: `${group}/${name}`,
    document: parse(text) as Json,
  }));
}

export const clusterOf = (fields: string): string =>
  `static_resources: { clusters: [ { name: c, ${fields} } ] }`;

/** A listener whose only chain has these filters, beside the cluster `c`. */
export const listenerOf = (filters: string, fields = ''): string =>
  `static_resources: { listeners: [ { name: l, address: { socket_address: { address: 127.0.0.1, port_value: 0 } }, filter_chains: [ { filters: [ ${filters} ] } ] ${fields} } ], clusters: [ ${backend} ] }`;

export const managerOf = (fields: string, filters = router): string =>
  listenerOf(
    `{ name: manager, typed_config: { "@type": ${hcmType}, stat_prefix: s, http_filters: [ ${filters} ], ${fields} } }`,
  );

/** One virtual host with these routes. */
export const tableOf = (routes: string, fields = ''): string =>
  managerOf(
    `route_config: { name: t, virtual_hosts: [ { name: v, domains: ["*"], routes: [ ${routes} ] ${fields} } ] }`,
  );

export const routeOf = (match: string, action = 'route: { cluster: c }', fields = ''): string =>
  tableOf(`{ match: { ${match} }, ${action} ${fields} }`);

/** An HTTP filter before the router. */
export const httpFilterOf = (type: string, fields = ''): string =>
  managerOf(
    'route_config: { virtual_hosts: [ { name: v, domains: ["*"], routes: [ { match: { prefix: / }, route: { cluster: c } } ] } ] }',
    `{ name: f, typed_config: { "@type": ${types}.extensions.filters.http.${type} ${fields === '' ? '' : `, ${fields}`} } }, ${router}`,
  );
