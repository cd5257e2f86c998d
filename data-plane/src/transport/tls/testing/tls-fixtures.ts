import type { TestCertificate } from '@heddle/shared/testing/certificates';
import type {
  DownstreamTls,
  TlsCertificate,
  TlsParameters,
  TlsValidation,
  UpstreamTls,
} from '../../../config/model/tls.ts';

/** What decoding leaves of an empty `TlsParameters`. */
export const defaultParameters: TlsParameters = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  cipherSuites: [
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
  ],
  ecdhCurves: ['X25519', 'P-256'],
};

export function toModel(
  certificate: TestCertificate,
  serverNames: readonly string[] = [],
  keyType: TlsCertificate['keyType'] = 'ec',
): TlsCertificate {
  return {
    chainPem: certificate.pem,
    privateKeyPem: certificate.privateKeyPem,
    keyType,
    serverNames,
    validity: { from: 0, to: 0 },
  };
}

export function buildDownstreamTls(
  certificates: readonly TlsCertificate[],
  fields: Partial<DownstreamTls> = {},
): DownstreamTls {
  return {
    parameters: defaultParameters,
    certificates,
    alpnProtocols: [],
    requireClientCertificate: false,
    requireSni: false,
    fullScanCertsOnSniMismatch: false,
    preferClientCiphers: false,
    ...fields,
  };
}

export function buildUpstreamTls(fields: Partial<UpstreamTls> = {}): UpstreamTls {
  return {
    parameters: { ...defaultParameters, maxVersion: 'TLSv1.2' },
    certificates: [],
    alpnProtocols: [],
    sni: '',
    autoHostSni: false,
    autoSniSanValidation: false,
    enforceRsaKeyUsage: true,
    maxSessionKeys: 1,
    ...fields,
  };
}

export function buildValidation(fields: Partial<TlsValidation> = {}): TlsValidation {
  return { subjectAltNames: [], certificateHashes: [], spkiHashes: [], ...fields };
}
