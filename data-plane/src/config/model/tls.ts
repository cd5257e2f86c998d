import type { SubjectAltNameType } from '@heddle/shared/tls/subject-alt-names';
import type { StringMatcher } from './matcher.ts';
import type { SecretRef } from './secret.ts';

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** Envoy's `TlsParameters`, with its defaults filled in. */
export interface TlsParameters {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** Of TLS 1.2 and older, in order of preference; names that OpenSSL knows. */
  readonly cipherSuites: readonly string[];
  /** In order of preference; names that OpenSSL knows. */
  readonly ecdhCurves: readonly string[];
}

/** A certificate with its key, checked to fit together. */
export interface TlsCertificate {
  /** Leaf first. */
  readonly chainPem: string;
  /** A secret, decrypted. */
  readonly privateKeyPem: string;
  readonly keyType: 'rsa' | 'ec';
  /** Lower-case DNS names that it stands for, `*.` at the front of some; what SNI is compared with. */
  readonly serverNames: readonly string[];
  readonly validity: Validity;
}

/** Of a certificate, or of the one in a bundle that is the first to expire. Epoch ms. */
export interface Validity {
  readonly from: number;
  readonly to: number;
}

/** Envoy's `CertificateValidationContext`. Hashes are SHA-256. */
export interface TlsValidation {
  /** Absent: the chain is not verified, only what else is asked for. */
  readonly trustedCaPem?: string;
  /** Of the authorities; absent: there is none. */
  readonly authorityValidity?: Validity;
  readonly crlPem?: string;
  /** Any of them must fit; empty: any name will do. */
  readonly subjectAltNames: readonly SubjectAltNameMatcher[];
  /** Of the certificate, lower-case hex. One of these, or one of `spkiHashes`, must fit, if there are any. */
  readonly certificateHashes: readonly string[];
  /** Of the public key, base64. */
  readonly spkiHashes: readonly string[];
  /** Peers are judged, and taken whatever comes of it. */
  readonly isUntrustedAccepted?: true;
  /** Validity is not looked at: of certificates, authorities and lists of revoked certificates. */
  readonly isExpiryIgnored?: true;
  /** Whether its issuers are revoked is not asked. */
  readonly isOnlyLeafRevocable?: true;
  /** So many authorities may stand above the peer's certificate, the trusted one included; absent: OpenSSL's limit. */
  readonly maxVerifyDepth?: number;
  /** SPIFFE: in place of `trustedCaPem`; who is trusted depends on who the peer says he is. */
  readonly trustDomains?: readonly TrustDomain[];
}

/** The authorities of one trust domain of SPIFFE. */
export interface TrustDomain {
  readonly name: string;
  readonly bundlePem: string;
}

export interface SubjectAltNameMatcher {
  readonly type: SubjectAltNameType;
  /** For `other-name`: dotted. */
  readonly oid: string;
  readonly matcher: StringMatcher;
}

/** What both sides have; `CommonTlsContext`. */
interface TlsContext {
  readonly parameters: TlsParameters;
  readonly certificates: readonly TlsCertificate[];
  /** In order of preference. */
  readonly alpnProtocols: readonly string[];
  readonly validation?: TlsValidation;
  /** What comes on its own, and may change; absent: nothing does. */
  readonly secrets?: TlsSecrets;
}

/** The secrets of one context: it is ready when all of them are there. */
export interface TlsSecrets {
  /** In place of `certificates`. */
  readonly certificates: readonly SecretRef[];
  /** In addition to `validation`, whose single values it replaces and whose lists it makes longer. */
  readonly validation?: SecretRef;
  /** Of a server. */
  readonly sessionTicketKeys?: SecretRef;
}

/** Envoy's `DownstreamTlsContext`. Has at least one certificate, or a secret for it. */
export interface DownstreamTls extends TlsContext {
  readonly requireClientCertificate: boolean;
  /** Clients that name no server are refused. */
  readonly requireSni: boolean;
  /** A server name that no certificate has: any certificate that the client can use, or (false) the first. */
  readonly fullScanCertsOnSniMismatch: boolean;
  readonly preferClientCiphers: boolean;
  /** How long a session can be resumed; absent: OpenSSL's default. */
  readonly sessionTimeoutSeconds?: number;
  /** Of 80 bytes each, the first one encrypts; absent: a key of the process. */
  readonly sessionTicketKeysBase64?: readonly string[];
  /** No tickets: no session can be resumed, since nothing else keeps them. */
  readonly isStatelessResumptionDisabled?: boolean;
}

/** Envoy's `UpstreamTlsContext`. Has at most one certificate. */
export interface UpstreamTls extends TlsContext {
  /** Empty: no server is named. */
  readonly sni: string;
  /** The host name of the endpoint instead, where it has one. */
  readonly autoHostSni: boolean;
  /** The server that is named must be the one that answers, and `subjectAltNames` are not asked for. */
  readonly autoSniSanValidation: boolean;
  /** An RSA certificate whose key may not sign is refused. */
  readonly enforceRsaKeyUsage: boolean;
  /** 0: sessions are not resumed. */
  readonly maxSessionKeys: number;
}
