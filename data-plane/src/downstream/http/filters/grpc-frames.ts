/** A flag byte and a length of four bytes, before every message (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const framePrefixBytes = 5;

/** The frame of one message: `flags` as the protocol has them, 0 for a plain message. */
export function buildFrame(flags: number, message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(framePrefixBytes + message.length);
  frame[0] = flags;
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, framePrefixBytes);
  return frame;
}

/**
 * Follows the messages of a body whose chunks end anywhere. Looks at prefixes only and keeps nothing of what it saw.
 * Every sequence of bytes is some sequence of frames, so there is nothing to refuse.
 */
export class GrpcFrames {
  /** Messages whose first byte came. */
  startedCount = 0;
  /** Of the message that began last. */
  flags = 0;
  /** Where the content of what was read last begins in its chunk. */
  contentAt = 0;
  /** Bytes of the current prefix; all of them: the message follows. */
  #prefixBytes = 0;
  /** Length of the current message as far as it was read; then what is missing of it. */
  #restBytes = 0;

  /** Nothing of a message is missing. */
  get isBetween(): boolean {
    return this.#prefixBytes === 0;
  }

  /** Reads from `at` to the end of the current message or of the chunk; returns where it stopped, behind `at`. */
  advance(chunk: Buffer, at: number): number {
    let next = at;
    while (this.#prefixBytes < framePrefixBytes) {
      this.contentAt = next;
      const byte = chunk[next];
      if (byte === undefined) return next;
      next++;
      if (this.#prefixBytes++ > 0) {
        this.#restBytes = this.#restBytes * 256 + byte;
      } else {
        this.startedCount++;
        this.flags = byte;
      }
    }
    this.contentAt = next;
    const taken = Math.min(this.#restBytes, chunk.length - next);
    this.#restBytes -= taken;
    if (this.#restBytes === 0) this.#prefixBytes = 0;
    return next + taken;
  }

  /** Reads all of the chunk; returns how many messages began in it. */
  count(chunk: Buffer): number {
    const before = this.startedCount;
    for (let at = 0; at < chunk.length;) at = this.advance(chunk, at);
    return this.startedCount - before;
  }
}
