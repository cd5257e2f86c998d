import { createHash } from 'node:crypto';

/**
 * Version of a content: equal bytes, equal version, on every machine. 16 hex digits of SHA-256 (64 bits: a
 * collision among a million versions of one resource has a probability of about 3 in 10^8).
 */
export function contentHash(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    // The length in front keeps ('ab', 'c') and ('a', 'bc') apart.
    hash.update(`${part.length}:`);
    hash.update(part);
  }
  return hash.digest('hex').slice(0, 16);
}
