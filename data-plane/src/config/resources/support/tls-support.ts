import type { SupportTable } from './message-support.ts';

const tls = 'envoy.extensions.transport_sockets.tls.v3';

export const tlsSupport: SupportTable = {
  [`${tls}.DownstreamTlsContext`]: {
    supported: [
      'common_tls_context',
      'require_client_certificate',
      'require_sni',
      'session_timeout',
      'full_scan_certs_on_sni_mismatch',
      'prefer_client_ciphers',
    ],
    ignored: { ocsp_staple_policy: 'only affects OCSP staples, and those are refused' },
  },
  [`${tls}.UpstreamTlsContext`]: {
    supported: [
      'common_tls_context',
      'sni',
      'auto_host_sni',
      'auto_sni_san_validation',
      'allow_renegotiation',
      'max_session_keys',
      'enforce_rsa_key_usage',
    ],
    only: { allow_renegotiation: [false] },
  },
  [`${tls}.CommonTlsContext`]: {
    supported: ['tls_params', 'tls_certificates', 'validation_context', 'alpn_protocols'],
  },
  [`${tls}.TlsParameters`]: {
    supported: [
      'tls_minimum_protocol_version',
      'tls_maximum_protocol_version',
      'cipher_suites',
      'ecdh_curves',
    ],
  },
  [`${tls}.TlsCertificate`]: { supported: ['certificate_chain', 'private_key', 'password'] },
  [`${tls}.CertificateValidationContext`]: {
    supported: [
      'trusted_ca',
      'crl',
      'verify_certificate_spki',
      'verify_certificate_hash',
      'match_typed_subject_alt_names',
      'match_subject_alt_names',
    ],
  },
  [`${tls}.SubjectAltNameMatcher`]: { supported: ['san_type', 'matcher', 'oid'] },
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer': { supported: [] },
};
