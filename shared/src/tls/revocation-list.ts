import { verify, type KeyObject } from 'node:crypto';
import { children, empty, toDottedOid, type DerElement } from './der.ts';

/** A list of revoked certificates (RFC 5280, 5.1): a whole one, of one issuer. */
export interface RevocationList {
  /** The name of the issuer, in DER. */
  readonly issuer: Buffer;
  /** Epoch ms. */
  readonly thisUpdate: number;
  /** Epoch ms; absent: nobody says when the next one comes. */
  readonly nextUpdate?: number;
  /** Lower-case hex without zeros in front. */
  readonly serialNumbers: ReadonlySet<string>;
  /** By this key. */
  isSignedBy(key: KeyObject): boolean;
}

const tag = {
  integer: 0x02,
  oid: 0x06,
  sequence: 0x30,
  utcTime: 0x17,
  generalizedTime: 0x18,
  extensions: 0xa0,
};

/** By signature algorithm. Ed25519 hashes on its own; RSA-PSS has parameters that nobody reads here. */
const hashes: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};

const pemBlock = /-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g;

/** The lists in a PEM text, as they stand in it. */
export function splitRevocationLists(pem: string): readonly string[] {
  return pem.match(pemBlock) ?? [];
}

/**
 * Undefined: it cannot be read, is signed in a way that is not known here (SHA-1 is one), or has a critical extension:
 * those say that it is a part of a list only.
 */
export function readRevocationList(pem: string): RevocationList | undefined {
  const base64 = pem.replace(/-----[^-]*-----/g, '');
  const [list] = children(Buffer.from(base64, 'base64'));
  const [signedPart, algorithm, signature] = children(list?.body ?? empty);
  if (list === undefined || signedPart === undefined || signature === undefined) return undefined;
  const hash = hashes[toDottedOid(children(algorithm?.body ?? empty)[0]?.body ?? empty)];
  if (hash === undefined) return undefined;

  const fields = children(signedPart.body);
  // A version stands in front of lists that have extensions.
  if (fields[0]?.tag === tag.integer) fields.shift();
  const [, issuer, thisUpdate, ...rest] = fields;
  if (issuer?.tag !== tag.sequence || !isTime(thisUpdate)) return undefined;
  const nextUpdate = isTime(rest[0]) ? toEpochMs(rest.shift()) : undefined;
  const entries = rest[0]?.tag === tag.sequence ? children(rest[0].body) : [];
  const extensions = rest.find((field) => field.tag === tag.extensions);
  const all = [
    ...children(children(extensions?.body ?? empty)[0]?.body ?? empty),
    ...entries.flatMap(({ body }) => children(children(body)[2]?.body ?? empty)),
  ];
  if (all.some(isCritical)) return undefined;

  // Both are views of the same text: up to the end of the part that is signed.
  const end = signedPart.body.byteOffset + signedPart.body.length - list.body.byteOffset;
  const signedBytes = list.body.subarray(0, end);
  return {
    issuer: issuer.body,
    thisUpdate: toEpochMs(thisUpdate),
    ...(nextUpdate === undefined ? {} : { nextUpdate }),
    serialNumbers: new Set(entries.map(({ body }) => toSerialNumber(children(body)[0]?.body ?? empty))),
    // The first byte of a bit string counts bits that are not used: none.
    isSignedBy: (key) => verify(hash, signedBytes, key, signature.body.subarray(1)),
  };
}

/** The issuer's name of a certificate in DER. */
export function readIssuerName(certificate: Buffer): Buffer {
  const tbs = children(children(certificate)[0]?.body ?? empty)[0];
  // [0] version, serial number, signature algorithm, issuer; the version may be absent.
  const fields = children(tbs?.body ?? empty);
  return fields[fields[0]?.tag === tag.integer ? 2 : 3]?.body ?? empty;
}

/** As `X509Certificate.serialNumber`, in the form of `RevocationList.serialNumbers`. */
export function normalizeSerialNumber(hex: string): string {
  return hex.toLowerCase().replace(/^0+(?=.)/, '');
}

function toSerialNumber(integer: Buffer): string {
  return normalizeSerialNumber(integer.toString('hex'));
}

function isTime(element: DerElement | undefined): boolean {
  return element?.tag === tag.utcTime || element?.tag === tag.generalizedTime;
}

/** `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`; NaN, which is before and after nothing, for what is neither. */
function toEpochMs(element: DerElement | undefined): number {
  const text = element?.body.toString('latin1') ?? '';
  const digits = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (digits === null) return Number.NaN;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = digits.slice(1).map(Number);
  const century = element?.tag !== tag.utcTime ? 0 : year < 50 ? 2000 : 1900;
  return Date.UTC(century + year, month - 1, day, hour, minute, second);
}

/** OID, BOOLEAN critical DEFAULT FALSE, OCTET STRING. */
function isCritical({ body }: DerElement): boolean {
  return children(body).some((part) => part.tag === 0x01 && part.body[0] !== 0);
}
