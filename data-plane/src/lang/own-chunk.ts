/**
 * A chunk that was lent, for keeping. A piece that is small beside the memory it stands in is copied, so that ten
 * bytes do not hold 64 KiB.
 */
export function ownChunk(chunk: Buffer): Buffer {
  return chunk.length * 4 < chunk.buffer.byteLength ? Buffer.from(chunk) : chunk;
}
