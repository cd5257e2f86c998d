import type { X509Certificate } from 'node:crypto';
import {
  readBasicConstraints,
  readExtendedKeyUsage,
  readExtensions,
  readKeyUsage,
  readSignatureAlgorithm,
} from '@heddle/shared/tls/certificate-extensions';
import {
  normalizeSerialNumber,
  readIssuerName,
  type RevocationList,
} from '@heddle/shared/tls/revocation-list';

/** What a path must be like. */
export interface PathRules {
  readonly anchors: readonly X509Certificate[];
  /** False: only an anchor that has signed itself is the end of a path. */
  readonly isAnyAnchorAnEnd: boolean;
  /** What the key of the leaf is for. */
  readonly purpose: 'client' | 'server';
  /** Absent: validity is not looked at. Epoch ms. */
  readonly nowMs?: number;
  /** Absent: nothing is revoked. Otherwise an issuer without a list has revoked everything. */
  readonly revocationLists?: readonly RevocationList[];
  /** Only of the leaf, or of every certificate of the path but the anchor. */
  readonly isOnlyLeafRevocable: boolean;
  /** Somebody else has looked at name constraints; otherwise who has some is no issuer. */
  readonly areNamesConstrained: boolean;
  /** The anchor is one of them; absent: as many as OpenSSL takes by default. */
  readonly maxAuthorityCount?: number;
}

const purposes = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;
const nameConstraints = '2.5.29.30';
/** Critical extensions that are looked at here, or that ask nothing of anybody who wants no certain policy. */
const knownExtensions: ReadonlySet<string> = new Set([
  '2.5.29.15',
  '2.5.29.17',
  '2.5.29.19',
  '2.5.29.32',
  '2.5.29.37',
  nameConstraints,
]);
/** MD5 and SHA-1, with RSA and with ECDSA: others can make what has the same hash. */
const weakSignatures: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.2',
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.2.840.10045.4.1',
]);
const defaultMaxAuthorityCount = 101;
/** Of one search: who sends many certificates of the same name must not keep a worker busy. */
const maxSignatureCount = 64;

/**
 * Whether there is a path (RFC 5280, 6) from `leaf` to an anchor, through certificates that the peer sent. OpenSSL says
 * of a chain one thing only, the last that is wrong with it, and knows one set of roots for all peers: where one error
 * is forgiven, or where the roots depend on the leaf, this looks for everything else.
 */
export function hasPath(leaf: X509Certificate, sent: readonly X509Certificate[], rules: PathRules): boolean {
  return isOfUse(leaf, rules.purpose) && new PathSearch(sent, rules).reaches(leaf, 0);
}

class PathSearch {
  readonly #sent: readonly X509Certificate[];
  readonly #rules: PathRules;
  #signaturesLeft = maxSignatureCount;

  constructor(sent: readonly X509Certificate[], rules: PathRules) {
    this.#sent = sent;
    this.#rules = rules;
  }

  /** `depth`: of this certificate; the leaf has 0. */
  reaches(certificate: X509Certificate, depth: number): boolean {
    const { anchors } = this.#rules;
    if (!this.#isSound(certificate)) return false;
    if (anchors.some((anchor) => anchor.raw.equals(certificate.raw) && this.#isEnd(anchor))) return true;
    if (depth >= (this.#rules.maxAuthorityCount ?? defaultMaxAuthorityCount)) return false;
    const isEnd = (issuer: X509Certificate): boolean => this.#isEnd(issuer) && this.#isSound(issuer);
    if (anchors.some((anchor) => isEnd(anchor) && this.#isIssuer(anchor, certificate, depth))) return true;
    return [...anchors, ...this.#sent].some(
      (issuer) =>
        !issuer.raw.equals(certificate.raw) &&
        this.#isIssuer(issuer, certificate, depth) &&
        this.reaches(issuer, depth + 1),
    );
  }

  #isEnd(anchor: X509Certificate): boolean {
    return this.#rules.isAnyAnchorAnEnd || anchor.checkIssued(anchor);
  }

  #isSound({ raw, validFromDate, validToDate }: X509Certificate): boolean {
    const { nowMs } = this.#rules;
    if (nowMs !== undefined && (nowMs < validFromDate.getTime() || nowMs > validToDate.getTime()))
      return false;
    return readExtensions(raw).every(({ oid, isCritical }) => !isCritical || knownExtensions.has(oid));
  }

  #isIssuer(issuer: X509Certificate, certificate: X509Certificate, depth: number): boolean {
    const extensions = readExtensions(issuer.raw);
    const { isAuthority, pathLength = Infinity } = readBasicConstraints(extensions);
    if (!isAuthority || depth > pathLength || readKeyUsage(extensions)?.keyCertSign === false) return false;
    if (!this.#rules.areNamesConstrained && extensions.some(({ oid }) => oid === nameConstraints))
      return false;
    if (!hasPurpose(issuer, this.#rules.purpose) || !certificate.checkIssued(issuer)) return false;
    if (weakSignatures.has(readSignatureAlgorithm(certificate.raw)) || this.#signaturesLeft-- <= 0)
      return false;
    return certificate.verify(issuer.publicKey) && !this.#isRevoked(certificate, issuer, depth);
  }

  #isRevoked(certificate: X509Certificate, issuer: X509Certificate, depth: number): boolean {
    const { revocationLists, isOnlyLeafRevocable, nowMs } = this.#rules;
    if (revocationLists === undefined || (isOnlyLeafRevocable && depth > 0)) return false;
    if (readKeyUsage(readExtensions(issuer.raw))?.crlSign === false) return true;
    const name = readIssuerName(certificate.raw);
    const lists = revocationLists.filter((list) => {
      const { thisUpdate, nextUpdate = Infinity } = list;
      const isCurrent = nowMs === undefined || (thisUpdate <= nowMs && nowMs <= nextUpdate);
      return isCurrent && list.issuer.equals(name) && list.isSignedBy(issuer.publicKey);
    });
    const serialNumber = normalizeSerialNumber(certificate.serialNumber);
    return lists.length === 0 || lists.some(({ serialNumbers }) => serialNumbers.has(serialNumber));
  }
}

/** TLS with a key that may not sign, nor agree on keys, is none. */
function isOfUse(leaf: X509Certificate, purpose: PathRules['purpose']): boolean {
  const usage = readKeyUsage(readExtensions(leaf.raw));
  const isUsable =
    usage === undefined ||
    usage.digitalSignature ||
    usage.keyAgreement ||
    (purpose === 'server' && usage.keyEncipherment);
  return isUsable && hasPurpose(leaf, purpose);
}

function hasPurpose({ raw }: X509Certificate, purpose: PathRules['purpose']): boolean {
  const usages = readExtendedKeyUsage(readExtensions(raw));
  return usages === undefined || usages.includes(purposes[purpose]);
}
