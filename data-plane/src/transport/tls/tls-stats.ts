import type { TLSSocket } from 'node:tls';
import { describeStats, type CounterFamily, type StatsOf } from '../../stats/describe-stats.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { TlsFacts } from '../tls-facts.ts';
import type { PeerRefusal } from './peer-verifier.ts';

const listener = 'listener.<address>.ssl.';
const cluster = 'cluster.<cluster>.ssl.';

export const tlsStats = describeStats([listener, cluster], (make) => ({
  handshake: make.counter('handshake', 'TLS handshakes that succeeded.'),
  connectionError: make.counter(
    'connection_error',
    'TLS connections with an error that was not one of the certificate: of the handshake, or later.',
  ),
  sessionReused: make.counter('session_reused', 'Handshakes that resumed a session.'),
  failVerifyError: make.counter(
    'fail_verify_error',
    'Certificates that lead to no trusted one, or are not valid now.',
  ),
  failVerifySan: make.counter(
    'fail_verify_san',
    'Certificates whose subject alternative names are none of those asked for.',
  ),
  failVerifyCertHash: make.counter(
    'fail_verify_cert_hash',
    'Certificates that are not pinned, nor their keys.',
  ),
  versions: make.counters('versions.<version>', 'Handshakes that agreed on this version of TLS.'),
  ciphers: make.counters('ciphers.<cipher>', 'Handshakes that agreed on this cipher suite.'),
}));

/** What only the server's side can count. */
export const downstreamTlsStats = describeStats([listener], (make) => ({
  noCertificate: make.counter('no_certificate', 'Handshakes in which the client showed no certificate.'),
  failVerifyNoCert: make.counter(
    'fail_verify_no_cert',
    'Handshakes that failed since the client showed no certificate.',
  ),
}));

/** What Node tells the client's side only. */
export const upstreamTlsStats = describeStats([cluster], (make) => ({
  curves: make.counters('curves.<curve>', 'Handshakes that agreed on this curve.'),
}));

/** OpenSSL's names that BoringSSL, and with it Envoy, has not. */
const curveNames: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

const noCertificateCode = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE';

/** What one side of TLS counts. `scope`: `listener.<address>.ssl.` or `cluster.<cluster>.ssl.` */
export class TlsStats {
  readonly #stats: StatsOf<typeof tlsStats>;
  readonly #downstream: StatsOf<typeof downstreamTlsStats> | undefined;
  readonly #curves: CounterFamily | undefined;

  constructor(scope: StatsScope, side: 'downstream' | 'upstream') {
    this.#stats = tlsStats.create(scope);
    this.#downstream = side === 'downstream' ? downstreamTlsStats.create(scope) : undefined;
    this.#curves = side === 'upstream' ? upstreamTlsStats.create(scope).curves : undefined;
  }

  onHandshake({ version, cipher, group, peerCertificate }: TlsFacts, isResumed: boolean): void {
    this.#stats.handshake.inc();
    if (isResumed) this.#stats.sessionReused.inc();
    this.#stats.versions.of(version || 'unknown').inc();
    this.#stats.ciphers.of(cipher).inc();
    if (peerCertificate === undefined) this.#downstream?.noCertificate.inc();
    if (group !== '') this.#curves?.of(group).inc();
  }

  onRefusal(refusal: PeerRefusal): void {
    if (refusal === 'usage') this.#stats.connectionError.inc();
    else if (refusal === 'untrusted') this.#stats.failVerifyError.inc();
    else if (refusal === 'names') this.#stats.failVerifySan.inc();
    else this.#stats.failVerifyCertHash.inc();
  }

  /** It was refused before OpenSSL saw it. */
  onUnacceptableHello(): void {
    this.#stats.connectionError.inc();
  }

  /** A peer that only went away is no error. */
  onError(error: NodeJS.ErrnoException): void {
    if (error.code === noCertificateCode && this.#downstream !== undefined) {
      this.#downstream.failVerifyNoCert.inc();
    } else if (error.code?.startsWith('ERR_SSL_') === true) {
      this.#stats.connectionError.inc();
    }
  }
}

/** Of the key exchange, as BoringSSL calls it; empty without one, and on the side of the server. */
export function groupOf(socket: TLSSocket): string {
  // What the types of Node call an object without names is `{}` for key exchanges without a curve.
  const key = socket.getEphemeralKeyInfo() as { readonly name?: string } | null;
  const name = key?.name ?? '';
  return curveNames[name] ?? name;
}
