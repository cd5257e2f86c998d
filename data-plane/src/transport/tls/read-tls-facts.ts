import type { TLSSocket } from 'node:tls';
import type { TlsFacts } from '../tls-facts.ts';

/** What its side knows besides the socket. */
export type KnownFacts = Pick<
  TlsFacts,
  'serverName' | 'localCertificate' | 'peerCertificate' | 'peerIssuer' | 'group'
>;

export function readTlsFacts(socket: TLSSocket, known: KnownFacts): TlsFacts {
  const version = socket.getProtocol() ?? '';
  return {
    version,
    cipher: socket.getCipher().name,
    // TLS 1.3 has tickets instead.
    sessionId: version === 'TLSv1.3' ? '' : readSessionId(socket.getSession()),
    ...known,
  };
}

/** `\0nodejs:tls:session:1` and the length of a name in three bytes. */
const headBytes = 24;
const tag = { integer: 0x02, octets: 0x04, sequence: 0x30 } as const;

/**
 * The fourth element of OpenSSL's SSL_SESSION: two versions and a cipher suite stand in front of it. Node writes a head
 * before that, with the name of the server, whose length is its last byte.
 */
function readSessionId(bytes: Buffer | undefined): string {
  const session = bytes?.[0] === 0 ? bytes.subarray(headBytes + (bytes[headBytes - 1] ?? 0)) : bytes;
  if (session?.[0] !== tag.sequence) return '';
  const lengthByte = session[1] ?? 0;
  let at = lengthByte < 0x80 ? 2 : 2 + (lengthByte & 0x7f);
  for (const expected of [tag.integer, tag.integer, tag.octets]) {
    if (session[at] !== expected) return '';
    at += 2 + (session[at + 1] ?? 0);
  }
  if (session[at] !== tag.octets) return '';
  return session.toString('hex', at + 2, at + 2 + (session[at + 1] ?? 0));
}
