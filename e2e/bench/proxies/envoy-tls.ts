import type { CertificateFiles } from './certificate-files.ts';
import { benchHost, type Protocols } from './proxy.ts';

const types = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';

/** The field `transport_socket` of a filter chain; none where clients speak in the clear. */
export function downstreamTls(protocols: Protocols, certificates: CertificateFiles): object {
  if (protocols.downstreamTls === undefined) return {};
  const isMutual = protocols.downstreamTls === 'mutual';
  return transportSocket({
    '@type': `${types}.DownstreamTlsContext`,
    ...(isMutual ? { require_client_certificate: true } : {}),
    common_tls_context: {
      tls_certificates: [keyPair(certificates.server)],
      ...(isMutual ? trust(certificates) : {}),
    },
  });
}

/** The same of a cluster. */
export function upstreamTls(protocols: Protocols, certificates: CertificateFiles): object {
  if (protocols.upstreamTls === undefined) return {};
  return transportSocket({
    '@type': `${types}.UpstreamTlsContext`,
    sni: benchHost,
    common_tls_context: {
      // Towards upstreams 1.2 is Envoy's default.
      tls_params: { tls_maximum_protocol_version: 'TLSv1_3' },
      tls_certificates: [keyPair(certificates.client)],
      ...trust(certificates, { san_type: 'DNS', matcher: { exact: benchHost } }),
    },
  });
}

const transportSocket = (config: object): object => ({
  transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: config },
});

const keyPair = (file: string): object => ({
  certificate_chain: { filename: file },
  private_key: { filename: file },
});

const trust = ({ authority }: CertificateFiles, ...names: readonly object[]): object => ({
  validation_context: {
    trusted_ca: { filename: authority },
    ...(names.length === 0 ? {} : { match_typed_subject_alt_names: names }),
  },
});
