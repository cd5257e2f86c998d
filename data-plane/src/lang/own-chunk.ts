/** A chunk that was lent, for keeping: a copy, since the next read goes into the same memory. */
export function ownChunk(chunk: Buffer): Buffer {
  return Buffer.from(chunk);
}
