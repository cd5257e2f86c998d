import type { SupportTable } from './message-support.ts';

const tls = 'envoy.extensions.transport_sockets.tls.v3';

/** Rows by another name: what holds for a context holds not for a secret of the same type. */
const secretCertificate = `${tls}.TlsCertificate (of secrets)`;
const secretValidation = `${tls}.CertificateValidationContext (of secrets)`;

const certificate = ['certificate_chain', 'private_key', 'password'];
const validation = [
  'trusted_ca',
  'crl',
  'verify_certificate_spki',
  'verify_certificate_hash',
  'match_typed_subject_alt_names',
  'match_subject_alt_names',
  'trust_chain_verification',
  'allow_expired_certificate',
  'only_verify_leaf_cert_crl',
  'max_verify_depth',
  'custom_validator_config',
];
const secretsOnly = { watched_directory: 'only files of secrets are watched, as in Envoy' };

export const tlsSupport: SupportTable = {
  [`${tls}.DownstreamTlsContext`]: {
    supported: [
      'common_tls_context',
      'require_client_certificate',
      'require_sni',
      'session_timeout',
      'session_ticket_keys',
      'session_ticket_keys_sds_secret_config',
      'disable_stateless_session_resumption',
      'full_scan_certs_on_sni_mismatch',
      'prefer_client_ciphers',
    ],
    ignored: {
      ocsp_staple_policy: 'only affects OCSP staples, and those are refused',
      disable_stateful_session_resumption: 'no session is kept: tickets hold them',
    },
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
    supported: [
      'tls_params',
      'tls_certificates',
      'tls_certificate_sds_secret_configs',
      'validation_context',
      'validation_context_sds_secret_config',
      'combined_validation_context',
      'alpn_protocols',
    ],
  },
  [`${tls}.CommonTlsContext.CombinedCertificateValidationContext`]: {
    supported: ['default_validation_context', 'validation_context_sds_secret_config'],
  },
  [`${tls}.SdsSecretConfig`]: {
    supported: ['name', 'sds_config'],
  },
  'envoy.config.core.v3.WatchedDirectory': { supported: ['path'] },
  'envoy.config.core.v3.PathConfigSource': { supported: ['path', 'watched_directory'] },
  [`${tls}.Secret`]: {
    supported: ['name', 'tls_certificate', 'validation_context', 'session_ticket_keys', 'generic_secret'],
    rows: { tls_certificate: secretCertificate, validation_context: secretValidation },
  },
  [`${tls}.TlsSessionTicketKeys`]: { supported: ['keys'] },
  [`${tls}.GenericSecret`]: { supported: ['secret'] },
  [secretCertificate]: { supported: [...certificate, 'watched_directory'] },
  [secretValidation]: { supported: [...validation, 'watched_directory'] },
  [`${tls}.TlsParameters`]: {
    supported: [
      'tls_minimum_protocol_version',
      'tls_maximum_protocol_version',
      'cipher_suites',
      'ecdh_curves',
    ],
  },
  [`${tls}.TlsCertificate`]: { supported: certificate, ignored: secretsOnly },
  [`${tls}.CertificateValidationContext`]: { supported: validation, ignored: secretsOnly },
  [`${tls}.SPIFFECertValidatorConfig`]: { supported: ['trust_domains'] },
  [`${tls}.SPIFFECertValidatorConfig.TrustDomain`]: { supported: ['name', 'trust_bundle'] },
  [`${tls}.SubjectAltNameMatcher`]: { supported: ['san_type', 'matcher', 'oid'] },
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer': { supported: [] },
};
