import { isIP } from 'node:net';
import type { UpstreamTls } from '../../config/model/tls.ts';
import { keyOfSocketOptions, type TransportSocketOptions } from '../transport-socket-options.ts';
import { CertifiedContext } from './certified-context.ts';
import {
  asksNothing,
  PeerVerifier,
  type ExpectedPeer,
  type PeerEvidence,
  type PeerRefusal,
} from './peer-verifier.ts';
import { SessionCache } from './session-cache.ts';
import type { TlsStats } from './tls-stats.ts';

/** Whom a connection is for. */
export interface WantedServer {
  /** SNI; empty: none. */
  readonly serverName: string;
  /** Absent: what the validation context says. */
  readonly expected?: ExpectedPeer;
  /** A session may be resumed by those that have the same one. */
  readonly sessionKey: string;
}

/** The client's side of one cluster, made once in each thread that connects to it. */
export class UpstreamTlsContext {
  readonly config: UpstreamTls;
  readonly context: CertifiedContext;
  readonly stats: TlsStats;
  readonly sessions: SessionCache;
  /** Undefined: any certificate is taken, as in Envoy. */
  readonly #verifier: PeerVerifier | undefined;

  /** @throws Error if OpenSSL does not take what is configured */
  constructor(config: UpstreamTls, stats: TlsStats) {
    const { parameters, certificates, validation } = config;
    this.config = config;
    this.#verifier =
      validation === undefined || asksNothing(validation)
        ? undefined
        : new PeerVerifier(validation, 'server');
    this.stats = stats;
    this.sessions = new SessionCache(config.maxSessionKeys);
    this.context = new CertifiedContext({
      parameters,
      certificates,
      validation,
      preferClientCiphers: false,
    });
  }

  /** `hostname`: of the endpoint; empty for none. The name of the request goes first, then that, then the cluster's. */
  wantedServer(hostname: string, options?: TransportSocketOptions): WantedServer {
    const { sni, autoHostSni, autoSniSanValidation } = this.config;
    const name = options?.serverName || (autoHostSni ? hostname : '') || sni;
    const anyName = options?.subjectAltName ?? '';
    const dnsName = autoSniSanValidation && anyName === '' ? name : '';
    // RFC 6066, 3: an address is no name.
    const serverName = isIP(name) === 0 ? name : '';
    const sessionKey = keyOfSocketOptions({ serverName: name, subjectAltName: anyName });
    if (anyName === '' && dnsName === '') return { serverName, sessionKey };
    return { serverName, sessionKey, expected: { anyName, dnsName } };
  }

  get isUntrustedAccepted(): boolean {
    return this.#verifier?.isUntrustedAccepted === true;
  }

  /** A name that is asked for where nobody says who may give one is nobody's, as in Envoy. */
  refuse(evidence: PeerEvidence, { expected }: WantedServer): PeerRefusal | undefined {
    if (this.#verifier !== undefined) return this.#verifier.refuse(evidence, expected);
    return expected === undefined ? undefined : 'untrusted';
  }
}
