import { SocketAddress } from 'node:net';
import { readExtensions } from './certificate-extensions.ts';
import { children, empty, toDottedOid, type DerElement } from './der.ts';

export type SubjectAltNameType = 'email' | 'dns' | 'uri' | 'ip' | 'other-name';

export interface SubjectAltName {
  readonly type: SubjectAltNameType;
  readonly value: string;
  /** Of an `other-name`, dotted. */
  readonly oid: string;
}

const oidTag = 0x06;
const subjectAltNameOid = '2.5.29.17';
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
  const names: SubjectAltName[] = [];
  for (const { oid, value } of readExtensions(certificate)) {
    if (oid !== subjectAltNameOid) continue;
    for (const element of children(children(value)[0]?.body ?? empty)) {
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
  if (id?.tag !== oidTag || value === undefined || !stringTags.includes(value.tag)) return undefined;
  return { type: 'other-name', value: value.body.toString('latin1'), oid: toDottedOid(id.body) };
}

/** As inet_ntop(3) writes it. */
function toAddressText(bytes: Buffer): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address;
}
