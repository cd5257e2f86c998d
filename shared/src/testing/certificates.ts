import { createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** A certificate of a test with its key; made in milliseconds, valid for a day, and trusted by nobody else. */
export interface TestCertificate {
  readonly commonName: string;
  /** The certificate alone. */
  readonly pem: string;
  readonly der: Buffer;
  readonly privateKey: KeyObject;
  readonly privateKeyPem: string;
}

export interface CertificateOptions {
  readonly commonName?: string;
  readonly keyType?: 'rsa' | 'ec';
  /** RSA only; 2,048 unless told. */
  readonly keyBits?: number;
  /** Signs it; absent: itself. */
  readonly issuer?: TestCertificate;
  readonly isAuthority?: boolean;
  readonly dnsNames?: readonly string[];
  readonly uris?: readonly string[];
  readonly emails?: readonly string[];
  /** IPv4 addresses. */
  readonly addresses?: readonly string[];
  /** Value by OID, as UTF8String. */
  readonly otherNames?: Readonly<Record<string, string>>;
  /** The first byte of the bits: 0x80 is digitalSignature. Absent: what an authority needs, or no such extension. */
  readonly keyUsage?: number;
  /** Of the validity, relative to now; -1 and 1 days unless told. */
  readonly fromDays?: number;
  readonly toDays?: number;
}

const oids = {
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  crlNumber: '2.5.29.20',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  rsaWithSha256: '1.2.840.113549.1.1.11',
} as const;
const dayMs = 86_400_000;

/** X.509 (RFC 5280), just enough of it. */
export function createCertificate(options: CertificateOptions = {}): TestCertificate {
  const { commonName = 'heddle.test', keyType = 'ec', issuer, fromDays = -1, toDays = 1 } = options;
  const { privateKey } =
    keyType === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('rsa', { modulusLength: options.keyBits ?? 2048 });
  const signer = issuer?.privateKey ?? privateKey;
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithmOf(signer),
    nameOf(issuer?.commonName ?? commonName),
    sequence(time(fromDays), time(toDays)),
    nameOf(commonName),
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensionsOf(options))),
  );
  const der = signed(body, signer);
  return {
    commonName,
    der,
    pem: toPem('CERTIFICATE', der),
    privateKey,
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** A list of revoked certificates, in PEM. */
export function createRevocationList(issuer: TestCertificate, revoked: readonly TestCertificate[]): string {
  const entries = revoked.map(({ der }) => sequence(serialOf(der), time(-1)));
  const body = sequence(
    integer(Buffer.from([1])),
    algorithmOf(issuer.privateKey),
    nameOf(issuer.commonName),
    time(-1),
    time(1),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    tagged(0xa0, sequence(extension(oids.crlNumber, integer(Buffer.from([1]))))),
  );
  return toPem('X509 CRL', signed(body, issuer.privateKey));
}

function extensionsOf(options: CertificateOptions): Buffer[] {
  const { dnsNames = [], uris = [], emails = [], addresses = [], otherNames = {} } = options;
  const names = [
    ...emails.map((email) => tagged(0x81, Buffer.from(email))),
    ...dnsNames.map((name) => tagged(0x82, Buffer.from(name))),
    ...uris.map((uri) => tagged(0x86, Buffer.from(uri))),
    ...addresses.map((address) => tagged(0x87, Buffer.from(address.split('.').map(Number)))),
    ...Object.entries(otherNames).map(([oid, value]) =>
      tagged(0xa0, Buffer.concat([objectId(oid), tagged(0xa0, tagged(0x0c, Buffer.from(value)))])),
    ),
  ];
  const isAuthority = options.isAuthority === true;
  // keyCertSign and cRLSign.
  const keyUsage = options.keyUsage ?? (isAuthority ? 0x06 : 0);
  return [
    extension(oids.basicConstraints, sequence(...(isAuthority ? [tagged(0x01, Buffer.from([0xff]))] : []))),
    ...(keyUsage === 0 ? [] : [extension(oids.keyUsage, tagged(0x03, Buffer.from([1, keyUsage])))]),
    ...(names.length === 0 ? [] : [extension(oids.subjectAltName, sequence(...names))]),
  ];
}

function signed(body: Buffer, key: KeyObject): Buffer {
  const signature = sign('sha256', body, key);
  return sequence(body, algorithmOf(key), tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
}

function algorithmOf(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'ec'
    ? sequence(objectId(oids.ecdsaWithSha256))
    : sequence(objectId(oids.rsaWithSha256), tagged(0x05, Buffer.alloc(0)));
}

/** Of a certificate of ours: [0] version, then the serial number. */
function serialOf(der: Buffer): Buffer {
  const at = der.indexOf(Buffer.from([0xa0, 3, 2, 1, 2])) + 5;
  return der.subarray(at, at + 2 + der.readUInt8(at + 1));
}

function extension(oid: string, value: Buffer): Buffer {
  return sequence(objectId(oid), tagged(0x04, value));
}

function nameOf(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId(oids.commonName), tagged(0x0c, Buffer.from(commonName)))));
}

/** UTCTime, or GeneralizedTime from 2050 on. */
function time(days: number): Buffer {
  const date = new Date(Date.now() + days * dayMs);
  const text = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050
    ? tagged(0x17, Buffer.from(text.slice(2)))
    : tagged(0x18, Buffer.from(text));
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      digits.unshift((left & 0x7f) | 0x80);
    }
    return digits;
  });
  return tagged(0x06, Buffer.from(bytes));
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function tagged(tag: number, body: Buffer): Buffer {
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), body]);
  const size = length < 0x100 ? 1 : 2;
  const header = Buffer.alloc(2 + size);
  header.writeUInt8(tag, 0);
  header.writeUInt8(0x80 + size, 1);
  header.writeUIntBE(length, 2, size);
  return Buffer.concat([header, body]);
}

function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
