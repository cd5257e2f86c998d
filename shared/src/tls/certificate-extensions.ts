import { children, empty, toDottedOid } from './der.ts';

/** One extension of a certificate (RFC 5280, 4.1). */
export interface CertificateExtension {
  /** Dotted. */
  readonly oid: string;
  readonly isCritical: boolean;
  /** In DER. */
  readonly value: Buffer;
}

const tag = { boolean: 0x01, integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, extensions: 0xa3 } as const;
const oids = { keyUsage: '2.5.29.15', basicConstraints: '2.5.29.19', extendedKeyUsage: '2.5.29.37' } as const;

/** Of a certificate in DER that the TLS library has taken, so its structure is sound; what is not is left out. */
export function readExtensions(certificate: Buffer): readonly CertificateExtension[] {
  // Certificate → tbsCertificate → extensions.
  const tbs = children(children(certificate)[0]?.body ?? empty)[0];
  const extensions = children(tbs?.body ?? empty).find((element) => element.tag === tag.extensions);
  return children(children(extensions?.body ?? empty)[0]?.body ?? empty).flatMap(({ body }) => {
    const parts = children(body);
    const [id] = parts;
    const octets = parts.find((part) => part.tag === tag.octets);
    if (id?.tag !== tag.oid || octets === undefined) return [];
    const isCritical = parts.some((part) => part.tag === tag.boolean && part.body[0] !== 0);
    return { oid: toDottedOid(id.body), isCritical, value: octets.body };
  });
}

/** What a key may be used for (4.2.1.3), as far as anybody here asks. */
export interface KeyUsage {
  readonly digitalSignature: boolean;
  readonly keyEncipherment: boolean;
  readonly keyAgreement: boolean;
  readonly keyCertSign: boolean;
  readonly crlSign: boolean;
}

/** Undefined: the certificate does not say, so anything goes. */
export function readKeyUsage(extensions: readonly CertificateExtension[]): KeyUsage | undefined {
  const extension = extensions.find(({ oid }) => oid === oids.keyUsage);
  const bits = children(extension?.value ?? empty)[0];
  if (bits?.tag !== tag.bits) return undefined;
  const first = bits.body[1] ?? 0;
  return {
    digitalSignature: (first & 0x80) !== 0,
    keyEncipherment: (first & 0x20) !== 0,
    keyAgreement: (first & 0x08) !== 0,
    keyCertSign: (first & 0x04) !== 0,
    crlSign: (first & 0x02) !== 0,
  };
}

/** Purposes by OID, dotted (4.2.1.12). Undefined: the certificate does not say, so any is fine. */
export function readExtendedKeyUsage(
  extensions: readonly CertificateExtension[],
): readonly string[] | undefined {
  const extension = extensions.find(({ oid }) => oid === oids.extendedKeyUsage);
  if (extension === undefined) return undefined;
  return children(children(extension.value)[0]?.body ?? empty).map(({ body }) => toDottedOid(body));
}

/** What a certificate in DER is signed with (4.1.1.2), dotted. */
export function readSignatureAlgorithm(certificate: Buffer): string {
  const algorithm = children(children(certificate)[0]?.body ?? empty)[1];
  return toDottedOid(children(algorithm?.body ?? empty)[0]?.body ?? empty);
}

/** 4.2.1.9 */
export interface BasicConstraints {
  readonly isAuthority: boolean;
  /** Intermediate certificates that may follow; absent: any number. */
  readonly pathLength?: number;
}

export function readBasicConstraints(extensions: readonly CertificateExtension[]): BasicConstraints {
  const extension = extensions.find(({ oid }) => oid === oids.basicConstraints);
  const parts = children(children(extension?.value ?? empty)[0]?.body ?? empty);
  const isAuthority = parts.some((part) => part.tag === tag.boolean && part.body[0] !== 0);
  const length = parts.find((part) => part.tag === tag.integer)?.body;
  return length === undefined || length.length === 0 || length.length > 4
    ? { isAuthority }
    : { isAuthority, pathLength: length.readUIntBE(0, length.length) };
}
