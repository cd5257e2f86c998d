import type { X509Certificate } from 'node:crypto';

/**
 * What a handshake came to, for logs. Taken when it is done: of a socket that is gone Node tells nothing. Certificates
 * are handles to what OpenSSL has; what is asked of them is read when it is asked.
 */
export interface TlsFacts {
  /** `TLSv1.3`. */
  readonly version: string;
  /** OpenSSL's name, which is IANA's from TLS 1.3 on. */
  readonly cipher: string;
  /** Of the key exchange; empty where Node does not tell: on the server's side. */
  readonly group: string;
  /** In hex; empty for none. */
  readonly sessionId: string;
  /** SNI; empty for none. */
  readonly serverName: string;
  readonly localCertificate: X509Certificate | undefined;
  /** The peer's own. */
  readonly peerCertificate: X509Certificate | undefined;
  /** Who signed it, of a client whose chain was verified. */
  readonly peerIssuer: X509Certificate | undefined;
}
