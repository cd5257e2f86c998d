import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';

/** What one side of a proxy speaks. */
export interface Protocol {
  /** Of the cluster, too. */
  readonly name: string;
  readonly http: 'http1' | 'http2';
  /** Over TLS, where ALPN says which HTTP it is. */
  readonly isSecure: boolean;
}

export const protocols: readonly Protocol[] = [
  { name: 'http1', http: 'http1', isSecure: false },
  { name: 'http2', http: 'http2', isSecure: false },
  { name: 'http1-tls', http: 'http1', isSecure: true },
  { name: 'http2-tls', http: 'http2', isSecure: true },
];

const authority = createCertificate({ commonName: 'matrix', isAuthority: true });

export const serverName = 'matrix.test';
/** Of the proxy and of every upstream. */
export const certificate: TestCertificate = createCertificate({ issuer: authority, dnsNames: [serverName] });
/** Whom clients and the proxy trust. */
export const authorityPem: string = authority.pem;
