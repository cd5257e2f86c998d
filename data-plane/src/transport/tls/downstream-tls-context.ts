import type { X509Certificate } from 'node:crypto';
import type { DownstreamTls, TlsCertificate } from '../../config/model/tls.ts';
import { CertifiedContext } from './certified-context.ts';
import type { ClientHello } from './client-hello.ts';
import { needsSentCertificates, readAuthorities } from './chain-verifier.ts';
import { asksNothing, hasPins, PeerVerifier } from './peer-verifier.ts';
import { deriveSessionTickets } from './session-tickets.ts';

/** Of each type of key one: which of them is used says OpenSSL, by what the client can. */
type CertificateChoice = Partial<Record<TlsCertificate['keyType'], TlsCertificate>>;

/** The server's side of one filter chain, made once in each worker. */
export class DownstreamTlsContext {
  /** Undefined: clients are not asked for a certificate. */
  readonly verifier: PeerVerifier | undefined;
  readonly isCertificateRequired: boolean;
  /** What chains of clients are verified against. */
  readonly authorities: readonly X509Certificate[];
  readonly #config: DownstreamTls;
  readonly #ticketSecret: Buffer;
  readonly #byName = new Map<string, CertificateChoice>();
  /** For clients that name no server, or that may have any certificate. */
  readonly #anyChoice: CertificateChoice = {};
  /** What a resumed session does not hold. */
  readonly #isJudgedByChain: boolean;
  readonly #contexts = new Map<string, CertifiedContext>();

  /**
   * `ticketSecret`: of the process, for session tickets.
   *
   * @throws Error if OpenSSL does not take what is configured
   */
  constructor(config: DownstreamTls, ticketSecret: Buffer) {
    const { certificates, validation, requireClientCertificate } = config;
    this.#config = config;
    this.#ticketSecret = ticketSecret;
    this.#isJudgedByChain = validation !== undefined && needsSentCertificates(validation);
    // To ask for a certificate and to trust nobody is to refuse everybody; Envoy takes everybody then.
    const nobody = { subjectAltNames: [], certificateHashes: [], spkiHashes: [] };
    const bundles = validation?.trustDomains?.map(({ bundlePem }) => bundlePem) ?? [
      validation?.trustedCaPem ?? '',
    ];
    this.authorities = bundles.flatMap(readAuthorities);
    const isAsked = validation !== undefined && !asksNothing(validation);
    this.verifier =
      isAsked || requireClientCertificate ? new PeerVerifier(validation ?? nobody, 'client') : undefined;
    const isPinned =
      validation !== undefined && hasPins(validation) && validation.isUntrustedAccepted !== true;
    this.isCertificateRequired =
      requireClientCertificate || isPinned || validation?.trustDomains !== undefined;
    for (const certificate of certificates) {
      this.#anyChoice[certificate.keyType] ??= certificate;
      for (const name of certificate.serverNames) {
        const choice = this.#byName.get(name) ?? {};
        choice[certificate.keyType] ??= certificate;
        this.#byName.set(name, choice);
      }
    }
    // Whatever is wrong with a certificate is said now, and not to the first client.
    for (const choice of [this.#anyChoice, ...this.#byName.values()]) this.#contextOf(choice);
  }

  /** By exact name, then by the wildcard for it; `hello` is undefined for what is no ClientHello. */
  contextFor(hello: ClientHello | undefined): CertifiedContext {
    return this.#contextOf(this.#choose(hello?.serverName ?? ''));
  }

  /** What to answer to the client's protocols; undefined: nothing, and the handshake goes on. */
  alpnProtocolFor(hello: ClientHello | undefined): string | undefined {
    const offered = hello?.applicationProtocols ?? [];
    return this.#config.alpnProtocols.find((protocol) => offered.includes(protocol));
  }

  /** A client must name a server, and has not. */
  lacksServerName(hello: ClientHello | undefined): boolean {
    return this.#config.requireSni && hello !== undefined && hello.serverName === '';
  }

  #choose(serverName: string): CertificateChoice {
    if (serverName === '') return this.#anyChoice;
    const dot = serverName.indexOf('.', 1);
    const wildcard = dot < 0 ? undefined : `*${serverName.slice(dot)}`;
    const choice =
      this.#byName.get(serverName) ?? (wildcard === undefined ? undefined : this.#byName.get(wildcard));
    if (choice !== undefined) return choice;
    const [first] = this.#config.certificates;
    if (this.#config.fullScanCertsOnSniMismatch || first === undefined) return this.#anyChoice;
    return { [first.keyType]: first };
  }

  #contextOf(choice: CertificateChoice): CertifiedContext {
    const { certificates, parameters, validation, preferClientCiphers, sessionTimeoutSeconds } = this.#config;
    const chosen = [choice.ec, choice.rsa].filter((certificate) => certificate !== undefined);
    const key = chosen.map((certificate) => certificates.indexOf(certificate)).join(' ');
    let context = this.#contexts.get(key);
    if (context === undefined) {
      context = new CertifiedContext({
        parameters,
        certificates: chosen,
        validation,
        preferClientCiphers,
        sessionTimeoutSeconds,
        hasTickets: this.#config.isStatelessResumptionDisabled !== true && !this.#isJudgedByChain,
        ...deriveSessionTickets(this.#config, chosen, this.#ticketSecret),
      });
      this.#contexts.set(key, context);
    }
    return context;
  }
}
