import { createHash, hkdfSync } from 'node:crypto';
import type { DownstreamTls, TlsCertificate } from '../../config/model/tls.ts';

export const ticketSecretBytes = 32;
/** Name, HMAC key and AES key, as Node takes them. */
const ticketKeyBytes = 48;

export interface SessionTickets {
  /** What a session can be resumed in. */
  readonly sessionIdContext: string;
  readonly ticketKeys: Buffer;
}

/**
 * Whoever has the same secret and asks the same of clients can resume the sessions of the others: all workers of a
 * process, and with configured keys all processes. A session carries the verdict on its client's certificate, so one
 * that was made where other authorities are trusted must not even be decrypted here: the key is derived from the secret
 * and from everything that the verdict depends on. Certificates count by their names: tickets outlive a new key.
 *
 * `secret` is that of the process, for where no keys are configured. Of those the first is taken; Node has no place for
 * more, so that after a rotation old tickets cost a full handshake.
 */
export function deriveSessionTickets(
  { validation, requireClientCertificate, sessionTicketKeysBase64 }: DownstreamTls,
  chosen: readonly TlsCertificate[],
  secret: Buffer,
): SessionTickets {
  const names = chosen.map(({ keyType, serverNames }) => [keyType, serverNames]);
  const asked = JSON.stringify([validation ?? null, requireClientCertificate, names]);
  const context = createHash('sha256').update(asked).digest();
  const [configured] = sessionTicketKeysBase64 ?? [];
  const source = configured === undefined ? secret : Buffer.from(configured, 'base64');
  const key = hkdfSync('sha256', source, Buffer.alloc(0), context, ticketKeyBytes);
  // Of at most 32 characters.
  return { sessionIdContext: context.toString('hex').slice(0, 32), ticketKeys: Buffer.from(key) };
}
