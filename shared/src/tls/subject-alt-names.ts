import { SocketAddress } from 'node:net';

export type SubjectAltNameType = 'email' | 'dns' | 'uri' | 'ip' | 'other-name';

export interface SubjectAltName {
  readonly type: SubjectAltNameType;
  readonly value: string;
  /** Of an `other-name`, dotted. */
  readonly oid: string;
}

const tag = { sequence: 0x30, octets: 0x04, oid: 0x06, extensions: 0xa3 } as const;
/** 2.5.29.17 */
const subjectAltNameOid = '551d11';
const textTypes: Readonly<Record<number, SubjectAltNameType>> = { 0x81: 'email', 0x82: 'dns', 0x86: 'uri' };
const ipTag = 0x87;
const otherNameTag = 0xa0;
/** UTF8String, PrintableString, T61String, IA5String, VisibleString. */
const stringTags: readonly number[] = [0x0c, 0x13, 0x14, 0x16, 0x1a];

/**
 * The subject alternative names (RFC 5280, 4.2.1.6) of a certificate in DER: of one that the TLS library has taken, so
 * its structure is sound; what is not is left out. Node offers them as one text only, in which a name can look like
 * several.
 */
export function readSubjectAltNames(certificate: Buffer): readonly SubjectAltName[] {
  // Certificate → tbsCertificate → extensions.
  const tbs = children(children(certificate)[0]?.body ?? empty)[0];
  const extensions = children(tbs?.body ?? empty).find((element) => element.tag === tag.extensions);
  const names: SubjectAltName[] = [];
  for (const extension of children(children(extensions?.body ?? empty)[0]?.body ?? empty)) {
    const parts = children(extension.body);
    if (parts[0]?.tag !== tag.oid || parts[0].body.toString('hex') !== subjectAltNameOid) continue;
    const octets = parts.find((part) => part.tag === tag.octets);
    const list = children(octets?.body ?? empty)[0];
    for (const element of children(list?.body ?? empty)) {
      const name = toName(element);
      if (name !== undefined) names.push(name);
    }
  }
  return names;
}

function toName({ tag: nameTag, body }: DerElement): SubjectAltName | undefined {
  const type = textTypes[nameTag];
  if (type !== undefined) return { type, value: body.toString('latin1'), oid: '' };
  if (nameTag === ipTag) {
    const value = toAddressText(body);
    return value === undefined ? undefined : { type: 'ip', value, oid: '' };
  }
  if (nameTag !== otherNameTag) return undefined;
  const [id, wrapper] = children(body);
  const value = children(wrapper?.body ?? empty)[0];
  if (id?.tag !== tag.oid || value === undefined || !stringTags.includes(value.tag)) return undefined;
  return { type: 'other-name', value: value.body.toString('latin1'), oid: toDottedOid(id.body) };
}

/** As inet_ntop(3) writes it. */
function toAddressText(bytes: Buffer): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address;
}

function toDottedOid(body: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of body) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(arc / 40));
      arcs.push(first, arc - first * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}

interface DerElement {
  readonly tag: number;
  readonly body: Buffer;
}

const empty = Buffer.alloc(0);

/** The elements one after the other; those from a broken one on are left out. */
function children(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const elementTag = bytes.readUInt8(at);
    let bodyBytes = bytes.readUInt8(at + 1);
    at += 2;
    if (bodyBytes > 0x80) {
      const lengthBytes = bodyBytes - 0x80;
      if (lengthBytes > 4 || at + lengthBytes > bytes.length) break;
      bodyBytes = bytes.readUIntBE(at, lengthBytes);
      at += lengthBytes;
    }
    if (at + bodyBytes > bytes.length) break;
    elements.push({ tag: elementTag, body: bytes.subarray(at, at + bodyBytes) });
    at += bodyBytes;
  }
  return elements;
}
