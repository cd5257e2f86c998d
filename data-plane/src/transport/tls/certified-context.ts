import type { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import {
  toSecureContextOptions,
  type SecureContextInput,
} from '../../config/model/secure-context-options.ts';

/** OpenSSL's context of many connections, and what is the same for all of them. */
export class CertifiedContext {
  readonly secureContext: SecureContext;
  readonly #certificateCount: number;
  #certificate: X509Certificate | undefined;

  /** @throws Error if OpenSSL does not take what is configured */
  constructor(input: SecureContextInput) {
    this.secureContext = createSecureContext(toSecureContextOptions(input));
    this.#certificateCount = input.certificates.length;
  }

  /** What one of its connections has shown the peer. Node parses it anew whenever it is asked, a tenth of a handshake. */
  certificateOf(socket: TLSSocket): X509Certificate | undefined {
    // Of two the peer's abilities decide which one is shown.
    if (this.#certificateCount > 1) return socket.getX509Certificate();
    return (this.#certificate ??= socket.getX509Certificate());
  }
}
