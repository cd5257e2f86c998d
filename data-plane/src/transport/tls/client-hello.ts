/** What a client says of itself before anything is encrypted. */
export interface ClientHello {
  /** SNI, lower-case; empty when it names no server. */
  readonly serverName: string;
  /** ALPN, in the client's order. */
  readonly applicationProtocols: readonly string[];
}

export type ClientHelloReading =
  /** More bytes are needed. */
  | { readonly kind: 'incomplete' }
  /** Plain text, or nothing that a TLS library would take. */
  | { readonly kind: 'none' }
  | { readonly kind: 'hello'; readonly hello: ClientHello; readonly byteCount: number };

const recordHeaderBytes = 5;
const handshakeHeaderBytes = 4;
const handshakeRecord = 22;
const clientHelloMessage = 1;
/** RFC 8446, 5.1. */
const maxRecordBytes = 16 * 1024;
const randomBytes = 32;
const extensionType = { serverName: 0, alpn: 16 } as const;
const hostName = 0;

const incomplete: ClientHelloReading = { kind: 'incomplete' };
const none: ClientHelloReading = { kind: 'none' };

/**
 * Looks for a ClientHello (RFC 8446, 4.1.2) at the beginning of what a client sent, in one record or several. Errors
 * inside of extensions are left to the TLS library, which answers them with an alert.
 */
export function readClientHello(bytes: Buffer): ClientHelloReading {
  const message = readHandshakeMessage(bytes);
  if ('kind' in message) return message;
  const reader = new FieldReader(message.body);
  // Version, random; session id, cipher suites, compression methods.
  reader.skip(2 + randomBytes);
  reader.vector(1);
  reader.vector(2);
  reader.vector(1);
  if (reader.isBroken) return none;
  const hello = reader.isAtEnd ? { serverName: '', applicationProtocols: [] } : readExtensions(reader);
  return hello === undefined ? none : { kind: 'hello', hello, byteCount: message.byteCount };
}

/** The body of the first handshake message, out of its records. */
function readHandshakeMessage(
  bytes: Buffer,
): ClientHelloReading | { readonly body: Buffer; readonly byteCount: number } {
  const fragments: Buffer[] = [];
  let fragmentBytes = 0;
  let neededBytes = handshakeHeaderBytes;
  let isHeaderRead = false;
  let at = 0;
  for (;;) {
    // What is there decides as early as it can: plain text is known by its first byte.
    if (at < bytes.length && bytes[at] !== handshakeRecord) return none;
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return none;
    if (at + recordHeaderBytes > bytes.length) return incomplete;
    const recordBytes = bytes.readUInt16BE(at + 3);
    if (recordBytes === 0 || recordBytes > maxRecordBytes) return none;
    const fragmentStart = at + recordHeaderBytes;
    at = fragmentStart + recordBytes;
    const fragment = bytes.subarray(fragmentStart, Math.min(at, bytes.length));
    if (fragmentBytes === 0 && fragment.length > 0 && fragment[0] !== clientHelloMessage) return none;
    fragments.push(fragment);
    fragmentBytes += fragment.length;
    if (!isHeaderRead && fragmentBytes >= handshakeHeaderBytes) {
      isHeaderRead = true;
      // One fragment holds it, but for clients that want to be seen through by nobody.
      const start = fragments.length === 1 ? fragment : Buffer.concat(fragments);
      neededBytes += start.readUIntBE(1, 3);
    }
    if (isHeaderRead && fragmentBytes >= neededBytes) break;
    if (at > bytes.length) return incomplete;
  }
  const body = Buffer.concat(fragments).subarray(handshakeHeaderBytes, neededBytes);
  return { body, byteCount: Math.min(at, bytes.length) };
}

function readExtensions(reader: FieldReader): ClientHello | undefined {
  const extensions = new FieldReader(reader.vector(2));
  if (reader.isBroken || !reader.isAtEnd) return undefined;
  let serverName = '';
  let applicationProtocols: readonly string[] = [];
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (extensions.isBroken) return undefined;
    if (type === extensionType.serverName) serverName = readServerName(data);
    else if (type === extensionType.alpn) applicationProtocols = readProtocols(data);
  }
  return { serverName, applicationProtocols };
}

/** RFC 6066, 3. */
function readServerName(data: Buffer): string {
  const names = new FieldReader(new FieldReader(data).vector(2));
  while (!names.isAtEnd) {
    const type = names.number(1);
    const name = names.vector(2);
    if (names.isBroken) return '';
    if (type === hostName) return name.includes(0) ? '' : name.toString('latin1').toLowerCase();
  }
  return '';
}

/** RFC 7301, 3.1. */
function readProtocols(data: Buffer): readonly string[] {
  const list = new FieldReader(new FieldReader(data).vector(2));
  const protocols: string[] = [];
  while (!list.isAtEnd) {
    const protocol = list.vector(1);
    if (list.isBroken || protocol.length === 0) return [];
    protocols.push(protocol.toString('latin1'));
  }
  return protocols;
}

/** Reads big-endian numbers, and vectors behind their length. Behind the end everything is empty, and broken. */
class FieldReader {
  readonly #bytes: Buffer;
  #at = 0;
  isBroken = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.isBroken || this.#at === this.#bytes.length;
  }

  number(byteCount: number): number {
    const at = this.#at;
    this.skip(byteCount);
    return this.isBroken ? 0 : this.#bytes.readUIntBE(at, byteCount);
  }

  vector(lengthBytes: number): Buffer {
    const byteCount = this.number(lengthBytes);
    const at = this.#at;
    this.skip(byteCount);
    return this.isBroken ? Buffer.alloc(0) : this.#bytes.subarray(at, at + byteCount);
  }

  skip(byteCount: number): void {
    if (this.#at + byteCount > this.#bytes.length) this.isBroken = true;
    else this.#at += byteCount;
  }
}
