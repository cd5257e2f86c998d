import { createCertificate } from '@heddle/shared/testing/certificates';
import type { Listener } from '../../../model/listener.ts';
import { decodeYaml, problemsOfYaml, resourceTypes } from '../../testing/decode-yaml.ts';

/** Listeners and clusters with TLS, as JSON that a file could have. */
export type Json = Readonly<Record<string, unknown>>;

const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
export const filters = 'type.googleapis.com/envoy.extensions.filters';
export const authority = createCertificate({ commonName: 'ca', isAuthority: true });
export const leaf = createCertificate({
  issuer: authority,
  commonName: 'cn.test',
  dnsNames: ['A.test', '*.b.test'],
});
export const inline = (text: string): Json => ({ inline_string: text });
export const pair = { certificate_chain: inline(leaf.pem), private_key: inline(leaf.privateKeyPem) };

const manager = {
  '@type': `${filters}.network.http_connection_manager.v3.HttpConnectionManager`,
  stat_prefix: 's',
  route_config: { virtual_hosts: [{ name: 'v', domains: ['*'], routes: [] }] },
  http_filters: [{ name: 'r', typed_config: { '@type': `${filters}.http.router.v3.Router` } }],
};

export function chain(context: Json | undefined, fields: Json = {}): Json {
  const socket = { name: 'tls', typed_config: { '@type': `${tls}.DownstreamTlsContext`, ...context } };
  return {
    filters: [{ name: 'm', typed_config: manager }],
    ...(context === undefined ? {} : { transport_socket: socket }),
    ...fields,
  };
}

// JSON is YAML.
export function listenerOf(chains: readonly Json[], fields: Json = {}): string {
  const address = { socket_address: { address: '127.0.0.1', port_value: 1 } };
  return JSON.stringify({ name: 'l', address, filter_chains: chains, ...fields });
}

export function clusterOf(context: Json, fields: Json = {}): string {
  const socket = { name: 'tls', typed_config: { '@type': `${tls}.UpstreamTlsContext`, ...context } };
  return JSON.stringify({ name: 'c', transport_socket: socket, ...fields });
}

export const common = (fields: Json): Json => ({
  common_tls_context: { tls_certificates: [pair], ...fields },
});
export const decodeListener = (yaml: string): Listener => decodeYaml(resourceTypes.listener, yaml);
export const downstream = (context: Json) =>
  decodeListener(listenerOf([chain(context)])).filterChains[0]?.tls;
export const problems = (context: Json): string[] =>
  problemsOfYaml(resourceTypes.listener, listenerOf([chain(context)])).map((line) =>
    line.replace('filter_chains[0].transport_socket.typed_config.', ''),
  );
