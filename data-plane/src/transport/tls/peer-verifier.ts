import { createHash, type X509Certificate } from 'node:crypto';
import { readSubjectAltNames, type SubjectAltName } from '@heddle/shared/tls/subject-alt-names';
import { systemClock, type Clock } from '@heddle/shared/time/clock';
import type { SubjectAltNameMatcher, TlsValidation } from '../../config/model/tls.ts';
import { CompiledStringMatcher } from '../../lang/string-matcher.ts';
import { ChainVerifier } from './chain-verifier.ts';

/** Why the certificate of a peer will not do. `usage`: what its key may do is not what it does. */
export type PeerRefusal = 'untrusted' | 'names' | 'hash' | 'usage';

/** Who must answer, besides what the validation context says. */
export interface ExpectedPeer {
  /** As a name of whatever type. */
  readonly anyName: string;
  /** As a DNS name, which takes the place of the configured names. */
  readonly dnsName: string;
}

/** What a handshake found out about the peer's certificate. */
export interface PeerEvidence {
  readonly certificate: X509Certificate;
  /** OpenSSL's word on the chain; undefined: it leads to a trusted one. */
  readonly chainError: string | undefined;
  /** What the peer sent besides; it may be called after the handshake only. */
  readonly sentCertificates: () => readonly X509Certificate[];
}

/** It is as if it were not there. */
export function asksNothing(validation: TlsValidation): boolean {
  const { trustedCaPem, trustDomains, isUntrustedAccepted } = validation;
  return (trustedCaPem ?? trustDomains ?? isUntrustedAccepted) === undefined && !hasPins(validation);
}

/** It asks for certain certificates, whoever has issued them. */
export function hasPins({ subjectAltNames, certificateHashes, spkiHashes }: TlsValidation): boolean {
  return subjectAltNames.length + certificateHashes.length + spkiHashes.length > 0;
}

/** Judges certificates by a `CertificateValidationContext`; compiled once for each context. */
export class PeerVerifier {
  /** Peers that it refuses are taken all the same. */
  readonly isUntrustedAccepted: boolean;
  readonly #chain: ChainVerifier | undefined;
  readonly #names: readonly NameMatcher[];
  readonly #certificateHashes: ReadonlySet<string>;
  readonly #spkiHashes: ReadonlySet<string>;

  /** @throws InvalidInputError for a regular expression that RE2 refuses */
  constructor(validation: TlsValidation, purpose: 'client' | 'server', clock: Clock = systemClock) {
    const { trustedCaPem, trustDomains, subjectAltNames, isUntrustedAccepted } = validation;
    this.isUntrustedAccepted = isUntrustedAccepted === true;
    this.#chain =
      (trustedCaPem ?? trustDomains) === undefined
        ? undefined
        : new ChainVerifier(validation, purpose, clock);
    this.#names = subjectAltNames.map((matcher) => new NameMatcher(matcher));
    this.#certificateHashes = new Set(validation.certificateHashes);
    this.#spkiHashes = new Set(validation.spkiHashes);
  }

  /** Undefined: it is fine. Where nothing at all is asked for, nobody is trusted. */
  refuse(evidence: PeerEvidence, expected?: ExpectedPeer): PeerRefusal | undefined {
    const { certificate } = evidence;
    if (this.#chain?.isTrusted(evidence) === false) return 'untrusted';
    const isNamed = expected !== undefined && (expected.anyName !== '' || expected.dnsName !== '');
    if (isNamed ? !this.#isExpected(certificate, expected) : !this.#hasName(certificate)) return 'names';
    const hasHashes = this.#certificateHashes.size + this.#spkiHashes.size > 0;
    if (hasHashes && !this.#hasHash(certificate)) return 'hash';
    const isAsked = this.#chain !== undefined || hasHashes || isNamed || this.isUntrustedAccepted;
    return isAsked ? undefined : 'untrusted';
  }

  #isExpected(certificate: X509Certificate, { anyName, dnsName }: ExpectedPeer): boolean {
    const names = readSubjectAltNames(certificate.raw);
    if (anyName === '') return names.some(({ type, value }) => type === 'dns' && isDnsNameOf(dnsName, value));
    const isAny = names.some(({ type, value }) =>
      type === 'dns' ? isDnsNameOf(anyName, value) : value === anyName,
    );
    return isAny && this.#hasName(certificate);
  }

  #hasName(certificate: X509Certificate): boolean {
    if (this.#names.length === 0) return true;
    const names = readSubjectAltNames(certificate.raw);
    return this.#names.some((matcher) => names.some((name) => matcher.matches(name)));
  }

  #hasHash(certificate: X509Certificate): boolean {
    if (this.#certificateHashes.has(sha256(certificate.raw).toString('hex'))) return true;
    if (this.#spkiHashes.size === 0) return false;
    const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
    return this.#spkiHashes.has(sha256(spki).toString('base64'));
  }
}

class NameMatcher {
  readonly #type: SubjectAltName['type'];
  readonly #oid: string;
  readonly #matcher: CompiledStringMatcher;
  /** An exact DNS name also fits a certificate for `*.` and its parent. */
  readonly #dnsName: string | undefined;

  constructor({ type, oid, matcher }: SubjectAltNameMatcher) {
    this.#type = type;
    this.#oid = oid;
    this.#matcher = new CompiledStringMatcher(matcher);
    this.#dnsName = type === 'dns' && matcher.kind === 'exact' ? matcher.value : undefined;
  }

  matches(name: SubjectAltName): boolean {
    if (name.type !== this.#type || name.oid !== this.#oid) return false;
    return this.#dnsName === undefined
      ? this.#matcher.matches(name.value)
      : isDnsNameOf(this.#dnsName, name.value);
  }
}

/** RFC 9525, 6.3: a wildcard is the whole left-most label and stands for exactly one. */
function isDnsNameOf(dnsName: string, presented: string): boolean {
  const wanted = dnsName.toLowerCase();
  const shown = presented.toLowerCase();
  if (wanted === shown) return true;
  if (!shown.startsWith('*.')) return false;
  const dot = wanted.indexOf('.');
  return dot > 0 && wanted.slice(dot) === shown.slice(1);
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
