import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { splitRevocationLists } from '@heddle/shared/tls/revocation-list';
import type { TlsCertificate, TlsParameters, TlsValidation } from './tls.ts';

/** TLS 1.3 has no cipher suites to choose: these, in the order of BoringSSL on machines with AES instructions. */
const tls13CipherSuites = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
];

export interface SecureContextInput {
  readonly parameters: TlsParameters;
  /** One for each type of key at most. */
  readonly certificates: readonly TlsCertificate[];
  readonly validation?: TlsValidation | undefined;
  readonly preferClientCiphers: boolean;
  readonly sessionTimeoutSeconds?: number | undefined;
  /** What a session can be resumed in: contexts that ask for the same. At most 32 characters. */
  readonly sessionIdContext?: string;
  /** 48 bytes; absent: of its own. */
  readonly ticketKeys?: Buffer;
  /** False: sessions are not resumed. True unless told. */
  readonly hasTickets?: boolean;
}

/** For `tls.createSecureContext`, in the workers, and on the main thread to see whether OpenSSL takes it. */
export function toSecureContextOptions(input: SecureContextInput): SecureContextOptions {
  const { parameters, certificates, validation, preferClientCiphers, sessionTimeoutSeconds } = input;
  const { minVersion, maxVersion, cipherSuites, ecdhCurves } = parameters;
  const ciphers = [...tls13CipherSuites, ...cipherSuites];
  // OpenSSL leaves the old versions out at every level but this one.
  if (minVersion === 'TLSv1' || minVersion === 'TLSv1.1') ciphers.push('@SECLEVEL=0');
  return {
    minVersion,
    maxVersion,
    ciphers: ciphers.join(':'),
    ecdhCurve: ecdhCurves.join(':'),
    cert: certificates.map(({ chainPem }) => chainPem),
    key: certificates.map(({ privateKeyPem }) => privateKeyPem),
    // An empty list keeps Node from loading the roots that it brings along.
    ca: authoritiesOf(validation),
    // As in Envoy any certificate of the bundle is an anchor, intermediate ones too; with SPIFFE only roots are.
    allowPartialTrustChain: validation?.trustDomains === undefined,
    honorCipherOrder: !preferClientCiphers,
    secureOptions:
      constants.SSL_OP_NO_RENEGOTIATION |
      (input.hasTickets === false ? constants.SSL_OP_NO_TICKET : 0) |
      (preferClientCiphers ? 0 : constants.SSL_OP_CIPHER_SERVER_PREFERENCE),
    // Of a text with several Node takes the first one.
    ...(validation?.crlPem === undefined || hasOwnRevocation(validation)
      ? {}
      : { crl: [...splitRevocationLists(validation.crlPem)] }),
    ...(sessionTimeoutSeconds === undefined ? {} : { sessionTimeout: sessionTimeoutSeconds }),
    ...(input.ticketKeys === undefined ? {} : { ticketKeys: input.ticketKeys }),
    // Without one, OpenSSL refuses to resume sessions of clients that it asks for a certificate.
    ...(input.sessionIdContext === undefined ? {} : { sessionIdContext: input.sessionIdContext }),
  };
}

/** Of which trust domain an authority is, OpenSSL does not ask. */
function authoritiesOf(validation: TlsValidation | undefined): string | string[] {
  return validation?.trustDomains?.map(({ bundlePem }) => bundlePem) ?? validation?.trustedCaPem ?? [];
}

/** OpenSSL would ask for a list of every issuer, and for one that is valid. */
export function hasOwnRevocation({ isOnlyLeafRevocable, isExpiryIgnored }: TlsValidation): boolean {
  return isOnlyLeafRevocable === true || isExpiryIgnored === true;
}
