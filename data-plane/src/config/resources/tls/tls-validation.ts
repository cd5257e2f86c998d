import { readRevocationList, splitRevocationLists } from '@heddle/shared/tls/revocation-list';
import type {
  CertificateValidationContext,
  SubjectAltNameMatcher as SubjectAltNameMatcherMessage,
} from '@heddle/shared/xds/api';
import type { SubjectAltNameMatcher, TlsValidation } from '../../model/tls.ts';
import { readDataSource } from '../data-source.ts';
import type { DecodeContext } from '../decode-context.ts';
import { decodeStringMatcher } from '../matchers.ts';
import { defined } from '../scalars.ts';
import { decodeTrustDomains } from './spiffe-validator.ts';
import { readPemCertificates, validityOf } from './tls-certificate.ts';

const nameTypes: Readonly<
  Record<SubjectAltNameMatcherMessage['sanType'], SubjectAltNameMatcher['type'] | undefined>
> = {
  SAN_TYPE_UNSPECIFIED: undefined,
  EMAIL: 'email',
  DNS: 'dns',
  URI: 'uri',
  IP_ADDRESS: 'ip',
  OTHER_NAME: 'other-name',
};
/** The default, and the most that the proto allows. */
const maxDepth = 100;
/** What an untyped matcher of old is compared with. */
const untypedNames = ['dns', 'uri', 'email', 'ip'] as const;

export function decodeTlsValidation(
  context: DecodeContext,
  message: CertificateValidationContext,
  path: string,
): TlsValidation {
  const { trustedCa } = message;
  const trustDomains = decodeTrustDomains(context, message, path);
  const subjectAltNames = decodeSubjectAltNames(context, message, path).filter(
    ({ type }) => trustDomains === undefined || type === 'uri',
  );
  const trustedCaPem =
    trustedCa === undefined
      ? undefined
      : readDataSource(context, trustedCa, `${path}.trusted_ca`).toString('latin1');
  const authorities =
    trustedCaPem === undefined || trustedCaPem === ''
      ? []
      : readPemCertificates(context, trustedCaPem, `${path}.trusted_ca`);
  const [authorityValidity] = authorities.map(validityOf).sort((a, b) => a.to - b.to);
  return {
    subjectAltNames,
    certificateHashes: message.verifyCertificateHash.map((hash, i) =>
      decodeHexHash(context, hash, `${path}.verify_certificate_hash[${i}]`),
    ),
    spkiHashes: message.verifyCertificateSpki.map((hash, i) =>
      decodeBase64Hash(context, hash, `${path}.verify_certificate_spki[${i}]`),
    ),
    ...defined<Omit<TlsValidation, 'subjectAltNames' | 'certificateHashes' | 'spkiHashes'>>({
      trustedCaPem,
      authorityValidity,
      crlPem: decodeRevocationLists(context, message, trustedCaPem, path),
      isUntrustedAccepted: message.trustChainVerification === 'ACCEPT_UNTRUSTED' ? true : undefined,
      isExpiryIgnored: message.allowExpiredCertificate ? true : undefined,
      isOnlyLeafRevocable: message.onlyVerifyLeafCertCrl ? true : undefined,
      maxVerifyDepth: message.maxVerifyDepth === maxDepth ? undefined : message.maxVerifyDepth,
      trustDomains,
    }),
  };
}

/** Those among the authorities, and those of their own. */
function decodeRevocationLists(
  context: DecodeContext,
  { crl, onlyVerifyLeafCertCrl, allowExpiredCertificate }: CertificateValidationContext,
  trustedCaPem: string | undefined,
  path: string,
): string | undefined {
  const own = crl === undefined ? '' : readDataSource(context, crl, `${path}.crl`).toString('latin1');
  if (own !== '' && splitRevocationLists(own).length === 0) {
    context.refuse(`${path}.crl`, 'holds no list of revoked certificates in PEM');
  }
  const among = splitRevocationLists(trustedCaPem ?? '');
  if (own === '' && among.length === 0) return undefined;
  const crlPem = [own, ...among].join('\n');
  if (onlyVerifyLeafCertCrl || allowExpiredCertificate) {
    for (const [i, pem] of splitRevocationLists(crlPem).entries()) {
      if (readRevocationList(pem) !== undefined) continue;
      context.refuse(
        `${path}.crl`,
        `list ${i + 1} cannot be read, or is a part of a list, or its signature is of a kind that is not supported`,
      );
    }
  }
  return crlPem;
}

function decodeSubjectAltNames(
  context: DecodeContext,
  message: CertificateValidationContext,
  path: string,
): SubjectAltNameMatcher[] {
  const typed = message.matchTypedSubjectAltNames.flatMap(({ sanType, matcher, oid }, i) => {
    const matcherPath = `${path}.match_typed_subject_alt_names[${i}]`;
    const type = nameTypes[sanType];
    if (type === undefined || matcher === undefined) return [];
    if (type === 'other-name' && !/^\d+(\.\d+)+$/.test(oid)) {
      context.refuse(`${matcherPath}.oid`, 'must be an object identifier such as 1.2.3');
    }
    return {
      type,
      oid: type === 'other-name' ? oid : '',
      matcher: decodeStringMatcher(context, matcher, `${matcherPath}.matcher`),
    };
  });
  const untyped = message.matchSubjectAltNames.flatMap((message, i) => {
    const matcher = decodeStringMatcher(context, message, `${path}.match_subject_alt_names[${i}]`);
    return untypedNames.map((type) => ({ type, oid: '', matcher }));
  });
  return [...typed, ...untyped];
}

/** `openssl x509 -fingerprint -sha256`: with colons, or without. */
function decodeHexHash(context: DecodeContext, text: string, path: string): string {
  const hex = text.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hex)) context.refuse(path, 'is not a SHA-256 hash in hex');
  return hex;
}

function decodeBase64Hash(context: DecodeContext, text: string, path: string): string {
  const hash = Buffer.from(text, 'base64');
  if (hash.length !== 32) context.refuse(path, 'is not a SHA-256 hash in base64');
  return hash.toString('base64');
}
