import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import { readSubjectAltNames } from '@heddle/shared/tls/subject-alt-names';
import type { TlsCertificate as TlsCertificateMessage } from '@heddle/shared/xds/api';
import type { TlsCertificate, Validity } from '../../model/tls.ts';
import { readDataSource } from '../data-source.ts';
import type { DecodeContext } from '../decode-context.ts';

const curves: readonly (string | undefined)[] = ['prime256v1', 'secp384r1', 'secp521r1'];
const minRsaBits = 2048;

/** Undefined: it was refused. No message holds anything of the key. */
export function decodeTlsCertificate(
  context: DecodeContext,
  message: TlsCertificateMessage,
  path: string,
): TlsCertificate | undefined {
  const chainPath = `${path}.certificate_chain`;
  const keyPath = `${path}.private_key`;
  if (message.certificateChain === undefined) context.refuse(chainPath, 'is missing');
  if (message.privateKey === undefined) context.refuse(keyPath, 'is missing');
  if (message.certificateChain === undefined || message.privateKey === undefined) return undefined;
  const problemCount = context.problems.length;
  const chainPem = readDataSource(context, message.certificateChain, chainPath).toString('latin1');
  const keyBytes = readDataSource(context, message.privateKey, keyPath);
  const password =
    message.password === undefined
      ? undefined
      : readDataSource(context, message.password, `${path}.password`).toString();
  if (context.problems.length > problemCount) return undefined;
  const [leaf] = readPemCertificates(context, chainPem, chainPath);
  const key = readPrivateKey(context, keyBytes, password, keyPath);
  if (leaf === undefined || key === undefined) return undefined;
  const keyType = keyTypeOf(context, key, keyPath);
  if (!leaf.checkPrivateKey(key)) context.refuse(keyPath, `is not the key of ${chainPath}`);
  if (keyType === undefined) return undefined;
  return {
    chainPem,
    privateKeyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    keyType,
    serverNames: serverNamesOf(leaf),
    validity: validityOf(leaf),
  };
}

/** All that are in a PEM text; it must have one at least. */
export function readPemCertificates(context: DecodeContext, pem: string, path: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END [^-]*-----/g) ?? [];
  if (blocks.length === 0) context.refuse(path, 'holds no certificate in PEM');
  return blocks.flatMap((block, i) => {
    try {
      return new X509Certificate(block);
    } catch (thrown) {
      context.refuse(path, `certificate ${i + 1} in it cannot be read: ${messageOf(thrown)}`);
      return [];
    }
  });
}

function readPrivateKey(
  context: DecodeContext,
  bytes: Buffer,
  password: string | undefined,
  path: string,
): KeyObject | undefined {
  try {
    return createPrivateKey({ key: bytes, ...(password === undefined ? {} : { passphrase: password }) });
  } catch (thrown) {
    context.refuse(path, `is not a private key in PEM that can be read: ${messageOf(thrown)}`);
    return undefined;
  }
}

function keyTypeOf(context: DecodeContext, key: KeyObject, path: string): 'rsa' | 'ec' | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    if (bits < minRsaBits) context.refuse(path, `has ${bits} bits, and RSA keys need ${minRsaBits} or more`);
    return 'rsa';
  }
  if (type === 'ec' && curves.includes(details?.namedCurve)) return 'ec';
  context.refuse(path, 'must be of RSA, or of ECDSA with P-256, P-384 or P-521');
  return undefined;
}

export function validityOf(certificate: X509Certificate): Validity {
  return { from: certificate.validFromDate.getTime(), to: certificate.validToDate.getTime() };
}

/** The DNS names of the certificate; of one without alternative names its common name. */
function serverNamesOf(leaf: X509Certificate): string[] {
  const names = readSubjectAltNames(leaf.raw)
    .filter(({ type }) => type === 'dns')
    .map(({ value }) => value);
  if (leaf.subjectAltName !== undefined) return names.map((name) => name.toLowerCase());
  const commonName = /^CN=(.+)$/m.exec(leaf.subject)?.[1];
  return commonName === undefined ? [] : [commonName.toLowerCase()];
}
