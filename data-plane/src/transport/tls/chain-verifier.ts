import { X509Certificate } from 'node:crypto';
import {
  readBasicConstraints,
  readExtensions,
  readKeyUsage,
} from '@heddle/shared/tls/certificate-extensions';
import {
  readRevocationList,
  splitRevocationLists,
  type RevocationList,
} from '@heddle/shared/tls/revocation-list';
import { readSubjectAltNames } from '@heddle/shared/tls/subject-alt-names';
import type { Clock } from '@heddle/shared/time/clock';
import { hasOwnRevocation } from '../../config/model/secure-context-options.ts';
import type { TlsValidation } from '../../config/model/tls.ts';
import { hasPath, type PathRules } from './certificate-path.ts';
import type { PeerEvidence } from './peer-verifier.ts';

/** OpenSSL's words for what is forgiven where validity does not count. */
const timeErrors: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** Whether a chain of certificates leads to an authority: by OpenSSL's word, and by what Node has no setting for. */
export class ChainVerifier {
  readonly #validation: TlsValidation;
  readonly #purpose: PathRules['purpose'];
  readonly #clock: Clock;
  readonly #authorities: readonly X509Certificate[];
  readonly #authoritiesByDomain: ReadonlyMap<string, readonly X509Certificate[]> | undefined;
  readonly #revocationLists: readonly RevocationList[] | undefined;

  constructor(validation: TlsValidation, purpose: PathRules['purpose'], clock: Clock) {
    this.#validation = validation;
    this.#purpose = purpose;
    this.#clock = clock;
    const { trustedCaPem = '', trustDomains, crlPem } = validation;
    this.#authorities = trustDomains === undefined ? readAuthorities(trustedCaPem) : [];
    this.#authoritiesByDomain =
      trustDomains === undefined
        ? undefined
        : new Map(trustDomains.map(({ name, bundlePem }) => [name, readAuthorities(bundlePem)]));
    // Decoding has seen that all of them can be read.
    this.#revocationLists =
      crlPem === undefined || !hasOwnRevocation(validation)
        ? undefined
        : splitRevocationLists(crlPem).flatMap((pem) => readRevocationList(pem) ?? []);
  }

  isTrusted({ certificate, chainError, sentCertificates }: PeerEvidence): boolean {
    const { isExpiryIgnored, maxVerifyDepth } = this.#validation;
    const isForgiven = isExpiryIgnored === true && chainError !== undefined && timeErrors.has(chainError);
    if (chainError !== undefined && !isForgiven) return false;
    const domains = this.#authoritiesByDomain;
    const anchors = domains === undefined ? this.#authorities : domains.get(trustDomainOf(certificate));
    if (anchors === undefined) return false;
    const isOneOfSeveral = domains !== undefined && domains.size > 1;
    const isPathNeeded =
      isForgiven || isOneOfSeveral || (this.#revocationLists ?? maxVerifyDepth) !== undefined;
    if (!isPathNeeded) return true;
    return hasPath(certificate, sentCertificates(), {
      anchors,
      isAnyAnchorAnEnd: domains === undefined,
      purpose: this.#purpose,
      ...(isExpiryIgnored === true ? {} : { nowMs: this.#clock.now() }),
      ...(this.#revocationLists === undefined ? {} : { revocationLists: this.#revocationLists }),
      isOnlyLeafRevocable: this.#validation.isOnlyLeafRevocable === true,
      areNamesConstrained: chainError === undefined,
      ...(maxVerifyDepth === undefined ? {} : { maxAuthorityCount: maxVerifyDepth }),
    });
  }
}

/** Node's verdict on what it gets of a session has no intermediate certificates: it must not be asked for it again. */
export function needsSentCertificates({
  isExpiryIgnored,
  isOnlyLeafRevocable,
  maxVerifyDepth,
  trustDomains,
}: TlsValidation): boolean {
  return (isExpiryIgnored ?? isOnlyLeafRevocable ?? maxVerifyDepth ?? trustDomains) !== undefined;
}

/** All certificates of a bundle. */
export function readAuthorities(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/** Of the first URI of a leaf that may be one of SPIFFE (X.509-SVID, 5.2); empty: nobody's, which no domain is called. */
function trustDomainOf({ raw }: X509Certificate): string {
  const extensions = readExtensions(raw);
  const usage = readKeyUsage(extensions);
  if (usage === undefined || usage.keyCertSign || usage.crlSign) return '';
  if (readBasicConstraints(extensions).isAuthority) return '';
  const uri = readSubjectAltNames(raw).find(({ type }) => type === 'uri')?.value ?? '';
  return /^spiffe:\/\/([^/]*)\//.exec(uri)?.[1] ?? '';
}
