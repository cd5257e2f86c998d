import type { X509Certificate } from 'node:crypto';
import { readSubjectAltNames, type SubjectAltNameType } from '@heddle/shared/tls/subject-alt-names';

/** Certificates as Envoy's access logs write them. */

/** In the order of RFC 2253, the last part of the name first; what is beyond ASCII as bytes in hex. */
export function toDistinguishedName(name: string): string {
  // Node writes a line for each part, and has escaped all but what is beyond ASCII.
  const parts = name.split('\n').map((part) => part.replaceAll(' + ', '+'));
  return parts
    .reverse()
    .join(',')
    .replace(/[^\0-\x7f]+/g, escapeBytes);
}

function escapeBytes(text: string): string {
  return Buffer.from(text).toString('hex').toUpperCase().replace(/../g, '\\$&');
}

export function toSerial({ serialNumber }: X509Certificate): string {
  return serialNumber.toLowerCase();
}

export function toFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

export function toNames(certificate: X509Certificate, type: SubjectAltNameType): string {
  const names = readSubjectAltNames(certificate.raw).filter((name) => name.type === type);
  return names.map(({ value }) => value).join(',');
}

const escapedCharacters = /[\n +/=]/g;

/** PEM, as far as it can stand in a URL. */
export function toEscapedPem(certificate: X509Certificate): string {
  return certificate.toString().replace(escapedCharacters, encodeURIComponent);
}
